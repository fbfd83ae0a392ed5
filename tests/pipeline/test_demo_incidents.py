"""What the demo says of its planted incidents is what the warehouse has of them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest

from pipeline.demo_incidents import found_incident

PLANTED = {
    "kind": "agent_loop",
    "scope": {"feature": "research"},
    "start": "2026-11-16T02:00:00+00:00",
    "end_exclusive": "2026-11-16T05:00:00+00:00",
}


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            """
            set TimeZone = 'UTC';
            create schema marts;
            create schema alerts;
            create table marts.fct_incidents (
                incident_id varchar, feature varchar, tier varchar, opened_at timestamptz,
                likely_cause varchar, linked_change_id varchar, excess_usd decimal(38, 12)
            );
            create table marts.fct_incident_changes (
                incident_id varchar, change_id varchar, change_type varchar, version varchar
            );
            create table alerts.alert_budgets as
            select
                'b' as incident_id, 'trigger' as event, 'page' as tier, 'research' as feature,
                'run_over_limit' as rules, timestamptz '2026-11-16 03:06:00+00' as occurred_at,
                cast(105.9 as decimal(38, 12)) as excess_usd
            union all
            select
                'c', 'trigger', 'page', 'chat', 'run_over_limit',
                timestamptz '2026-11-16 02:30:00+00', 7
            """
        )
        yield connection


def test_a_passed_limit_counts_where_no_incident_opened(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    found = found_incident(warehouse, PLANTED)
    assert found is not None
    assert (found.likely_cause, found.change, found.excess_usd) == (
        "run_over_limit", "", Decimal("105.9"),
    )  # fmt: skip


def test_an_incident_comes_before_a_limit_and_what_opened_earlier_is_none_of_it(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    warehouse.execute(
        """
        insert into marts.fct_incidents values
            ('early', 'research', 'page', '2026-11-14 01:00:00+00', 'volume', null, 9),
            ('mine', 'research', 'page', '2026-11-16 02:00:00+00', 'price', 'p', 5);
        insert into marts.fct_incident_changes values ('mine', 'p', 'price', 'v2')
        """
    )
    found = found_incident(warehouse, PLANTED)
    assert found is not None
    assert (found.likely_cause, found.change, found.excess_usd) == ("price", "price v2", 5)


def test_nothing_found_is_said(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("delete from alerts.alert_budgets where feature = 'research'")
    assert found_incident(warehouse, PLANTED) is None
