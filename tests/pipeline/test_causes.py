"""The decomposition of an incident's cost, against one worked out another way.

The models sum 256 coalitions of drivers in DOUBLE. Here each term of the cost model is a product
of one factor per driver, so its Shapley value is the integral over t of that driver's change times
every other factor at the point t of the way: a polynomial, in exact fractions.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from pipeline.dbt_runner import run_dbt
from pipeline.lake_views import create_views, open_lake
from pipeline.plan import plan_full, write_touched_dates
from pipeline.seeds import PROJECT_SEEDS
from pipeline.settings import Settings
from tests.support.warehouse import manifest

SCOPES = 600
DRIVERS = (
    *("volume", "retries", "model_mix", "input_tokens", "cache_share", "output_tokens"),
    *("price", "untracked_price"),
)
MODELS = ("int_incident_models_compared", "int_incident_drivers")
COUNTS = (
    *("operation_count", "attempt_count", "priced_attempt_count", "input_tokens"),
    *("cache_read_tokens", "output_tokens"),
)
COSTS = ("cost_usd", "cache_read_cost_usd", "output_cost_usd", "other_cost_usd")
Row = dict[str, Fraction]
Scope = dict[str, dict[str, Row]]  # side -> model -> measures, in whole units
Term = dict[str, tuple[Fraction, Fraction]]  # driver -> factor before, factor after


def _row(
    operations: int,
    attempts: int,
    *,
    input_tokens: int,
    read: int,
    output: int,
    prices: tuple[int, int, int] = (3, 1, 15),
    other: int = 0,
    unpriced: int = 0,
) -> Row:
    """Usage of one model; prices in millionths of a dollar a token, other in dollars."""
    cents = [Fraction(price, 10**6) for price in prices]
    read_cost, output_cost = read * cents[1], output * cents[2]
    return {
        "operation_count": Fraction(operations),
        "attempt_count": Fraction(attempts),
        "priced_attempt_count": Fraction(attempts - unpriced),
        "input_tokens": Fraction(input_tokens),
        "cache_read_tokens": Fraction(read),
        "output_tokens": Fraction(output),
        "cost_usd": (input_tokens - read) * cents[0] + read_cost + output_cost + other,
        "cache_read_cost_usd": read_cost,
        "output_cost_usd": output_cost,
        "other_cost_usd": Fraction(other),
    }


def _random_row(draw: random.Random) -> Row:
    operations = draw.randint(0, 500)
    attempts = operations + draw.choice([0, 0, draw.randint(0, 900)])
    if attempts == 0:
        # A component of somebody else's call: cost and tokens without an attempt.
        tokens = draw.randint(0, 5_000)
        return _row(0, 0, input_tokens=tokens, read=0, output=tokens // 3)
    unpriced = draw.choice([0, 0, 0, draw.randint(0, attempts - 1)])
    tokens = draw.choice([0, draw.randint(1, 5_000_000), draw.randint(1, 5_000_000)])
    return _row(
        operations,
        attempts,
        input_tokens=tokens,
        read=draw.choice([0, draw.randint(0, tokens), tokens]),
        output=draw.choice([0, draw.randint(1, 900_000)]),
        prices=(draw.randint(1, 40), draw.randint(0, 9), draw.randint(1, 200)),
        other=draw.choice([0, 0, draw.randint(1, 20)]),
        unpriced=unpriced,
    )


def _random_scope(draw: random.Random) -> Scope:
    names = [f"m{number}" for number in range(draw.randint(1, 5))]
    return {
        side: {name: _random_row(draw) for name in names if draw.random() < 0.8}
        for side in ("before", "after")
    }


def _over(part: Fraction, whole: Fraction) -> Fraction | None:
    return part / whole if whole > 0 else None


def _unit_values(row: Row | None) -> dict[str, Fraction | None]:
    names = ("input", "cache", "output", "input_price", "read_price", "output_price", "other")
    if row is None or row["priced_attempt_count"] == 0:
        return dict.fromkeys(names)
    attempts = row["priced_attempt_count"]
    uncached = row["input_tokens"] - row["cache_read_tokens"]
    kinds = {
        "input_price": (
            row["cost_usd"] - sum((row[name] for name in COSTS[1:]), Fraction()),
            uncached,
        ),
        "read_price": (row["cache_read_cost_usd"], row["cache_read_tokens"]),
        "output_price": (row["output_cost_usd"], row["output_tokens"]),
    }
    homeless = sum((cost for cost, tokens in kinds.values() if tokens <= 0), Fraction())
    return {
        "input": row["input_tokens"] / attempts,
        "cache": _over(row["cache_read_tokens"], row["input_tokens"]),
        "output": row["output_tokens"] / attempts,
        **{name: _over(cost, tokens) for name, (cost, tokens) in kinds.items()},
        "other": (row["other_cost_usd"] + homeless) / attempts,
    }


def _scope_values(rows: dict[str, Row]) -> tuple[Fraction, dict[str, Fraction | None]]:
    def total(name: str) -> Fraction:
        return sum((row[name] for row in rows.values()), Fraction())

    operations, attempts = total("operation_count"), total("attempt_count")
    stray = sum(
        (row["cost_usd"] for row in rows.values() if row["priced_attempt_count"] == 0), Fraction()
    )
    volume = operations or attempts or Fraction(1 if stray else 0)
    retries: Fraction | None = None
    if attempts:
        retries = attempts / volume
    elif stray:
        retries = 1 / volume
    elif operations:
        retries = Fraction()
    return volume, {
        "retries": retries,
        "known": _over(total("priced_attempt_count"), attempts),
        "stray": stray / attempts if attempts else (stray or None),
    }


def _pair(before: Fraction | None, after: Fraction | None) -> tuple[Fraction, Fraction]:
    """What one side does not have is the other's."""
    known = [value for value in (before, after) if value is not None]
    if not known:
        return Fraction(), Fraction()
    return (
        known[0] if before is None else before,
        known[-1] if after is None else after,
    )


