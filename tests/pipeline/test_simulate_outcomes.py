"""The simulated outcomes: a truth that an independent reader of the files agrees with.

The reader (tests/support/simulated_company.py) is plain Python over the written files.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.simulate import prompts, simulate, tokens, traffic
from pipeline.simulate.company import FEATURE_NUMBER, MODELS, tenants
from pipeline.simulate.outcomes.contracts import Spend
from pipeline.simulate.outcomes.costs import usd, with_costs
from pipeline.simulate.outcomes.events import delivered, events_of
from pipeline.simulate.outcomes.run import SOURCES
from pipeline.simulate.outcomes.seeds import write_outcome_seeds
from pipeline.simulate.outcomes.tasks import tasks_of
from pipeline.simulate.outcomes.truth import truth_of_money, truth_of_outcomes, with_names
from pipeline.simulate.providers.books import total
from pipeline.simulate.providers.charges import charges_of
from pipeline.simulate.providers.prices import Asked, unit_price
from pipeline.simulate.providers.usage import billed_calls, summed
from pipeline.simulate.randomness import Draws
from pipeline.simulate.run import company_calls, window_of
from pipeline.simulate.truth import named
from tests.support import simulated_company as reader
from tests.support.simulated_company import Call, Task

CALLS, DAYS, END = 30_000, 70, "2026-11-20"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("outcomes")
    simulate(path, days=DAYS, seed=7, calls=CALLS, end=END)
    return path


@pytest.fixture(scope="module")
def truth(folder: Path) -> Json:
    loaded: Json = json.loads((folder / "truth.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def called(folder: Path) -> list[Call]:
    return reader.calls(folder)


@pytest.fixture(scope="module")
def tasks(folder: Path, called: list[Call]) -> dict[str, Task]:
    return reader.outcomes(folder, called, reader.tasks_of(called, reader.rules(folder)))


@pytest.fixture(scope="module")
def whole() -> pl.DataFrame:
    """A larger company's calls, with what each cost; no files."""
    calls, _ = company_calls(7, window_of(90, END), 150_000, tenants())
    return with_names(with_costs(calls), named(calls, tenants()))


def seed_rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "seeds" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


# ------------------------------------------------------------------ truth = files


@pytest.mark.parametrize(
    ("rows", "column"), [("by_feature", "feature"), ("by_tenant", "tenant_id")]
)
def test_tasks_and_successes_of_the_files_are_the_truth(
    tasks: dict[str, Task], truth: Json, rows: str, column: str
) -> None:
    expected = {
        row[column]: Counter(
            tasks=row["task_count"],
            task_successes=row["success_count"],
            withouts=row["tasks_without_calls_count"],
            without_successes=row["successes_without_calls_count"],
            calls=row["call_count"],
        )
        for row in truth["outcomes"][rows]
    }
    found = reader.counts(tasks, column)
    assert {name: +own for name, own in found.items()} == {n: +own for n, own in expected.items()}
    assert sum(row["success_count"] for row in truth["outcomes"][rows]) > 1_000


def test_calls_without_a_task_are_the_evaluations(called: list[Call], truth: Json) -> None:
    without = [call for call in called if call.task_id is None]
    assert len(without) == truth["outcomes"]["untasked"]["call_count"] > 0
    assert len(called) - len(without) == sum(
        row["call_count"] for row in truth["outcomes"]["by_feature"]
    )


def test_every_file_of_events_has_the_rows_the_truth_says(folder: Path, truth: Json) -> None:
    """Read, refused, known already, another version: told by id and content alone."""
    names = [str(path.relative_to(folder)) for path in reader.event_files(folder)]
    assert set(names) == {name for name in truth["files"] if name.startswith("product-events/")}
    seen: dict[str, set[str]] = {}
    for name in names:
        found: Counter[str] = Counter()
        for event in reader.events(folder / name):
            found["rows_read"] += 1
            if event is None:
                found["rows_quarantined"] += 1
                continue
            content = json.dumps(event, default=str, sort_keys=True)
            versions = seen.setdefault(event["event_id"], set())
            found["rows_duplicate"] += content in versions
            found["rows_superseding"] += bool(versions) and content not in versions
            found["rows_landed"] += content not in versions
            versions.add(content)
        assert found == Counter({k: v for k, v in truth["files"][name].items() if k in found}), name
    versions_read = sum(map(len, seen.values()))
    assert len(seen) == truth["outcomes"]["events"]["event_count"]
    assert versions_read == truth["outcomes"]["totals"]["rows_landed"]


