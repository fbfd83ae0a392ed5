"""Prices a month's calls twice with the warehouse's own SQL: as booked, and as tried.

Data flow: `warehouse.duckdb` (read only) -> memory -> lines by tenant and feature; nothing is
written. The views of the warehouse are replayed in a memory database (publish/reprice.py), where
the calls, the price keys and the price seeds are then changed. Calls are compared one by one, so a
call that has no price in the scenario is not taken for a saving.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from ingest.store import LOCAL_DATA, Location, allow_reads
from publish.close.inputs import first_day, last_day
from publish.reprice import (
    RepriceError,
    literal,
    open_replay,
    refill_prices,
    replace_seed,
    seed_files,
)
from publish.whatif.scenario import EVERY_FEATURE, Contract, ModelSwap, Scenario, parse_scenario

CALLS = "staging.stg_lake__calls"
KEYS = "intermediate.int_price_keys_collected"
KEY_COLUMNS = "provider, model, service_tier, is_batch, speed, inference_geo, project_id"

_PRICED = """
    create temporary table {name} as
    select
        event_date, event_id, component_index, tenant_id, feature,
        case when component_index = 0 then 1 else 0 end as is_call,
        billed_cost_usd
    from marts.fct_calls
    where event_date between ? and ?
"""

_COMPARED = """
    select
        booked.tenant_id,
        booked.feature,
        sum(booked.is_call),
        coalesce(sum(booked.billed_cost_usd), 0),
        coalesce(sum(tried.billed_cost_usd), 0),
        coalesce(sum(tried.billed_cost_usd - booked.billed_cost_usd), 0),
        count(*) filter (where tried.billed_cost_usd is null),
        count(*) filter (where booked.billed_cost_usd is null),
        coalesce(sum(booked.billed_cost_usd) filter (where tried.billed_cost_usd is null), 0),
        coalesce(sum(tried.billed_cost_usd) filter (where booked.billed_cost_usd is null), 0)
    from booked_calls as booked
    inner join tried_calls as tried using (event_date, event_id, component_index)
    group by booked.tenant_id, booked.feature
    order by booked.tenant_id, booked.feature
