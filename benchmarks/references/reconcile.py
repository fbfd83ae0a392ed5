"""The hand-written query that sets ledger, exports and invoices of a lake side by side."""

from __future__ import annotations

from pathlib import Path
from string import Template

import duckdb

_SQL = Path(__file__).with_name("reconcile.sql")


def reconcile(raw: Path, prices: Path, out: Path) -> None:
    """Makes table ``reconciliation`` in a DuckDB file.

    Args:
        raw: the lake's folder.
        prices: the price list of the seeds.
        out: the file to make.
    """
    out.unlink(missing_ok=True)
    files = {
        name: [str(path) for path in sorted((raw / table).rglob("*.parquet"))]
        for name, table in (
            ("calls", "calls"),
            ("bills", "provider_lines"),
            ("invoices", "invoice_lines"),
        )
    }
    sql = Template(_SQL.read_text(encoding="utf-8")).substitute(prices=prices, **files)
    with duckdb.connect(str(out)) as connection:
        connection.execute("set threads = 2")
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute(sql)