def test_every_kind_of_outcome_is_planted(folder: Path, truth: Json) -> None:
    counted = truth["outcomes"]["events"]
    assert all(n > 0 for n in counted.values()), counted
    rows = truth["outcomes"]["by_feature"]
    assert sum(row["successes_without_calls_count"] for row in rows) > 0
    unmeasured = {row["feature"] for row in rows if row["cost_per_success_usd"] is None}
    assert unmeasured == {"content_index", "lead_enrichment"}
    reasons = set(truth["outcomes"]["totals"]["quarantined_by_reason"])
    assert reasons <= {
        "malformed_json", "missing_field", "bad_timestamp", "impossible_time", "wrong_type",
    }  # fmt: skip
    assert len(reasons) >= 4
    again = [name for name in truth["files"] if "events/" in name and "redelivered" in name]
    assert len(again) == 1
    assert truth["files"][again[0]]["rows_landed"] == 0
    for path in reader.event_files(folder):
        for event in filter(None, reader.events(path)):
            assert event["at"] <= event["known_at"] < dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


def test_no_event_carries_text(folder: Path) -> None:
    for path in reader.event_files(folder):
        for event in filter(None, reader.events(path)):
            assert not {"comment", "explanation", "message", "user_id"} & event.keys()


# ------------------------------------------------------------------ what calls cost


def test_costs_of_calls_sum_to_what_the_bills_say_the_log_is_worth(whole: pl.DataFrame) -> None:
    """Another path: usage summed by day and meter, then priced."""
    logged = billed_calls(whole, tenants()).with_columns(day=pl.col("utc_day"))
    worth = total(charge.listed for charge in charges_of(summed(logged)))
    assert usd(int(whole["cost"].sum())) == worth > 100


def test_cost_of_research_is_what_its_files_say_at_list_prices(
    called: list[Call], tasks: dict[str, Task], truth: Json
) -> None:
    """All of it is in the agent runner's log, at standard prices: re-priced from the usage."""
    cost, priced = Decimal(0), 0
    for call in called:
        said = call.said
        if call.task_id is None or tasks[call.task_id].feature != "agent_research":
            continue
        for meter, quantity in metered(said.get("usage", {})).items():
            asked = Asked(said["provider"], model_of(said), "standard", False, meter,
                          call.started.date())  # fmt: skip
            price = unit_price(asked)
            assert price is not None
            cost += quantity * price
            priced += 1
    [row] = [r for r in truth["outcomes"]["by_feature"] if r["feature"] == "agent_research"]
    assert priced > 1_000
    assert cost == Decimal(row["cost_usd"])


def model_of(said: Json) -> str:
    return next(m.requested for m in MODELS if m.billed == said["model"])


def metered(usage: Json) -> dict[str, int]:
    """What a provider's usage object charges for, by hand."""
    if not usage:
        return {}
    if "promptTokenCount" in usage:
        read = usage.get("cachedContentTokenCount", 0)
        out = usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0)
        found = {"input": usage["promptTokenCount"] - read, "cache_read": read, "output": out}
    elif "cache_creation" in usage:
        written = usage["cache_creation"]
        found = {
            "input": usage["input_tokens"], "cache_read": usage["cache_read_input_tokens"],
            "cache_write_5m": written["ephemeral_5m_input_tokens"],
            "cache_write_1h": written["ephemeral_1h_input_tokens"],
            "output": usage["output_tokens"],
            "web_search": usage["server_tool_use"]["web_search_requests"],
        }  # fmt: skip
    else:
        inside = usage.get("input_tokens_details") or usage["prompt_tokens_details"]
        read, written = inside["cached_tokens"], inside["cache_write_tokens"]
        before = usage.get("input_tokens", usage.get("prompt_tokens", 0)) - read - written
        out = usage.get("output_tokens", usage.get("completion_tokens", 0))
        found = {"input": before, "cache_read": read, "cache_write_5m": written, "output": out}
    return {meter: count for meter, count in found.items() if count}


