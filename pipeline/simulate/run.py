"""Simulate: put the stages together and write the folder."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from pipeline.simulate.attempts import attempts
from pipeline.simulate.canonical import with_identities
from pipeline.simulate.company import VERSION, Tenant, tenants
from pipeline.simulate.delivery import Deliverer, Output
from pipeline.simulate.faults import planned_faults
from pipeline.simulate.incidents import DAY, Incident, Window, planned
from pipeline.simulate.outcomes.run import SOURCES as OUTCOMES
from pipeline.simulate.outcomes.run import deliver_outcomes
from pipeline.simulate.providers.bill import SOURCES as BILLS
from pipeline.simulate.providers.bill import bill
from pipeline.simulate.randomness import Draws
from pipeline.simulate.seeds import write_seeds
from pipeline.simulate.tokens import with_circumstances, with_tokens
from pipeline.simulate.traffic import operations, units
from pipeline.simulate.truth import counts_by_file, truth_of

SOURCES = ("calls", "otlp", "litellm", "langfuse")
DEFAULT_END = "2026-11-20"


def simulate(
    output: Path,
    *,
    days: int = 90,
    seed: int = 7,
    calls: int = 1_000_000,
    end: str = DEFAULT_END,
) -> dict[str, Any]:
    """Write a made-up company's call logs, bills and outcomes, and the truth about them.

    The folder gets ``calls/``, ``otlp/``, ``litellm/`` and ``langfuse/`` (raw logs),
    ``openai-usage/`` to ``invoices/`` (exports and invoices, each for the landing command of that
    name), ``product-events/`` and ``changes/``, ``seeds/`` (mapping rules, contracts, budgets, for
    TOKENHOUSE_SEEDS) and, last of all, ``truth.json``. What an earlier simulation left in these
    places is removed.

    Args:
        output: the folder to write.
        days: length of the period, whole UTC days.
        seed: the same seed and settings write the same bytes.
        calls: about how many call attempts (within two per cent).
        end: last day of the period, ISO date.

    Returns:
        The content of ``truth.json``.

    Raises:
        ValueError: fewer than 7 days, fewer than 1,000 calls, or an end that is no date.
    """
    if days < 7 or calls < 1_000:
        raise ValueError(f"{days} days with {calls} calls: at least 7 days and 1,000 calls")
    window = window_of(days, end)
    _clear(output)
    customers = tenants()
    table, incidents = company_calls(seed, window, calls, customers)
    files = Output(output, window)
    Deliverer(Draws(seed), files, table, customers).deliver()
    write_seeds(output / "seeds", customers)
    made_by = {"version": VERSION, "seed": seed, "days": days, "calls": calls, "end": end}
    truth = {"made_by": made_by} | truth_of(table, window, customers, incidents, files.expected)
    bills = Output(output, window)
    truth["providers"] = bill(bills, table, window, customers)
    outcomes = Output(output, window)
    truth |= deliver_outcomes(Draws(seed), outcomes, table, customers, incidents)
    truth["files"] |= counts_by_file(bills.expected) | counts_by_file(outcomes.expected)
    partial = output / "truth.json.partial"
    partial.write_bytes(orjson.dumps(truth, option=orjson.OPT_INDENT_2) + b"\n")
    partial.replace(output / "truth.json")
    return truth


def company_calls(
    seed: int, window: Window, calls: int, customers: tuple[Tenant, ...]
) -> tuple[pl.DataFrame, dict[str, Incident]]:
    """Every call attempt of the company, with the faults its records will have.

    Grain: one row per call attempt, in the order operations were drawn.
    """
    draws = Draws(seed)
    incidents = planned(window, tuple(customer.tenant_id for customer in customers))
    work = operations(draws, window, units(draws, window, calls, customers, incidents))
    tries = attempts(draws, window, work, incidents)
    table = with_tokens(draws, tries, incidents["cache_drop"])
    table = with_circumstances(draws, table, window)
    return planned_faults(draws, with_identities(draws, table), window), incidents


def window_of(days: int, end: str) -> Window:
    """The period of ``days`` whole UTC days that ends with the day ``end``."""
    last = dt.datetime.fromisoformat(end).replace(tzinfo=dt.UTC)
    end_ms = int(last.timestamp() * 1000) + DAY
    return Window(end_ms - days * DAY, end_ms)


def _clear(output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    (output / "truth.json").unlink(missing_ok=True)
    for name in (*SOURCES, *BILLS, *OUTCOMES, "seeds"):
        shutil.rmtree(output / name, ignore_errors=True)
