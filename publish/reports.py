"""Reports as CSV files: what finance opens in a spreadsheet.

Data flow: warehouse schema ``reports`` -> data/reports/<report>.csv

A file is written beside its place and renamed, so nobody reads half a report. Rows are in the
order of the report's columns, so two exports of the same data are the same bytes. Amounts are
written with all their decimals and no exponent; NULL is an empty cell. A text that a spreadsheet
would run as a formula is prefixed with an apostrophe.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from ingest.store import LOCAL_DATA, Location, allow_reads
from publish.csv_files import cell_text, write_rows
from publish.errors import PublishError

__all__ = ["MissingWarehouseError", "cell_text", "write_reports"]

ROWS_AT_ONCE = 10_000


class MissingWarehouseError(PublishError):
    """Nothing has been built that could be written out."""


def write_reports(warehouse: Path, folder: Path, *, lake: Location = LOCAL_DATA) -> dict[Path, int]:
    """Writes every report.

    Args:
        warehouse: the warehouse file; opened read-only.
        folder: where the CSV files go.
        lake: where what the warehouse shows as views is.

    Returns:
        Each file with its number of rows.

    Raises:
        MissingWarehouseError: the warehouse is not there.
    """
    if not warehouse.exists():
        raise MissingWarehouseError(f"{warehouse} is not there yet; `make build` makes it")
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        allow_reads(connection, lake)
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
    with draft.open("w", newline="", encoding="utf-8") as stream:
        row_count = write_rows(stream, header, _rows(result))
    draft.replace(file)
    return file, row_count


def _rows(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := result.fetchmany(ROWS_AT_ONCE):
        yield from rows
