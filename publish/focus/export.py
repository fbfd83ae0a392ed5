"""Writes the FOCUS files of a month.

Data flow: warehouse.duckdb (read only) -> data/focus/<version>/<month>/<dataset>.{parquet,csv}

BilledCost is the invoice's view and sums to the invoice, InvoiceId by InvoiceId; EffectiveCost is
the accrual view (prepaid credits: see seeds/finance/allocation_rules.csv). What waits for its
invoice has no InvoiceId. Tokens are a unit, never a currency.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from ingest.store import LOCAL_DATA, Location
from publish.close.inputs import first_day, last_day, open_warehouse, prepare_ledger
from publish.csv_files import write_rows
from publish.errors import PublishError
from publish.focus.columns import BILLING_PERIOD, COST_AND_USAGE, INVOICE_DETAIL

SQL = Path(__file__).with_name("sql")
VERSIONS = tuple(COST_AND_USAGE)
ROWS_AT_ONCE = 10_000


def invoiced_months(warehouse: Path, lake: Location = LOCAL_DATA) -> list[str]:
    """Every month the bridge knows."""
    with open_warehouse(warehouse, lake) as connection:
        rows = connection.execute(
            "select distinct billing_month from marts.fct_invoice_bridge_monthly order by 1"
        ).fetchall()
    return [row[0] for row in rows]


def export_focus(
    data: Path, month: str, versions: Sequence[str], lake: Location = LOCAL_DATA
) -> dict[Path, int]:
    """Writes the datasets of a month.

    Args:
        data: folder of the warehouse and of focus/.
        month: the month, as 2026-10.
        versions: FOCUS versions to write.
        lake: where what the warehouse shows as views is.

    Returns:
        Each file with its rows.

    Raises:
        PublishError: nothing is known of the month, or the warehouse cannot be used.
    """
    written: dict[Path, int] = {}
    with open_warehouse(data / "warehouse.duckdb", lake) as connection:
        prepare_ledger(connection, month)
        _prepare(connection, month)
        found = connection.execute("select count(*) from focus_rows").fetchone()
        if not found or not found[0]:
            raise PublishError(f"--month {month}: neither usage nor an invoice is known of it")
        for version in versions:
            written |= _write_version(connection, data / "focus" / version / month, version, month)
    return written


def _prepare(connection: duckdb.DuckDBPyConnection, month: str) -> None:
    values = {"first_day": first_day(month), "last_day": last_day(month)}
    connection.execute(_sql("charges"), {"month": month})
    connection.execute(_sql("rows"), values)


def _write_version(
    connection: duckdb.DuckDBPyConnection, folder: Path, version: str, month: str
) -> dict[Path, int]:
    """Writes beside the place and renames: nobody reads half an export."""
    draft = folder.with_name(f".{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    charges = "select * from focus_rows where InvoiceId is "
    columns = COST_AND_USAGE[version]
    datasets: dict[str, tuple[Sequence[str], str, dict[str, Any]]]
    if version == "1.2":
        # The validator takes a file with an InvoiceId on every row or on none.
        datasets = {"cost_and_usage": (columns, charges + "not null", {})}
        waiting = connection.execute(f"select count(*) from ({charges} null)").fetchone()
        if waiting and waiting[0]:
            datasets["cost_and_usage_not_invoiced"] = (columns, charges + "null", {})
    else:
        datasets = {"cost_and_usage": (columns, "select * from focus_rows", {})}
        start: dict[str, Any] = {"first_day": first_day(month)}
        datasets |= {
            "invoice_detail": (INVOICE_DETAIL, _sql("invoice_detail"), {}),
            "billing_period": (BILLING_PERIOD, _sql("billing_period"), start),
        }
    counts = {
        name: _write(connection, draft / name, columns, statement, values)
        for name, (columns, statement, values) in datasets.items()
    }
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return {
        folder / f"{name}.{kind}": rows
        for name, rows in counts.items()
        for kind in ("parquet", "csv")
    }


def _write(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    columns: Sequence[str],
    statement: str,
    values: dict[str, Any],
) -> int:
    listed = ", ".join(f'"{name}"' for name in columns)
    connection.execute(
        f"create or replace temporary table focus_file as {statement}", values or None
    )
    target = str(file.with_suffix(".parquet")).replace("'", "''")
    connection.execute(
        f"copy (select {listed} from focus_file order by rowid) to '{target}' "
        "(format parquet, compression zstd)"
    )
    result = connection.execute(f"select {listed} from focus_file order by rowid")
    with file.with_suffix(".csv").open("w", newline="", encoding="utf-8") as stream:
        return write_rows(stream, columns, _rows(result))


def _rows(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := result.fetchmany(ROWS_AT_ONCE):
        yield from rows


def _sql(name: str) -> str:
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")