def _terms(scope: Scope) -> Iterator[Term]:
    volumes, values = zip(
        *(_scope_values(scope[side]) for side in ("before", "after")), strict=True
    )
    shared = {
        "volume": (volumes[0], volumes[1]),
        "retries": _pair(values[0]["retries"], values[1]["retries"]),
    }
    known = _pair(values[0]["known"], values[1]["known"])
    yield {**shared, "untracked_price": _pair(values[0]["stray"], values[1]["stray"])}
    priced = [
        sum((row["priced_attempt_count"] for row in scope[side].values()), Fraction())
        for side in ("before", "after")
    ]
    for name in scope["before"] | scope["after"]:
        rows = [scope[side].get(name) for side in ("before", "after")]
        units = [_unit_values(row) for row in rows]
        mix = _pair(
            *(
                _over(row["priced_attempt_count"] if row else Fraction(), whole)
                for row, whole in zip(rows, priced, strict=True)
            )
        )
        unit = {key: _pair(units[0][key], units[1][key]) for key in units[0]}
        uncached = tuple(1 - value for value in unit["cache"])
        of_model = {**shared, "model_mix": mix, "untracked_price": known}
        of_input = {**of_model, "input_tokens": unit["input"]}
        yield {**of_input, "cache_share": (uncached[0], uncached[1]), "price": unit["input_price"]}
        yield {**of_input, "cache_share": unit["cache"], "price": unit["read_price"]}
        yield {**of_model, "output_tokens": unit["output"], "price": unit["output_price"]}
        others = (known[0] * unit["other"][0], known[1] * unit["other"][1])
        yield {**of_model, "untracked_price": others}


def _shapley(scope: Scope) -> dict[str, Fraction]:
    parts: dict[str, Fraction] = dict.fromkeys(DRIVERS, Fraction())
    for term in _terms(scope):
        for driver, (before, after) in term.items():
            polynomial = [after - before]
            for other, (start, end) in term.items():
                if other != driver:
                    wider = [Fraction()] * (len(polynomial) + 1)
                    for power, factor in enumerate(polynomial):
                        wider[power] += factor * start
                        wider[power + 1] += factor * (end - start)
                    polynomial = wider
            parts[driver] += sum(
                (factor / (power + 1) for power, factor in enumerate(polynomial)), Fraction()
            )
    return parts


