"""The hand-written query that sets ledger, exports and invoices of a lake side by side."""

from __future__ import annotations

from pathlib import Path

from benchmarks.references.query import run_query


def reconcile(raw: Path, prices: Path, out: Path) -> None:
    """Makes table ``reconciliation`` in a DuckDB file.

    Args:
        raw: the lake's folder.
        prices: the price list of the seeds.
        out: the file to make.
    """
    files = {
        name: [str(path) for path in sorted((raw / table).rglob("*.parquet"))]
        for name, table in (
            ("calls", "calls"),
            ("bills", "provider_lines"),
            ("invoices", "invoice_lines"),
        )
    }
    run_query("reconcile", prices, out, **files)
