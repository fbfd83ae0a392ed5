"""Runs one reference program in a process of its own: ``python -m benchmarks.references …``."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from benchmarks.references.bare_copy import copy_typed
from benchmarks.references.reconcile import reconcile as reconcile_by_hand
from benchmarks.references.rollup import roll_up
from benchmarks.references.totals import MARTS, totals_of

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def copy(log: Path, out: Path) -> None:
    """Copy a call log to Parquet, nothing checked."""
    copy_typed(log, out)


@app.command()
def rollup(raw: Path, prices: Path, out: Path) -> None:
    """Price and roll up a lake by day, tenant, feature and model."""
    roll_up(raw, prices, out)


@app.command()
def reconcile(raw: Path, prices: Path, out: Path) -> None:
    """Set ledger, exports and invoices of a lake side by side."""
    reconcile_by_hand(raw, prices, out)


@app.command()
def totals(hand_written: Path, warehouse: Path) -> None:
    """Print calls, tokens and dollars as JSON: the hand-written query, then each mart."""
    sides = (
        totals_of(hand_written, "daily_costs"),
        *(totals_of(warehouse, f"marts.{name}") for name in MARTS),
    )
    print(json.dumps(sides))


app()
