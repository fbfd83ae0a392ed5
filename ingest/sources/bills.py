"""What the cloud bills share: rows as the file states them, columns found by any of their names.

Only wanted columns are read, a batch at a time, so a bill may be wider and larger than memory.
Column names are compared without case, blanks and punctuation: ``BillingCurrency``,
``billingCurrency`` and ``billing_currency`` are one. Empty cells and the text ``NULL`` are absent.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.errors import InputError
from ingest.exports import values
from ingest.exports.pages import exact_json, read_documents
from ingest.exports.records import InputFile, Line, Record, Refused
from ingest.exports.rows import Row, read_table, refused
from ingest.exports.values import BadField

EXACT = Context(prec=76)
_BATCH_ROWS = 4096
_PEEKED_ROWS = 500
_NULLS = frozenset({"", "NULL", "null"})

Columns = tuple[tuple[str, ...], ...]


class Cells:
    """One row's cells; every method takes the names a column may have, the preferred first."""

    __slots__ = ("found",)

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.found = found

    def raw(self, *names: str) -> Any:
        """The cell as it is, None where no column gives one."""
        for name in names:
            if (value := self.found.get(plain(name))) is not None:
                return value
        return None

    def text(self, *names: str) -> str | None:
        """A label, None where it is not given."""
        value = self.raw(*names)
        if value is None or isinstance(value, str):
            return (value or "").strip() or None
        return values.text({names[0]: value}, names[0])

    def required_text(self, *names: str) -> str:
        """A label that must be given."""
        return values.required_text({names[0]: self.raw(*names)}, names[0])

    def number(self, *names: str) -> Decimal | None:
        """An exact number, None where it is not given."""
        value = self.raw(*names)
        return None if value is None else values.amount({names[0]: value}, names[0])

    def required_number(self, *names: str) -> Decimal:
        """An exact number that must be given."""
        return values.required_amount({names[0]: self.raw(*names)}, names[0])

    def instant(self, *names: str) -> dt.datetime:
        """An instant that must be given; one without a zone is UTC."""
        return values.instant({names[0]: self.raw(*names)}, names[0])

    def currency(self, *names: str) -> str:
        """An ISO currency that must be given: credits and tokens are none."""
        return values.currency({names[0]: self.raw(*names)}, names[0])

    def period(self, start: str, end: str) -> tuple[dt.datetime, dt.datetime]:
        """Start and exclusive end; a line that states one instant lasts a second."""
        first, last = self.instant(start), self.instant(end)
        if last < first:
            raise BadField("bad_timestamp", end, self.raw(end))
        return first, max(last, first + dt.timedelta(seconds=1))

    def labels(self, *names: str) -> dict[str, Any]:
        """Labels as a flat map; empty where none are given."""
        return labels_of(names[0], self.raw(*names))


def lines_of(
    rows: Iterator[Row | Refused], to_line: Callable[[Row, Cells], Line]
) -> Iterator[Record]:
    """Each row as its line, or as refused with the field at fault."""
    for row in rows:
        if isinstance(row, Refused):
            yield row
        elif row.cells is None:
            yield refused(row, BadField("malformed_row", "", row.raw_text[:200]))
        else:
            try:
                yield to_line(row, Cells(row.cells))
            except BadField as error:
                yield refused(row, error)


def bill_rows(
    file: InputFile,
    *,
    required: Columns,
    is_wanted: Callable[[str], bool],
    canonical: Callable[[str], str] | None = None,
) -> tuple[set[str], Iterator[Row | Refused]]:
    """The columns a bill has and its rows, under canonical names, without unwanted columns.

    Args:
        file: CSV, Parquet or JSON.
        required: columns that must be there, each under one of its names.
        is_wanted: whether a canonical column is read.
        canonical: how column names are compared; ``plain`` by default.

    Raises:
        InputError: the file cannot be read, or lacks required columns.
    """
    readers = {"csv": _csv_rows, "parquet": _parquet_rows, "lines": _json_rows}
    canonical = canonical or plain
    columns, rows = readers[file.format](file, canonical, is_wanted)
    missing = [names[0] for names in required if not columns & set(map(canonical, names))]
    if missing:
        raise InputError(
            str(file.path),
            f"required columns are missing: {', '.join(missing)}",
            "Export it with these columns, or give the source it is from",
        )
    return columns, rows