def test_unknown_cost_is_unknown_and_refused_calls_are_free(whole: pl.DataFrame) -> None:
    acme = [i for i, m in enumerate(MODELS) if m.provider.startswith("acme")]
    used = pl.col("has_usage") & ~pl.col("cache_hit")
    assert whole.filter(pl.col("model").is_in(acme) & used)["cost"].count() == 0
    assert whole.filter("cache_hit")["cost"].unique().to_list() == [0]
    refused = (pl.col("outcome") == "rate_limited") & ~pl.col("has_usage")
    assert whole.filter(refused)["cost"].unique().to_list() == [0]
    silent = (pl.col("outcome") == "timeout") & ~pl.col("has_usage")
    assert whole.filter(silent)["cost"].count() == 0
    assert whole.filter(silent).height > 0


# ------------------------------------------------------------------ planted prompt changes


def test_a_planted_prompt_change_touches_no_other_call(
    whole: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts, "PROMPT_CHANGES", ())
    none = prompts.PromptChange("agent_resolver", 4, 5, 1, 1, 0, 1, "", "")
    monkeypatch.setattr(traffic, "REWORKED", none)
    monkeypatch.setattr(tokens, "factor", prompts.factor)
    plain, _ = company_calls(7, window_of(90, END), 150_000, tenants())
    struck = [FEATURE_NUMBER["agent_resolver"], FEATURE_NUMBER["translation"]]
    others = ~pl.col("feature").is_in(struck) | (pl.col("prompt") < 4)
    columns = [name for name in plain.columns if name != "op"]
    assert whole.filter(others).select(columns).equals(plain.filter(others).select(columns))
    added = whole.height - plain.height
    assert 0 < added < 0.02 * plain.height
    assert set(whole.tail(added)["feature"]) == {FEATURE_NUMBER["agent_resolver"]}


@pytest.fixture(scope="module")
def changed(whole: pl.DataFrame) -> dict[str, Json]:
    window = window_of(90, END)
    own = tasks_of(whole)
    events = events_of(Draws(7), own, window, tenants())
    assert delivered(events, window).height < events.height
    told = truth_of_outcomes(whole, own, events, window)
    return {change["feature"]: change for change in told["prompt_changes"]}


def ratio(change: Json, above: str, below: str) -> float:
    """After against before."""
    after, before = change["after"], change["before"]
    return (after[above] / after[below]) / (before[above] / before[below])


def test_one_prompt_is_cheaper_a_call_and_dearer_a_success(changed: dict[str, Json]) -> None:
    change = {k: numbers(v) if isinstance(v, dict) else v
              for k, v in changed["agent_resolver"].items()}  # fmt: skip
    assert change["verdict"] == "cheaper_more_rework"
    assert ratio(change, "cost_usd", "call_count") < 0.75
    assert ratio(change, "call_count", "task_count") > 1.2
    assert ratio(change, "success_count", "task_count") < 0.85
    assert ratio(change, "cost_usd", "success_count") > 1.0


def test_one_prompt_is_cheaper_and_as_good(changed: dict[str, Json]) -> None:
    change = {k: numbers(v) if isinstance(v, dict) else v
              for k, v in changed["translation"].items()}  # fmt: skip
    assert change["verdict"] == "cheaper_same_success"
    assert ratio(change, "cost_usd", "success_count") < 0.85
    assert ratio(change, "call_count", "task_count") == pytest.approx(1, abs=0.02)
    assert ratio(change, "success_count", "task_count") == pytest.approx(1, abs=0.05)


def numbers(side: Json) -> dict[str, float]:
    return {name: float(value) for name, value in side.items()}


# ------------------------------------------------------------------ changes


def test_changes_name_the_cause_of_each_incident_just_before_it(folder: Path, truth: Json) -> None:
    [path] = (folder / "changes").rglob("*.*")
    versions: dict[str, list[Json]] = {}
    lines, refused = reader.texts(path), 0
    for line in lines:
        try:
            change = json.loads(line)
        except json.JSONDecodeError:
            refused += 1
            continue
        if change.get("change_type", "mood") == "mood":
            refused += 1
            continue
        own = versions.setdefault(change["change_id"], [])
        own += [] if change in own else [change]
    counted = truth["files"][str(path.relative_to(folder))]
    assert (len(lines), refused) == (counted["rows_read"], counted["rows_quarantined"])
    assert sum(map(len, versions.values())) == counted["rows_landed"]
    current = {name: max(own, key=lambda c: c["observed_at"]) for name, own in versions.items()}
    told = truth["rollouts"]
    revoked = [change for change in current.values() if change.get("is_revoked")]
    assert len(current) - len(revoked) == told["change_count"]
    assert len(revoked) == told["revoked_count"] == 1
    incidents = {incident["incident_id"]: incident for incident in truth["incidents"]}
    assert len(told["by_incident"]) == 4
    for incident_id, change_id in told["by_incident"].items():
        change, incident = current[change_id], incidents[incident_id]
        ahead = reader.moment(incident["start"]) - reader.moment(change["changed_at"])
        assert dt.timedelta(0) <= ahead <= dt.timedelta(minutes=15), change_id
        assert change["feature"] == incident["scope"]["feature"]
    noise = [c for c in current.values() if c["change_id"] not in told["by_incident"].values()]
    assert len(noise) > 10 * len(told["by_incident"])
    assert {c["change_type"] for c in current.values()} == {
        "deploy", "prompt_version", "route_policy", "config", "feature_flag", "price",
    }  # fmt: skip


