"""Files as batches of text fields, whatever they are: lines, documents, CSV, Parquet.

Lines are handed to DuckDB as they are; those that are no plain object of ours, and the rows of
all other files, are opened one by one. A batch holds about ``BATCH_BYTES`` or ``BATCH_ROWS``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from ingest.arrays import text_array
from ingest.events.fields import EventSource
from ingest.events.opened import Cells, canonical, is_nested, opened
from ingest.events.parse import CARRIED, objects_sql
from ingest.exports.pages import exact_json, read_documents
from ingest.exports.records import Refused
from ingest.exports.rows import Row, raw_text, read_table
from ingest.inputs import InputFile, clean_lines, line_chunks, open_bytes, read_block
from ingest.sources import Rejected

BATCH_BYTES = 32 * 1024 * 1024
BATCH_ROWS = 20_000


@dataclass(frozen=True)
class Opened:
    """One row that Python made: where it was, what it says, and its source's own text."""

    source_line: int
    cells: Cells | Rejected
    origin: Any


class Reader:
    """Reads files into the view ``fields``, a batch at a time.

    Args:
        con: the landing's connection.
        source: what the rows hold.
        batch_bytes: size of a batch of lines; smaller in tests.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, source: EventSource, batch_bytes: int = BATCH_BYTES
    ) -> None:
        self.con = con
        self.source = source
        self.batch_bytes = batch_bytes
        names = [*CARRIED, *(field.name for field in source.fields)]
        self.schema = pa.schema(
            [(n, pa.int64() if n in ("row_no", "source_line") else pa.string()) for n in names]
        )
        self._lines: pa.Array = pa.array([], pa.string())
        self._rows: list[Opened] = []

    def batches(self, file: InputFile) -> Iterator[None]:
        """Make ``fields`` of every batch in turn.

        Raises:
            InputError: the file as a whole is not what its name says.
        """
        if file.format != "parquet" and _is_empty(file):
            return
        if file.format != "lines":
            yield from self._of_rows(self._table_rows(file))
        elif _is_one_document(file):
            yield from self._of_rows(self._documents(file))
        else:
            yield from self._of_lines(file)

    def origin(self, row_no: int) -> str:
        """The text of a row of the batch, for the quarantine."""
        if row_no < len(self._lines):
            return str(self._lines[row_no].as_py())
        origin = self._rows[row_no - len(self._lines)].origin
        if isinstance(origin, Row):
            return raw_text(origin.cells, origin.raw_text)
        return origin if isinstance(origin, str) else _json_text(origin)

    def _of_lines(self, file: InputFile) -> Iterator[None]:
        first_line = 1
        for raw in line_chunks(file, self.batch_bytes):
            block, count = clean_lines(raw)
            text = pa.array([block.removesuffix(b"\n").decode()], pa.large_string())
            self._lines = pc.split_pattern(text, "\n")[0].values
            self._rows = []
            self._parse_lines(first_line)
            first_line += count
            yield

    def _parse_lines(self, first_line: int) -> None:
        """Make ``fields`` from lines, those put aside opened in Python."""
        run = self.con.execute
        numbers = pc.cumulative_sum(pa.repeat(pa.scalar(1, pa.int64()), len(self._lines)))
        self.con.register("lines_now", pa.table({"number": numbers, "line": self._lines}))
        run(
            f"""
            create or replace temp view lines as
            select number - 1 as row_no, number + {first_line - 1} as source_line, line
            from lines_now
            where line <> '' and (line[1] = '{{' or trim(line, ' \t') <> '')
            """
        )
        found = run(
            "select distinct unnest(json_keys(line)) from lines where json_valid(line)"
        ).fetchall()
        objects = objects_sql(self.source, "lines", [key for (key,) in found])
        run(f"create or replace temp table objects as {objects}")
        put_aside = run(
            "select source_line, line from lines"
            " where row_no in (select row_no from objects where is_opened) order by row_no"
        ).fetchall()
        self.con.unregister("lines_now")
        self._rows = [row for line, text in put_aside for row in self._opened_line(line, text)]
        self._append("objects", "not is_opened")

    def _opened_line(self, number: int, line: str) -> Iterator[Opened]:
        try:
            document = exact_json(line)
        except ValueError:
            yield Opened(number, Rejected("malformed_json"), line)
            return
        for cells, part in opened(self.source, document):
            yield Opened(number, cells, line if part is document else part)

    def _of_rows(self, rows: Iterable[Opened]) -> Iterator[None]:
        rows = iter(rows)
        self._lines = pa.array([], pa.string())
        while batch := list(islice(rows, BATCH_ROWS)):
            self._rows = batch
            self._append()
            yield

    def _append(self, others: str = "", condition: str = "") -> None:
        """Make ``fields``: the rows that Python made, after others."""
        columns = ", ".join(self.schema.names)
        rest = f"select {columns} from {others} where {condition}" if others else ""
        if not self._rows:
            self.con.execute(f"create or replace temp view fields as {rest}")
            return
        first = len(self._lines)
        values_of: dict[str, list[Any]] = {name: [] for name in self.schema.names}
        for number, row in enumerate(self._rows, start=first):
            cells = row.cells
            said: dict[str, Any] = {"row_no": number, "source_line": row.source_line}
            if isinstance(cells, Rejected):
                value = None if cells.value is None else str(cells.value)
                said |= {"_reject": cells.reason, "_field": cells.field, "_value": value}
            else:
                said |= cells
            for name, values in values_of.items():
                values.append(said.get(name))
        table = pa.table(
            [text_array(values_of[field.name], field.type) for field in self.schema],
            schema=self.schema,
        )
        self.con.register("opened_now", table)
        self.con.execute("create or replace temp table opened_rows as select * from opened_now")
        self.con.unregister("opened_now")
        made = "select * from opened_rows"
        self.con.execute(
            "create or replace temp view fields as "
            + (f"{rest} union all by name {made}" if rest else made)
        )

    def _table_rows(self, file: InputFile) -> Iterator[Opened]:
        _, rows = read_table(file)
        for row in rows:
            if row.is_blank:
                continue
            if row.cells is None:
                value = row.raw_text[:200]
                yield Opened(row.line, Rejected("malformed_row", value=value), row)
                continue
            if is_nested(row.cells):
                for cells, _ in opened(self.source, row.cells):
                    yield Opened(row.line, cells, row)
            else:
                yield Opened(row.line, canonical(self.source, row.cells), row)

    def _documents(self, file: InputFile) -> Iterator[Opened]:
        for line, document in read_documents(file):
            if isinstance(document, Refused):
                yield Opened(line, Rejected(document.reason), document.raw_text)
                continue
            for cells, part in opened(self.source, document):
                yield Opened(line, cells, part)


def _is_empty(file: InputFile) -> bool:
    """Whether a file says that nothing happened: no byte, or an empty array."""
    with open_bytes(file) as stream:
        return read_block(file, stream.read, 64).strip(b"\xef\xbb\xbf \t\r\n") in (b"", b"[]")


def _is_one_document(file: InputFile) -> bool:
    """Whether a file is one JSON document over several lines: its first line is none."""
    with open_bytes(file) as stream:
        head = read_block(file, stream.read, 1 << 16).lstrip(b"\xef\xbb\xbf \t\r\n")
    first, newline, rest = head.partition(b"\n")
    if first[:1] == b"[":
        return True
    if first[:1] != b"{" or not newline:
        return False
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        return first.strip() == b"{" or rest[:1] in (b" ", b"\t", b"}")
    return False


def _json_text(document: Any) -> str:
    return orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