def labels_of(name: str, value: Any) -> dict[str, Any]:
    """Labels as a flat map: from a map, its JSON text, or a list of ``{key, value}``.

    Raises:
        BadField: text that is no JSON.
    """
    if isinstance(value, str):
        stated = value.strip().rstrip(",")
        # older Azure exports leave the braces away
        value = parsed(name, "{" + stated + "}" if stated[:1] == '"' else stated)
    if isinstance(value, list):
        value = {item.get("key"): item.get("value") for item in value if isinstance(item, Mapping)}
    if not isinstance(value, Mapping):
        return {}
    return {
        str(key): label
        for key, label in value.items()
        if key and isinstance(label, (str, int, bool, Decimal)) and label != ""
    }


def parsed(name: str, stated: str) -> Any:
    """JSON text of a cell.

    Raises:
        BadField: it is none.
    """
    try:
        return exact_json(stated)
    except ValueError:
        raise BadField("malformed_json", name, stated) from None


@lru_cache(maxsize=10_000)
def plain(name: str) -> str:
    """A column name without case, blanks and punctuation."""
    return re.sub(r"[^0-9a-z]+", "", name.lower())


_Rows = tuple[set[str], Iterator[Row | Refused]]


def _csv_rows(
    file: InputFile, canonical: Callable[[str], str], is_wanted: Callable[[str], bool]
) -> _Rows:
    header, read = read_table(file)
    names = {name: canonical(name) for name in header if is_wanted(canonical(name))}

    def rows() -> Iterator[Row]:
        for row in read:
            if row.cells is None:
                yield row
                continue
            cells = row.cells
            pairs = ((plain_name, cells[name]) for name, plain_name in names.items())
            found = {name: value for name, value in pairs if value.strip() not in _NULLS}
            yield Row(row.number, row.line, found)

    return set(map(canonical, header)), rows()


def _parquet_rows(
    file: InputFile, canonical: Callable[[str], str], is_wanted: Callable[[str], bool]
) -> _Rows:
    try:
        parquet = pq.ParquetFile(file.path)
    except (pa.ArrowException, OSError) as error:
        raise _bad_parquet(file, error) from error
    header = parquet.schema_arrow.names
    names = {name: canonical(name) for name in header if is_wanted(canonical(name))}

    def rows() -> Iterator[Row]:
        number = 0
        try:
            for batch in parquet.iter_batches(batch_size=_BATCH_ROWS, columns=list(names)):
                for record in _microseconds(batch).to_pylist(maps_as_pydicts="lossy"):
                    number += 1
                    pairs = ((names[name], value) for name, value in record.items())
                    yield Row(number, number, _given(pairs))
        except (pa.ArrowException, OSError) as error:
            raise _bad_parquet(file, error) from error

    return set(map(canonical, header)), rows()


def _given(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {
        name: value
        for name, value in pairs
        if value is not None and not (isinstance(value, str) and value.strip() in _NULLS)
    }


def _microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Nanosecond timestamps as microseconds, which is what Python has."""
    fields = [
        field.with_type(pa.timestamp("us", field.type.tz))
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns"
        else field
        for field in batch.schema
    ]
    return batch.cast(pa.schema(fields), safe=False)


def _bad_parquet(file: InputFile, error: Exception) -> InputError:
    return InputError(str(file.path), f"not a readable Parquet file ({error})", "Export it again")


def _json_rows(
    file: InputFile, canonical: Callable[[str], str], is_wanted: Callable[[str], bool]
) -> _Rows:
    """JSON leaves out what is NULL, so the columns are those of the first few hundred rows."""

    def rows() -> Iterator[Row | Refused]:
        for number, (line, document) in enumerate(read_documents(file), start=1):
            if isinstance(document, Refused):
                yield Refused(
                    source_line=document.source_line,
                    row_number=number,
                    reason=document.reason,
                    raw_text=document.raw_text,
                )
                continue
            pairs = ((canonical(name), value) for name, value in document.items())
            yield Row(number, line, _given(pairs))

    stream = rows()
    peeked = list(itertools.islice(stream, _PEEKED_ROWS))
    columns = {name for row in peeked if isinstance(row, Row) for name in row.cells or ()}

    def narrowed() -> Iterator[Row | Refused]:
        for row in itertools.chain(peeked, stream):
            if isinstance(row, Row) and row.cells is not None:
                found = {name: value for name, value in row.cells.items() if is_wanted(name)}
                yield Row(row.number, row.line, found)
            else:
                yield row

    return columns, narrowed()
