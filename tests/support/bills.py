"""Small bills as files, and adapters run on them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.exports.records import InputFile, Line, Record, Refused
from ingest.inputs import recognise

Read = Callable[[InputFile], Iterator[Record]]


def csv_file(path: Path, rows: Sequence[Mapping[str, Any]], bom: bool = False) -> Path:
    """A CSV with the columns of all rows; absent cells are empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8-sig" if bom else "utf-8") as out:
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def json_file(path: Path, rows: Sequence[Mapping[str, Any] | str]) -> Path:
    """One JSON object a line; texts as they are."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def parquet_file(path: Path, rows: Sequence[Mapping[str, Any]], schema: pa.Schema | None) -> Path:
    """A Parquet file; types inferred where no schema is given."""
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)
    return path


def records(read: Read, path: Path) -> list[Record]:
    """What an adapter makes of a file."""
    return list(read(recognise(path)))


def lines(read: Read, path: Path) -> list[Line]:
    """The same where every row must land."""
    found = records(read, path)
    assert all(isinstance(record, Line) for record in found), found
    return [record for record in found if isinstance(record, Line)]


def refused(read: Read, path: Path) -> list[tuple[int, str, str]]:
    """Row number, reason and field of the rows that cannot land."""
    return [
        (record.row_number, record.reason, record.field)
        for record in records(read, path)
        if isinstance(record, Refused)
    ]
