"""What a close reads: the marts of one month, as plain rows.

Data flow: warehouse.duckdb (read only) -> temporary tables -> `Month`

`ledger_lines` is the ledger of the month at day x key x SKU x who used it. Its quantity is what
`fct_costs_hourly` counted; its cost is that of `int_metered_usage_daily`, SKU by SKU, shared by
quantity in whole picodollars, so that both sums are kept to the last digit.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from ingest.store import LOCAL_DATA, Location, allow_reads
from publish.errors import PublishError

NOT_INVOICED = "(not invoiced)"
NO_COST_CENTER = "(no cost center)"
REQUIRED = (
    ("marts", "fct_invoice_bridge_monthly"),
    ("marts", "fct_invoice_reconciliation_monthly"),
    ("marts", "fct_invoices_monthly"),
    ("marts", "fct_accruals_monthly"),
    ("marts", "fct_costs_hourly"),
    ("intermediate", "int_metered_usage_daily"),
    ("intermediate", "int_metered_keys_matched"),
    ("staging", "stg_invoices__invoice_lines"),
    ("seeds", "cost_centers"),
    ("seeds", "gl_accounts"),
    ("seeds", "allocation_rules"),
    ("seeds", "reconciliation_reviews"),
    ("seeds", "reconciliation_tolerances"),
)
POINTED = """
    create or replace temporary macro pointed(whole, places) as concat(
        case when whole < 0 then '-' else '' end,
        substr(
            lpad(abs(whole)::varchar, greatest(length(abs(whole)::varchar), places + 1)::int, '0'),
            1,
            greatest(length(abs(whole)::varchar), places + 1) - places
        ),
        '.',
        right(
            lpad(abs(whole)::varchar, greatest(length(abs(whole)::varchar), places + 1)::int, '0'),
            places
        )
    )
"""
"""A whole number as decimal text: no arithmetic, so nothing is rounded."""

SQL = Path(__file__).with_name("sql")


@dataclass(frozen=True)
class LedgerLine:
    """One month of a SKU, and who used it."""

    provider: str
    billing_account_id: str
    model: str
    meter: str
    service_tier: str
    cost_center: str
    project: str
    workload: str
    tenant: str
    quantity: Decimal
    cost_usd: Decimal


@dataclass(frozen=True)
class BridgeRow:
    """One cell of the invoice bridge."""

    provider: str
    billing_account_id: str
    invoice_id: str
    currency: str
    step: int
    component: str
    model: str
    meter: str
    service_tier: str
    cause: str
    quantity: Decimal | None
    unit: str | None
    amount: Decimal


@dataclass(frozen=True)
class Invoice:
    """An invoice of the month, with what booking it needs."""

    provider: str
    billing_account_id: str
    invoice_id: str
    currency: str
    total: Decimal
    status: str
    issued_on: dt.date | None
    due_on: dt.date | None
    functional_currency: str
    booked_rate: Decimal | None
    reference_invoice_id: str | None
    source_hash: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Provider, account, invoice, currency."""
        return (self.provider, self.billing_account_id, self.invoice_id, self.currency)


@dataclass(frozen=True)
class Month:
    """Everything the marts say of one month."""

    name: str
    ledger: Sequence[LedgerLine]
    bridge: Sequence[BridgeRow]
    invoices: Sequence[Invoice]


def first_day(month: str) -> dt.date:
    """The first day of a month.

    Raises:
        PublishError: the text is no month.
    """
    # one spelling only: it names the folder of the close
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise PublishError(f"--month {month}: write a month as 2026-10")
    return dt.date.fromisoformat(f"{month}-01")


def last_day(month: str) -> dt.date:
    """The last day of a month."""
    start = first_day(month)
    return start.replace(day=calendar.monthrange(start.year, start.month)[1])


@contextmanager
def open_warehouse(file: Path, lake: Location = LOCAL_DATA) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens the warehouse, read only, after looking that everything is there.

    Args:
        file: the warehouse.
        lake: where what the warehouse shows as views is.

    Raises:
        PublishError: it is not there, or not built with the models a close reads.
    """
    if not file.exists():
        raise PublishError(f"{file} is not there yet; `make build` makes it")
    with duckdb.connect(str(file), read_only=True) as connection:
        allow_reads(connection, lake)
        connection.execute("set timezone = 'UTC'")
        connection.execute(POINTED)
        there = set(
            connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall()
        )
        if missing := [
            f"{schema}.{name}" for schema, name in REQUIRED if (schema, name) not in there
        ]:
            raise PublishError(f"{file} lacks {', '.join(missing)}; `make rebuild` makes them")
        yield connection


def prepare_ledger(connection: duckdb.DuckDBPyConnection, month: str) -> None:
    """Makes the temporary table `ledger_lines` of one month."""
    bounds = {"first_day": first_day(month), "last_day": last_day(month)}
    for name in ("ledger_usage", "ledger_costs", "ledger_lines"):
        statement = (SQL / f"{name}.sql").read_text(encoding="utf-8")
        used = {key: value for key, value in bounds.items() if f"${key}" in statement}
        connection.execute(statement, used or None)


def read_month(connection: duckdb.DuckDBPyConnection, month: str) -> Month:
    """Reads one month; leaves its `ledger_lines` behind."""
    prepare_ledger(connection, month)
    return Month(
        name=month,
        ledger=[LedgerLine(*row) for row in _rows(connection, "ledger_by_month", {})],
        bridge=[BridgeRow(*row) for row in _rows(connection, "bridge", {"month": month})],
        invoices=[Invoice(*row) for row in _rows(connection, "invoices", {"month": month})],
    )


def named_rows(
    connection: duckdb.DuckDBPyConnection, statement: str, values: Any = None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows of a statement."""
    result = connection.execute(statement, values)
    return [column[0] for column in result.description or []], result.fetchall()


def _rows(
    connection: duckdb.DuckDBPyConnection, name: str, values: dict[str, Any]
) -> list[tuple[Any, ...]]:
    statement = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    return connection.execute(statement, values or None).fetchall()
