"""Records of one delivery, in batches, into tables of the landing's work database.

``staged`` holds the lines, ``refused`` the rows for quarantine, ``empties`` the buckets stated
empty. Memory holds one batch. What must not land is dropped here: fields that name people from
tags, e-mails, user ids and keys from every text.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import duckdb
import pyarrow as pa

from ingest.arrays import text_array
from ingest.exports.people import clean, cleaned_sql, names_people
from ingest.exports.records import EmptyBucket, Invoiced, Line, Note, Record, Refused
from ingest.schemas import QUARANTINE, Table

BATCH_LINES = 10_000
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_WORK = (
    ("family", "varchar"),
    ("file_no", "integer"),
    ("row_number", "bigint"),
    ("arrival", "bigint"),
)
_FILLED = {"line_id", "line_index", "is_current", "bucket_key", "landing_id", "landed_at"}


class TooLarge(ValueError):
    """A number with more digits before the point than the lake keeps."""


class Stage:
    """The work tables of one delivery.

    Args:
        con: the landing's connection.
        table: the raw table the records are for.
        source: name of the source, kept on every row.
        account: what a line that names no billing account belongs to, or None.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, table: Table, source: str, account: str | None
    ) -> None:
        self.con = con
        self.table = table
        self.source = source
        self.account = account
        self.columns = [(n, kind) for n, kind in table.columns if n not in _FILLED] + list(_WORK)
        self.scales = {n: 12 if "12" in k else 18 for n, k in self.columns if k.startswith("deci")}
        shape = Table("staged", tuple(self.columns))
        self.schema = shape.arrow
        self.notes: dict[str, None] = {}
        self.rounded = 0
        self.arrival = 0
        self._lines: list[dict[str, Any]] = []
        self._refused: list[tuple[int, Refused]] = []
        con.execute(f"create or replace table staged ({shape.ddl()})")
        con.execute(
            f"create or replace table refused ({QUARANTINE.ddl()}, file_no int, row_number bigint)"
        )
        con.execute(
            "create or replace table empties (family varchar, issuer varchar, account varchar,"
            " event_date date, file_no integer)"
        )

    def add(self, record: Record, file_no: int, file_name: str) -> None:
        """Take one record."""
        match record:
            case Note():
                self.notes[record.text] = None
            case Refused():
                self._refused.append((file_no, record))
            case EmptyBucket():
                self._add_empty(record, file_no)
            case Line() | Invoiced():
                try:
                    self._lines.append(self._cells(record, file_no, file_name))
                except TooLarge as error:
                    self._refused.append((file_no, _too_large(record, error)))
        if len(self._lines) >= BATCH_LINES or len(self._refused) >= BATCH_LINES:
            self.flush()

    def _cells(self, record: Line | Invoiced, file_no: int, file_name: str) -> dict[str, Any]:
        cells: dict[str, Any] = {n: getattr(record, n, None) for n, _ in self.columns}
        for name, scale in self.scales.items():
            if cells[name] is not None:
                cells[name] = self._scaled(name, cells[name], scale)
        if isinstance(record, Line):
            cells["event_date"] = record.period_start_at.astimezone(dt.UTC).date()
            cells["family"] = record.family or record.dataset
            cells["tags"] = tags_text(record.tags)
            cells["source"] = self.source
        else:
            cells["event_date"] = record.period_start_on
            cells["family"] = "invoice"
        if not cells["billing_account_id"]:
            cells["billing_account_id"] = self.account
        self.arrival += 1
        return cells | {"source_file": file_name, "file_no": file_no, "arrival": self.arrival}

    def _scaled(self, name: str, value: Decimal, scale: int) -> Decimal:
        """The number with the lake's decimals; half-even where it has more."""
        if value.adjusted() > 37 - scale:
            raise TooLarge(name)
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent >= -scale:
            return value
        scaled = value.quantize(Decimal(1).scaleb(-scale), context=_EXACT)
        self.rounded += scaled != value
        return scaled

    def _add_empty(self, record: EmptyBucket, file_no: int) -> None:
        day = record.period_start_at.astimezone(dt.UTC).date()
        account = record.billing_account_id or self.account
        family = record.family or record.dataset
        self.con.execute(
            "insert into empties values (?, ?, ?, ?, ?)",
            [family, record.issuer, account, day, file_no],
        )

    def flush(self) -> None:
        """Write what is in memory to the work tables."""
        if self._lines:
            arrays = [
                text_array([cells[field.name] for cells in self._lines], field.type)
                for field in self.schema
            ]
            batch = pa.table(arrays, schema=self.schema)
            self._insert(batch)
            self._lines = []
        if self._refused:
            self._insert_refused()
            self._refused = []

    def _insert(self, batch: pa.Table) -> None:
        columns = ", ".join(
            f'{cleaned_sql(name)} as "{name}"' if kind == "varchar" else f'"{name}"'
            for name, kind in self.columns
        )
        self.con.register("batch", batch)
        self.con.execute(f"insert into staged select {columns} from batch")
        self.con.unregister("batch")

    def _insert_refused(self) -> None:
        said = [
            {
                "file_no": file_no,
                "row_number": record.row_number,
                "source_line": record.source_line,
                "reason": record.reason,
                "field": record.field or None,
                "value": None if record.value is None else clean(record.value),
                "raw_text": _clean_raw(record.raw_text),
            }
            for file_no, record in self._refused
        ]
        arrays = [text_array([row[field.name] for row in said], field.type) for field in _REFUSALS]
        self.con.register("refusals", pa.table(arrays, schema=_REFUSALS))
        self.con.execute(
            "insert into refused by name select *, $source as source from refusals",
            {"source": self.source},
        )
        self.con.unregister("refusals")

    def finish(self) -> None:
        """The last batch; a row with any refusal is refused whole, and once."""
        self.flush()
        run = self.con.execute
        run(
            """
            delete from staged
            where (file_no, row_number) in (select file_no, row_number from refused)
            """
        )
        run(
            """
            delete from refused
            where rowid not in (select min(rowid) from refused group by file_no, row_number)
            """
        )


_REFUSALS = pa.schema(
    [("file_no", pa.int32()), ("row_number", pa.int64()), ("source_line", pa.int64())]
    + [(name, pa.string()) for name in ("reason", "field", "value", "raw_text")]
)


def tags_text(tags: Mapping[str, Any] | None) -> str | None:
    """Scalar labels as JSON text with sorted keys; labels that name people are dropped."""
    kept = {
        str(key): format(value, "f") if isinstance(value, Decimal) else value
        for key, value in (tags or {}).items()
        if isinstance(value, (str, int, float, bool, Decimal)) and not names_people(str(key))
    }
    return json.dumps(kept, sort_keys=True, ensure_ascii=False) if kept else None


def _clean_raw(text: str) -> str:
    """A raw row without people: by field where it is a JSON object, by pattern anyway."""
    if text[:1] == "{":
        try:
            cells = json.loads(text, parse_float=str)
        except ValueError:
            return clean(text)
        kept = {key: value for key, value in cells.items() if not names_people(str(key))}
        if len(kept) < len(cells):
            text = json.dumps(kept, ensure_ascii=False)
    return clean(text)


def _too_large(record: Line | Invoiced, error: TooLarge) -> Refused:
    field = str(error)
    value = str(getattr(record, field))
    return Refused(
        source_line=record.source_line,
        row_number=record.row_number,
        reason="bad_amount",
        field=field,
        value=value,
        raw_text=json.dumps({field: value}),
    )
