"""Reports as CSV files: what finance opens in a spreadsheet.

Data flow: warehouse schema ``reports`` -> data/reports/<report>.csv

A file is written beside its place and renamed, so nobody reads half a report. Rows are in the
order of the report's columns, so two exports of the same data are the same bytes. Amounts are
written with all their decimals and no exponent; NULL is an empty cell. A text that a spreadsheet
would run as a formula is prefixed with an apostrophe.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
ROWS_AT_ONCE = 10_000


class MissingWarehouseError(Exception):
    """Nothing has been built that could be written out."""


def write_reports(warehouse: Path, folder: Path) -> dict[Path, int]:
    """Writes every report.

    Args:
        warehouse: the warehouse file; opened read-only.
        folder: where the CSV files go.

    Returns:
        Each file with its number of rows.

    Raises:
        MissingWarehouseError: the warehouse is not there.
    """
    if not warehouse.exists():
        raise MissingWarehouseError(f"{warehouse} is not there yet; `make build` makes it")
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        names = connection.execute(
            "select table_name from information_schema.tables "
            "where table_schema = 'reports' and table_name like 'rpt_%' order by table_name"
        ).fetchall()
        return dict(_write(connection, name, folder / f"{name}.csv") for (name,) in names)


def _write(connection: duckdb.DuckDBPyConnection, report: str, file: Path) -> tuple[Path, int]:
    result = connection.execute(f'select * from reports."{report}" order by all')
    header = [column[0] for column in result.description or []]
    draft = file.with_suffix(".csv.tmp")
    row_count = 0
    with draft.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        for row in _rows(result):
            writer.writerow([cell_text(value) for value in row])
            row_count += 1
    draft.replace(file)
    return file, row_count


def _rows(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := result.fetchmany(ROWS_AT_ONCE):
        yield from rows


def cell_text(value: Any) -> str:
    """A value as a cell: plain, exact, and harmless in a spreadsheet."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)
