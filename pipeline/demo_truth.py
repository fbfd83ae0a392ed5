"""Compares the warehouse with the simulator's truth: counts, tokens, quarantine, file by file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb

from pipeline.demo_check import Check

Row = dict[str, Any]
_FILE_COUNTS = (
    "rows_read", "rows_landed", "rows_duplicate", "rows_quarantined", "rows_superseding",
)  # fmt: skip
_TOKENS = (
    "call_count", "uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens",
    "cache_write_1h_tokens", "output_tokens", "reasoning_tokens", "web_search_requests",
    "search_units",
)  # fmt: skip


def compare(truth: Row, warehouse: Path, quarantine: Path) -> list[Check]:
    """Every check of the warehouse and the quarantine against the truth file."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return [
            _files(connection, truth),
            _quarantine(truth, quarantine),
            _tokens(connection, truth),
            _counts(connection, "calls by day", "strftime(event_date, '%Y-%m-%d')",
                    _by(truth["calls_by_day"], "day")),
            *[
                _counts(
                    connection, f"calls by {key}", column, _by(truth[f"calls_by_{key}"], column)
                )
                for key, column in (("source", "source"), ("tenant", "tenant_id"),
                                    ("feature", "feature"), ("outcome", "outcome"))
            ],
            _unpriced(connection, truth),
        ]  # fmt: skip


def different(
    expected: dict[str, Row], found: dict[str, Row], columns: tuple[str, ...]
) -> list[str]:
    """Differences of two keyed sets of counts, both sides looked at; one line each."""
    lines = []
    for key in sorted(expected.keys() | found.keys()):
        wanted, got = expected.get(key), found.get(key)
        if wanted is None or got is None:
            lines.append(f"{key}: {'not in the truth' if wanted is None else 'missing'}")
            continue
        unequal = [
            f"{column} {got[column] or 0:,} instead of {wanted[column] or 0:,}"
            for column in columns
            if (got[column] or 0) != (wanted[column] or 0)
        ]
        if unequal:
            lines.append(f"{key}: {', '.join(unequal)}")
    return lines


def _files(connection: duckdb.DuckDBPyConnection, truth: Row) -> Check:
    found = _rows(
        connection,
        f"""
        select source_file as key, {", ".join(f"sum({c})::bigint as {c}" for c in _FILE_COUNTS)}
        from marts.fct_landing_audit
        group by source_file
        """,
    )
    expected = {"/".join(name.split("/")[-2:]): row for name, row in truth["files"].items()}
    return Check("landed files", len(expected), different(expected, found, _FILE_COUNTS))


def _quarantine(truth: Row, quarantine: Path) -> Check:
    reasons: Counter[str] = Counter()
    for row in truth["files"].values():
        reasons.update(row["quarantined_by_reason"])
    files = sorted(str(path) for path in quarantine.rglob("*.parquet"))
    found: dict[str, Row] = {}
    if files:
        with duckdb.connect() as connection:
            found = _rows(
                connection,
                f"""
                select reason as key, count(*) as row_count
                from read_parquet({files!r}, union_by_name = true)
                group by reason
                """,
            )
    expected = {reason: {"row_count": n} for reason, n in reasons.items()}
    return Check("quarantine reasons", len(expected), different(expected, found, ("row_count",)))


def _tokens(connection: duckdb.DuckDBPyConnection, truth: Row) -> Check:
    sums = ", ".join(f"sum({column})::bigint as {column}" for column in _TOKENS)
    found = _rows(
        connection,
        f"""
        select provider || ' ' || model as key, {sums}
        from marts.fct_costs_hourly
        group by provider, model
        """,
    )
    expected = {f"{row['provider']} {row['model']}": row for row in truth["tokens_by_model"]}
    return Check("tokens by model", len(expected), different(expected, found, _TOKENS))


def _counts(
    connection: duckdb.DuckDBPyConnection, name: str, column: str, expected: dict[str, Row]
) -> Check:
    found = _rows(
        connection,
        f"select {column} as key, count(*) as call_count from marts.fct_calls group by {column}",
    )
    return Check(name, len(expected), different(expected, found, ("call_count",)))


def _by(rows: list[Row], column: str) -> dict[str, Row]:
    return {row[column]: row for row in rows}


def _unpriced(connection: duckdb.DuckDBPyConnection, truth: Row) -> Check:
    """The planted calls nobody can price must be unpriced; their cost null, never zero."""
    [(unpriced, costed)] = connection.execute(
        """
        select count(*), count(billed_cost_usd)
        from marts.fct_calls
        where model = 'acme-internal-llm' or provider = 'acme-gateway'
        """
    ).fetchall()
    faults = truth["faults"]
    wanted = faults["calls_of_unpriced_model"] + faults["calls_of_unknown_provider"]
    check = Check("planted unpriced calls", wanted)
    if unpriced != wanted:
        check.differences.append(f"{unpriced:,} calls instead of {wanted:,}")
    [(priced,)] = connection.execute(
        """
        select count(*)
        from marts.fct_calls
        where (model = 'acme-internal-llm' or provider = 'acme-gateway')
            and pricing_status in ('list', 'contract', 'provider_reported')
        """
    ).fetchall()
    if priced:
        check.differences.append(f"{priced:,} of them have a price ({costed:,} a cost)")
    return check


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Row]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    return {str(row["key"]): row for row in rows}