def _cost(rows: dict[str, Row]) -> Decimal:
    cost = sum((row["cost_usd"] for row in rows.values()), Fraction())
    return Decimal(cost.numerator) / Decimal(cost.denominator)


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The models as DuckDB gets them in a full refresh."""
    settings = Settings(data=tmp_path_factory.mktemp("causes"))
    settings.workshop.mkdir(parents=True)
    with duckdb.connect(str(settings.draft)) as connection:
        create_views(connection, open_lake(settings.raw))
        write_touched_dates(connection, plan_full(connection, "compiled only"))
    command = ["compile", "--full-refresh", "--select", *MODELS]
    assert run_dbt(settings, command, PROJECT_SEEDS, manifest()).succeeded
    return {
        name: next(Path(settings.target).glob(f"compiled/**/{name}.sql")).read_text("utf-8")
        for name in MODELS
    }


def _decomposed(
    statements: dict[str, str], scopes: dict[str, Scope]
) -> dict[str, dict[str, Decimal]]:
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse")
        connection.execute("create schema warehouse.intermediate")
        columns = [f"{name}_twelfths bigint" for name in COUNTS]
        columns += [f"{name}_twelfths decimal(38, 12)" for name in COSTS]
        connection.execute(
            "create table warehouse.intermediate.int_incident_usage_summed (incident_id varchar,"
            " side varchar, provider varchar, model varchar, active_until_date date,"
            f" call_count_twelfths bigint, {', '.join(columns)})"
        )
        connection.execute(
            "create table warehouse.intermediate.int_incident_hours (incident_id varchar,"
            " hour_number bigint, cost_usd decimal(38, 12), expected_usd decimal(38, 12))"
        )
        for incident, scope in scopes.items():
            connection.execute(
                "insert into warehouse.intermediate.int_incident_hours values (?, 1, ?, ?)",
                [incident, _cost(scope["after"]), _cost(scope["before"])],
            )
            for side, rows in scope.items():
                for model, row in rows.items():
                    counts = [int(row[name] * 12) for name in COUNTS]
                    costs = [Decimal(int(row[name] * 12 * 10**12)).scaleb(-12) for name in COSTS]
                    values = [incident, side, "p", model, "2026-10-01", 0, *counts, *costs]
                    connection.execute(
                        "insert into warehouse.intermediate.int_incident_usage_summed values "
                        f"({', '.join('?' * len(values))})",
                        values,
                    )
        for name in MODELS:
            connection.execute(f"create table warehouse.intermediate.{name} as {statements[name]}")
        found: dict[str, dict[str, Decimal]] = defaultdict(dict)
        for incident, driver, delta in connection.execute(
            "select incident_id, driver, cost_delta_usd"
            " from warehouse.intermediate.int_incident_drivers"
        ).fetchall():
            found[incident][driver] = delta
    return found


def test_random_scopes_are_decomposed_as_exact_fractions_say(statements: dict[str, str]) -> None:
    draw = random.Random(20261121)
    scopes = {f"scope-{number}": _random_scope(draw) for number in range(SCOPES)}
    found = _decomposed(statements, scopes)
    worst = 0.0
    for incident, scope in scopes.items():
        if not any(scope.values()):
            continue
        expected = _shapley(scope)
        assert set(found[incident]) == set(DRIVERS)
        for driver, delta in found[incident].items():
            worst = max(worst, abs(float(Fraction(delta) - expected[driver])))
        assert sum(found[incident].values()) == _cost(scope["after"]) - _cost(scope["before"])
    assert worst < 1e-9


def _before(prices: tuple[int, int, int] = (3, 1, 15), other: int = 0) -> Row:
    return _row(
        100, 100, input_tokens=100_000, read=70_000, output=20_000, prices=prices, other=other
    )


def _half(prices: tuple[int, int, int] = (3, 1, 15)) -> Row:
    return _row(50, 50, input_tokens=50_000, read=35_000, output=10_000, prices=prices)


PURE = {
    "volume": _row(200, 200, input_tokens=200_000, read=140_000, output=40_000),
    "retries": _row(100, 320, input_tokens=320_000, read=224_000, output=64_000),
    "input_tokens": _row(100, 100, input_tokens=150_000, read=105_000, output=20_000),
    "cache_share": _row(100, 100, input_tokens=100_000, read=35_000, output=20_000),
    "output_tokens": _row(100, 100, input_tokens=100_000, read=70_000, output=50_000),
    "price": _before(prices=(6, 2, 30)),
    "untracked_price": _before(other=4),
}


def test_one_changed_factor_is_the_whole_delta(statements: dict[str, str]) -> None:
    before = {"x": _before()}
    scopes: dict[str, Scope] = {
        name: {"before": before, "after": {"x": row}} for name, row in PURE.items()
    }
    # Half of the calls move to a model that reads the same tokens at other prices.
    scopes["model_mix"] = {
        "before": before,
        "after": {"x": _half(), "y": _half(prices=(30, 10, 150))},
    }
    assert set(scopes) == set(DRIVERS)
    for name, drivers in _decomposed(statements, scopes).items():
        scope = scopes[name]
        delta = _cost(scope["after"]) - _cost(scope["before"])
        assert delta != 0
        assert abs(drivers.pop(name) - delta) < Decimal("1e-9"), name
        assert all(abs(rest) < Decimal("1e-9") for rest in drivers.values()), name