def test_every_prompt_version_follows_the_one_before(folder: Path) -> None:
    [path] = (folder / "changes").rglob("*.*")
    found = [json.loads(line) for line in reader.texts(path) if line.endswith("}")]
    steps = {
        (change["version"], change["previous_version"])
        for change in found
        if change.get("change_type") == "prompt_version"
    }
    assert ("ticket_summary/v5", "ticket_summary/v4") in steps
    assert all(int(new[-1]) == int(old[-1]) + 1 for new, old in steps)
    assert len(steps) == 3 * 12


# ------------------------------------------------------------------ contracts and budgets


def monthly(whole: pl.DataFrame, column: str, name: str) -> dict[str, Decimal]:
    """Known cost by month, the plain way."""
    own = whole.filter(pl.col(column) == name).with_columns(
        month=pl.from_epoch("started_ms", time_unit="ms").dt.strftime("%Y-%m")
    )
    return {month: usd(cost) for month, cost in own.group_by("month").agg(pl.sum("cost")).rows()}


def test_one_tenant_costs_more_than_it_pays_and_the_others_far_less(
    whole: pl.DataFrame, tmp_path: Path
) -> None:
    spend = Spend(whole, window_of(90, END))
    write_outcome_seeds(tmp_path / "seeds", spend, tenants())
    told = truth_of_money(spend, tenants())
    assert told["whole_months"] == ["2026-09", "2026-10"]
    contracts = seed_rows(tmp_path, "tenant_contracts")
    without = {t.tenant_id for t in tenants()} - {row["tenant_id"] for row in contracts}
    assert without | {"brightdesk-internal"} == set(told["unknown_revenue"])
    losing = set()
    for row in contracts:
        cost = monthly(whole, "named_tenant", row["tenant_id"])
        for month in told["whole_months"]:
            fee, spent = Decimal(row["monthly_fee_usd"]), cost.get(month, Decimal(0))
            if fee < spent:
                losing.add((row["tenant_id"], month))
            else:
                assert fee > Decimal("1.3") * spent, (row, month, spent)
    assert losing == {(told["costs_more_than_it_pays"], month) for month in told["whole_months"]}


def test_one_budget_runs_out_before_its_month_is_over(folder: Path, truth: Json) -> None:
    told = truth["money"]["exhausted_budget"]
    rows = {row["budget_id"]: row for row in seed_rows(folder, "budgets")}
    assert len(rows) == 6
    budget, spent = Decimal(told["budget_usd"]), Decimal(told["spent_usd"])
    assert Decimal(rows[told["budget_id"]]["budget_usd"]) == budget
    assert spent < budget < spent * 30 / 20, "twenty days of November are known"


def test_the_seeds_have_the_columns_the_warehouse_reads(folder: Path) -> None:
    expected = {
        "success_events": "feature event_name outcome min_value max_value label window_hours "
        "valid_from valid_to",
        "workflow_limits": "workflow_id max_cost_usd max_steps max_minutes runaway_multiple "
        "min_history_runs valid_from valid_to",
        "plans": "plan daily_limit_usd hourly_limit_usd monthly_limit_usd valid_from valid_to",
        "tenant_contracts": "tenant_id plan monthly_fee_usd included_usage_usd overage_rate "
        "hourly_limit_usd revenue_source valid_from valid_to",
        "budgets": "budget_id scope_type scope_id period budget_usd owner valid_from valid_to",
    }
    for name, columns in expected.items():
        assert list(seed_rows(folder, name)[0]) == columns.split(), name
    plans = {row["plan"] for row in seed_rows(folder, "plans")}
    assert plans == {row["plan"] for row in seed_rows(folder, "tenant_contracts")}
    assert set(SOURCES) == {"product-events", "changes"}