"""


@dataclass(frozen=True)
class WhatIfLine:
    """A tenant's feature: as booked and as tried.

    Booked plus delta, less what lost its price, plus what got one, is tried.

    Attributes:
        delta_usd: over the calls that have a price on both sides.
        lost_price_usd: booked cost of calls that have no price in the scenario.
        found_price_usd: cost in the scenario of calls that are booked without a price.
    """

    tenant_id: str
    feature: str
    call_count: int
    booked_usd: Decimal
    tried_usd: Decimal
    delta_usd: Decimal
    tried_unpriced_calls: int
    booked_unpriced_calls: int
    lost_price_usd: Decimal
    found_price_usd: Decimal


def what_if(
    warehouse: Path,
    month: str,
    *,
    models: tuple[str, ...] = (),
    batch: tuple[str, ...] = (),
    contracts: tuple[str, ...] = (),
    seeds: Path | None = None,
    lake: Location = LOCAL_DATA,
) -> list[WhatIfLine]:
    """Prices the calls of a UTC month as they were and as the scenario has them.

    Args:
        warehouse: the warehouse file; only read.
        month: as 2026-10.
        models: swaps, FROM=TO.
        batch: features whose calls are tried as batch, or `all`.
        contracts: PROVIDER:PERCENT off the list.
        seeds: folder whose price CSVs replace those of the same name.
        lake: where what the warehouse shows as views is.

    Raises:
        RepriceError: a file is missing, an option does not fit, or the ledger does not follow
            from its own prices.
    """
    if not warehouse.exists():
        raise RepriceError(f"{warehouse} is not there: run `make build` first")
    days = (first_day(month), last_day(month))
    replaced = seed_files(seeds) if seeds else {}
    with duckdb.connect() as connection:
        allow_reads(connection, lake)
        connection.execute("set TimeZone = 'UTC'")
        open_replay(connection, warehouse)
        scenario = parse_scenario(models, batch, contracts, _providers(connection))
        connection.execute(_PRICED.format(name="booked_calls"), days)
        _expect_the_ledger(connection, days)
        for name, file in replaced.items():
            replace_seed(connection, name, file)
        for contract in scenario.contracts:
            _add_contract(connection, contract)
        _expect_calls(connection, scenario, days)
        _change_calls(connection, scenario)
        _add_keys(connection, days)
        refill_prices(connection)
        connection.execute(_PRICED.format(name="tried_calls"), days)
        return [WhatIfLine(*row) for row in connection.execute(_COMPARED).fetchall()]


def _providers(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        f"select provider from {KEYS} union select provider from seeds.price_list"
    ).fetchall()
    return {row[0] for row in rows if row[0]}


def _expect_the_ledger(
    connection: duckdb.DuckDBPyConnection, days: tuple[dt.date, dt.date]
) -> None:
    rows = connection.execute(
        "select (select coalesce(sum(billed_cost_usd), 0) from booked_calls),"
        " (select coalesce(sum(billed_cost_usd), 0) from marts.fct_costs_hourly"
        "  where event_date between ? and ?)",
        days,
    ).fetchall()
    calls, ledger = rows[0]
    if calls != ledger:
        raise RepriceError(
            f"the calls cost {calls:f}, the ledger says {ledger:f}: run `make rebuild` first"
        )


def _expect_calls(
    connection: duckdb.DuckDBPyConnection, scenario: Scenario, days: tuple[dt.date, dt.date]
) -> None:
    """A misspelt model or feature would change nothing, and look like an answer."""
    for swap in scenario.swaps:
        if not _any(connection, f"{CALLS} as calls", _is_on(swap), days):
            raise RepriceError(f"no call of the month is on {swap.from_model}")
    for feature in scenario.batch:
        condition = f"feature = {literal(feature)}"
        if feature != EVERY_FEATURE and not _any(connection, "booked_calls", condition, days):
            raise RepriceError(f"no call of the month is of the feature {feature}")


def _any(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    condition: str,
    days: tuple[dt.date, dt.date],
) -> bool:
    found = connection.execute(
        f"select 1 from {relation} where event_date between ? and ? and {condition} limit 1", days
    ).fetchall()
    return bool(found)


def _is_on(swap: ModelSwap) -> str:
    model = swap.from_model
    named = (
        f"starts_with(calls.model, {literal(model[:-1])})"
        if model.endswith("*")
        else f"calls.model = {literal(model)}"
    )
    return f"{named} and {literal(swap.from_provider)} in ('', calls.provider)"


def _change_calls(connection: duckdb.DuckDBPyConnection, scenario: Scenario) -> None:
    """Puts a view with the changes in the place of the calls."""
    swapped = " or ".join(f"({_is_on(swap)})" for swap in scenario.swaps) or "false"
    models = " ".join(
        f"when {_is_on(swap)} then {literal(swap.to_model)}" for swap in scenario.swaps
    )
    providers = " ".join(
        f"when {_is_on(swap)} then {literal(swap.to_provider)}"
        if swap.to_provider
        else f"when {_is_on(swap)} then calls.provider"
        for swap in scenario.swaps
    )
    features = ", ".join(literal(feature) for feature in scenario.batch)
    batched = (
        "false"
        if not scenario.batch
        else "not coalesce(calls.is_batch, false)"
        if EVERY_FEATURE in scenario.batch
        else f"not coalesce(calls.is_batch, false) and ledger.feature in ({features})"
    )
    contracted = ", ".join(literal(contract.provider) for contract in scenario.contracts)
    repriced = f"calls.provider in ({contracted})" if contracted else "false"
    connection.execute(f"alter view {CALLS} rename to stg_lake__calls_as_booked")
    connection.execute(
        f"""
        create view {CALLS} as
        select calls.* replace (
            {f"case {models} else calls.model end" if models else "calls.model"} as model,
            {f"case {providers} else calls.provider end" if providers else "calls.provider"}
                as provider,
            calls.is_batch or ({batched}) as is_batch,
            case
                when coalesce(({swapped}) or ({batched}) or ({repriced}), false) then null
                else calls.provider_cost_usd
            end as provider_cost_usd
        )
        from {CALLS}_as_booked as calls
        left join temp.booked_calls as ledger
            on calls.event_date = ledger.event_date
            and calls.event_id = ledger.event_id
            and calls.component_index = ledger.component_index
        """
    )


def _add_keys(connection: duckdb.DuckDBPyConnection, days: tuple[dt.date, dt.date]) -> None:
    """The price keys the changed calls have; the booked ones stay, so nothing else moves."""
    connection.execute(f"alter view {KEYS} rename to int_price_keys_as_booked")
    connection.execute(
        f"create table {KEYS} as "
        f"select {KEY_COLUMNS} from intermediate.int_price_keys_as_booked "
        f"union select {KEY_COLUMNS} from {CALLS} where event_date between ? and ?",
        days,
    )


def _add_contract(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    replace_seed(connection, "contract_prices")
    connection.execute("delete from seeds.contract_prices where provider = ?", [contract.provider])
    connection.execute(
        "insert into seeds.contract_prices by name select ? as provider, '*' as model,"
        " '*' as project_id, '*' as service_tier, '*' as meter,"
        " timestamp '1970-01-01 00:00:00' as valid_from, ? as discount_share,"
        " 'what-if' as source, current_date as checked_at",
        [contract.provider, contract.discount_share],
    )
