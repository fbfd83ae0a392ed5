"""Tables in files: CSV (BOM, quoted, header by name) and Parquet, row by row.

    header, rows = read_table(file)

Header names are lower case with underscores (``Prompt Tokens`` is ``prompt_tokens``). A row with
another number of cells than the header comes as a ``Row`` without cells.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.errors import InputError
from ingest.exports.people import clean, without_people
from ingest.exports.records import Record, Refused
from ingest.exports.values import BadField, is_missing
from ingest.inputs import DAMAGE, InputFile, open_bytes

csv.field_size_limit(16 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number, its line in the file, its cells by name; None where it is malformed."""

    number: int
    line: int
    cells: Mapping[str, Any] | None
    raw_text: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether no cell says anything."""
        return self.cells is not None and all(map(is_missing, self.cells.values()))


def read_table(file: InputFile) -> tuple[list[str], Iterator[Row]]:
    """The header of a CSV or Parquet file, and its rows.

    Raises:
        InputError: the file as a whole is not what its name says.
    """
    return _read_parquet(file) if file.format == "parquet" else _read_csv(file)


def plain_name(name: str) -> str:
    """A header name as adapters know it."""
    return "_".join(name.strip().strip("\ufeff").lower().replace("-", " ").split())


def _read_csv(file: InputFile) -> tuple[list[str], Iterator[Row]]:
    lines = _csv_lines(file)
    first = next(lines, None)
    if first is None:
        raise InputError(str(file.path), "the file is empty", "Export it again with its header")
    header = [plain_name(name) for name in first[1]]
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if doubled:
        raise InputError(
            str(file.path), f"the header names {doubled[0]} twice", "Keep one of the columns"
        )

    def rows() -> Iterator[Row]:
        for number, (line, cells) in enumerate(lines, start=1):
            if len(cells) == len(header):
                yield Row(number, line, dict(zip(header, cells, strict=True)))
            else:
                yield Row(number, line, None, ",".join(cells))

    return header, rows()


def _csv_lines(file: InputFile) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line they begin on; blank lines are none."""
    try:
        with open_bytes(file) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
            reader = csv.reader(text, strict=True)
            begins = 1
            for row in reader:
                if row:
                    yield begins, row
                begins = reader.line_num + 1
    except (UnicodeDecodeError, csv.Error, *DAMAGE) as error:
        raise InputError(
            str(file.path), f"not a readable CSV file ({error})", "Export it again as UTF-8"
        ) from error


def _read_parquet(file: InputFile) -> tuple[list[str], Iterator[Row]]:
    try:
        parquet = pq.ParquetFile(file.path)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(file, error) from error
    names = parquet.schema_arrow.names

    def rows() -> Iterator[Row]:
        number = 0
        try:
            for batch in parquet.iter_batches(batch_size=8_192):
                for record in batch.to_pylist(maps_as_pydicts="lossy"):
                    number += 1
                    cells = {plain_name(name): record[name] for name in names}
                    yield Row(number, number, cells)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(file, error) from error

    return [plain_name(name) for name in names], rows()


def _unreadable(file: InputFile, error: Exception) -> InputError:
    return InputError(str(file.path), f"not a readable Parquet file ({error})", "Export it again")


def raw_text(cells: Mapping[str, Any] | None, otherwise: str = "") -> str:
    """A row as text for the quarantine, without people."""
    if cells is None:
        return clean(otherwise)
    said = {name: value for name, value in cells.items() if not is_missing(value)}
    return clean(json.dumps(without_people(said), default=str, ensure_ascii=False))


def refused(row: Row, error: BadField) -> Refused:
    """The refusal of a row."""
    return Refused(
        source_line=row.line,
        row_number=row.number,
        reason=error.reason,
        field=error.field,
        value=error.value,
        raw_text=raw_text(row.cells, row.raw_text),
    )


def mapped(
    rows: Iterator[Row], of_row: Callable[[Row, Mapping[str, Any]], Sequence[Record]]
) -> Iterator[Record]:
    """Every row through an adapter's mapping; a ``BadField`` refuses the row whole."""
    for row in rows:
        if row.cells is None:
            yield refused(row, BadField("malformed_row", "", row.raw_text[:200]))
            continue
        try:
            yield from of_row(row, row.cells)
        except BadField as error:
            yield refused(row, error)
