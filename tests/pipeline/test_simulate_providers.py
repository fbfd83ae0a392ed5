"""The simulated bills: prices by hand, files re-read by an independent reader, faults told apart.

The reader is plain Python over the written JSON and CSV files; it knows neither the simulator's
tables nor the landing code.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.demo_bills import Bridges, compare_bills, found_causes
from pipeline.simulate import simulate
from pipeline.simulate.company import SERVICE_NUMBER, tenants
from pipeline.simulate.faults import unknown_model_numbers
from pipeline.simulate.providers.calendar import Calendar, first_of_next
from pipeline.simulate.providers.money import booked_rate, units_per_usd
from pipeline.simulate.providers.prices import Asked, context_threshold, unit_price
from pipeline.simulate.providers.usage import COUNTS, METERS, billed_calls, summed
from pipeline.simulate.run import company_calls, window_of

CALLS, DAYS, END = 12_000, 60, "2026-11-20"
Record = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("billed")
    simulate(path, days=DAYS, seed=7, calls=CALLS, end=END)
    return path


@pytest.fixture(scope="module")
def truth(folder: Path) -> Record:
    loaded: Record = json.loads((folder / "truth.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def billed() -> pl.DataFrame:
    calls, _ = company_calls(7, window_of(DAYS, END), CALLS, tenants())
    return billed_calls(calls, tenants())


def planted(truth: Record, provider: str, month: str, cause: str) -> Decimal:
    found = [
        Decimal(row["amount"])
        for row in truth["providers"]["planted"]
        if (row["provider"], row["billing_month"], row["cause"]) == (provider, month, cause)
    ]
    assert len(found) == 1, (provider, month, cause)
    return found[0]


# ------------------------------------------------------------------ prices, by hand


@pytest.mark.parametrize(
    ("asked", "usd_per_million"),
    [
        (("openai", "gpt-5-mini", "standard", False, "input", "2026-10-01"), "0.25"),
        (("openai", "gpt-5-mini", "standard", False, "cache_read", "2026-10-01"), "0.025"),
        # before its tier is listed, an override halves the standard price
        (("openai", "gpt-5.4", "batch", False, "cache_read", "2026-10-13"), "0.125"),
        (("openai", "gpt-5.4", "batch", False, "cache_read", "2026-10-14"), "0.13"),
        # the longer pattern wins: gpt-5* over *, and cached batch input of others is not halved
        (("openai", "gpt-4.1-mini", "batch", False, "cache_read", "2026-10-01"), "0.1"),
        (("openai", "gpt-5-nano", "priority", False, "input", "2026-10-01"), None),
        (("anthropic", "claude-sonnet-4-5", "standard", True, "output", "2026-10-01"), "22.5"),
        (("google", "gemini-2.5-pro", "standard", True, "input", "2026-10-01"), "2.5"),
        (("google", "gemini-2.5-pro", "batch", True, "input", "2026-10-01"), "1.25"),
        (("openai", "gpt-5.6-sol", "standard", False, "output", "2026-08-20"), "30"),
        (("openai", "gpt-5.6-sol", "standard", False, "output", "2026-08-21"), "20"),
    ],
)
def test_list_prices(asked: tuple[Any, ...], usd_per_million: str | None) -> None:
    provider, model, tier, is_long, meter, day = asked
    asked_for = Asked(provider, model, tier, is_long, meter, dt.date.fromisoformat(day))
    expected = None if usd_per_million is None else Decimal(usd_per_million) / 1_000_000
    assert unit_price(asked_for) == expected


def test_tools_are_priced_by_the_thousand() -> None:
    day = dt.date(2026, 10, 1)
    search = Asked("anthropic", "claude-sonnet-5", "standard", False, "web_search", day)
    assert unit_price(search) == Decimal("0.01")
    rerank = Asked("cohere", "rerank-v3.5", "standard", False, "search_unit", day)
    assert unit_price(rerank) == Decimal("0.002")
    assert context_threshold("google", "gemini-2.5-pro") == 200_000
    assert context_threshold("openai", "gpt-5-mini") is None


def test_months_that_are_over() -> None:
    assert first_of_next("2026-12") == dt.date(2027, 1, 1)
    calendar = Calendar(dt.date(2026, 8, 23), dt.date(2026, 11, 21))
    assert calendar.closed == ["2026-08", "2026-09", "2026-10"]
    assert len(calendar.days("2026-08")) == 9
    assert Calendar(dt.date(2026, 10, 1), dt.date(2026, 10, 31)).closed == []
    assert Calendar(dt.date(2026, 10, 1), dt.date(2026, 11, 1)).closed == ["2026-10"]


# ------------------------------------------------------------------ an independent reader


def buckets(folder: Path, name: str) -> dict[str, list[Record]]:
    """Results by day of an API folder; what a later file states of a day replaces it."""
    found: dict[str, list[Record]] = {}
    for path in sorted((folder / name).glob("*.json"), key=lambda path: "restated" in path.name):
        page = json.loads(path.read_text())
        for bucket in page["data"]:
            at = bucket.get("starting_at")
            day = at[:10] if at else dt.datetime.fromtimestamp(bucket["start_time"], dt.UTC).date()
            found[str(day)] = bucket["results"]
    return found


def invoice_lines(folder: Path) -> list[Record]:
    return [
        row
        for path in sorted((folder / "invoices").iterdir())
        for row in csv.DictReader(path.open(newline=""))
    ]


def export_cost(folder: Path, provider: str, month: str) -> Decimal:
    """What the files of a provider charge for a month, credits left out."""
    total = Decimal(0)
    if provider == "openai":
        for day, results in buckets(folder, "openai-costs").items():
            if day.startswith(month):
                total += sum(Decimal(result["amount"]["value"]) for result in results)
    if provider == "anthropic":
        for day, results in buckets(folder, "anthropic-costs").items():
            if day.startswith(month):
                total += sum((Decimal(result["amount"]) for result in results), Decimal(0)) / 100
        console = folder / "anthropic-costs" / f"console-{month}.csv"
        if console.exists():
            rows = csv.DictReader(console.open(newline=""))
            total += sum(Decimal(row["cost_usd"]) for row in rows)
    if provider == "google":
        for row in billing_rows(folder, month):
            total += row["cost"]
    return total


def billing_rows(folder: Path, month: str) -> list[Record]:
    text = (folder / "gcp-billing" / f"{month}.json").read_text()
    return [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in text.splitlines()]


@pytest.mark.parametrize("month", ["2026-09", "2026-10"])
@pytest.mark.parametrize("provider", ["openai", "anthropic", "google"])
def test_invoices_round_what_the_exports_charge(
    folder: Path, truth: Record, provider: str, month: str
) -> None:
    lines = [
        row for row in invoice_lines(folder)
        if (row["issuer"], row["billing_month"]) == (provider, month)
    ]  # fmt: skip
    usage = sum(Decimal(row["amount"]) for row in lines if row["line_category"] == "usage")
    rounding = planted(truth, provider, month, "")
    assert usage - export_cost(folder, provider, month) == rounding
    [stated] = {
        Decimal(row["invoice_total"]) for row in lines if not row["invoice_id"].startswith("CN")
    }
    [entry] = [
        m for m in truth["providers"]["months"]
        if (m["provider"], m["billing_month"]) == (provider, month)
    ]  # fmt: skip
    assert format(stated, "f") in entry["invoices"].values()


def test_the_bridge_of_the_truth_is_complete(folder: Path, truth: Record) -> None:
    """Metered cost and everything planted sum to what is invoiced: nothing is left over."""
    for month in truth["providers"]["months"]:
        place = month["provider"], month["billing_month"]
        causes = [
            Decimal(row["amount"])
            for row in truth["providers"]["planted"]
            if (row["provider"], row["billing_month"]) == place
        ]
        total = sum(Decimal(total) for total in month["invoices"].values())
        assert Decimal(month["metered_cost"]) + sum(causes) == total, place


def test_every_cause_is_planted_once_in_the_last_month(truth: Record) -> None:
    causes = Counter(
        (row["step"], row["cause"])
        for row in truth["providers"]["planted"]
        if row["billing_month"] == "2026-10"
    )
    wanted = {
        (20, "day_cut"), (31, "missing_calls"), (31, "duplicate_calls"), (31, "aborted_streams"),
        (31, "cache_split"), (31, "tier_mix"), (31, "tool_fees"), (32, "untracked_keys"),
        (41, "unpriced_usage"), (42, "price_change"), (42, "usage_not_billed"), (42, "discount"),
        (50, ""), (71, "credit"), (71, "credit_note"), (72, "commitment_true_up"), (73, "fee"),
        (74, "tax"),
    }  # fmt: skip
    assert wanted <= set(causes)


def test_usage_pages_sum_to_the_calls_and_what_was_planted(
    folder: Path, billed: pl.DataFrame, truth: Record
) -> None:
    """On days without a fault a key's tokens are those of its calls; requests too."""
    touched = {word for row in truth["providers"]["planted"] for word in row["what"].split()}
    calls: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    september = billed.filter(
        (pl.col("provider") == "openai") & (pl.col("day") < dt.date(2026, 10, 1))
    )
    for row in september.iter_rows(named=True):
        place = row["day"].isoformat(), row["key"]
        calls[place].update(
            requests=row["requests"], output=row["output"],
            input=row["input"] + row["cache_read"] + row["cache_write_5m"],
        )  # fmt: skip
    said: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for endpoint in ("completions", "embeddings"):
        for day, results in buckets(folder, f"openai-usage/{endpoint}").items():
            if day >= "2026-10-01":
                continue
            for result in results:
                said[day, result["api_key_id"]].update(
                    requests=result["num_model_requests"], input=result["input_tokens"],
                    output=result.get("output_tokens", 0),
                )  # fmt: skip
    assert not {day for day, _ in said} & touched
    assert said == calls


def day_of(truth: Record, cause: str) -> dt.date:
    [what] = [row["what"] for row in truth["providers"]["planted"] if row["cause"] == cause]
    [day] = [word for word in what.split() if word.startswith("2026-")]
    return dt.date.fromisoformat(day)


def difference(folder: Path, billed: pl.DataFrame, day: dt.date) -> Counter[str]:
    """What OpenAI's pages say of a day beyond the calls of the company; batches apart."""
    found: Counter[str] = Counter()
    for endpoint in ("completions", "embeddings"):
        for result in buckets(folder, f"openai-usage/{endpoint}")[day.isoformat()]:
            assert min(n for n in result.values() if type(n) is int) >= 0
            cached = result.get("input_cached_tokens", 0)
            found.update(
                requests=result["num_model_requests"], cached=cached,
                uncached=result["input_tokens"] - cached, output=result.get("output_tokens", 0),
                batch=result["num_model_requests"] * result["batch"],
            )  # fmt: skip
    calls = billed.filter((pl.col("provider") == "openai") & (pl.col("day") == day))
    found.subtract(counted(calls))
    return Counter({name: n for name, n in found.items() if n})


def counted(calls: pl.DataFrame) -> Counter[str]:
    sums = {name: int(calls[name].sum()) for name in COUNTS}
    return Counter(
        requests=calls.height, cached=sums["cache_read"], output=sums["output"],
        uncached=sums["input"] + sums["cache_write_5m"],
        batch=calls.filter(pl.col("tier") == "batch").height,
    )  # fmt: skip


def test_lost_and_doubled_calls_are_whole_calls(
    folder: Path, billed: pl.DataFrame, truth: Record
) -> None:
    def of(cause: str, service: str, where: bool | pl.Expr = True) -> tuple[dt.date, pl.DataFrame]:
        day = day_of(truth, cause)
        own = (pl.col("provider") == "openai") & (pl.col("day") == day) & where
        return day, billed.filter(own & (pl.col("service") == SERVICE_NUMBER[service]))

    day, lost = of("missing_calls", "batch-worker")
    assert lost.height > 0
    assert difference(folder, billed, day) == Counter({k: n for k, n in counted(lost).items() if n})
    day, twice = of("duplicate_calls", "agent-runner", pl.col("op") % 2 == 0)
    assert twice.height > 0
    expected = Counter({k: -n for k, n in counted(twice).items() if n})
    assert difference(folder, billed, day) == expected


def test_moved_tokens_stay_as_many(folder: Path, billed: pl.DataFrame, truth: Record) -> None:
    split = difference(folder, billed, day_of(truth, "cache_split"))
    assert set(split) == {"cached", "uncached"}
    assert split["cached"] == -split["uncached"] > 0
    day = day_of(truth, "tier_mix")
    own = (pl.col("provider") == "openai") & (pl.col("day") == day) & (pl.col("tier") == "batch")
    assert difference(folder, billed, day) == Counter(batch=-billed.filter(own).height)


def test_anthropic_usage_is_that_of_the_calls(folder: Path, billed: pl.DataFrame) -> None:
    own = billed.filter(pl.col("provider") == "anthropic")
    said: Counter[str] = Counter()
    for results in buckets(folder, "anthropic-usage").values():
        for result in results:
            assert "requests" not in json.dumps(list(result))
            said.update(
                input=result["uncached_input_tokens"], output=result["output_tokens"],
                read=result["cache_read_input_tokens"],
                five=result["cache_creation"]["ephemeral_5m_input_tokens"],
                hour=result["cache_creation"]["ephemeral_1h_input_tokens"],
                search=result["server_tool_use"]["web_search_requests"],
            )  # fmt: skip
    sums = {name: int(own[name].sum()) for name in COUNTS}
    assert said == Counter(
        input=sums["input"], output=sums["output"], read=sums["cache_read"],
        five=sums["cache_write_5m"], hour=sums["cache_write_1h"],
        search=sums["web_search"],
    )  # fmt: skip


def test_google_rows_are_of_pacific_days_with_their_discount(
    folder: Path, truth: Record, billed: pl.DataFrame
) -> None:
    rows = billing_rows(folder, "2026-10")
    own = billed.filter(
        (pl.col("provider") == "google") & (pl.col("day").dt.strftime("%Y-%m") == "2026-10")
    )
    tokens = sum(int(own[name].sum()) for name in ("input", "cache_read", "output"))
    assert sum(row["usage"]["amount"] for row in rows) == tokens
    [month] = [
        m for m in truth["providers"]["months"]
        if (m["provider"], m["billing_month"]) == ("google", "2026-10")
    ]  # fmt: skip
    at_list = sum(row["cost_at_list"] for row in rows)
    cut = planted(truth, "google", "2026-10", "day_cut")
    assert at_list == Decimal(month["metered_cost"]) + cut
    # midnight in Los Angeles is 07:00 UTC until the first Sunday of November
    assert {row["usage_start_time"][11:] for row in rows} == {"07:00:00 UTC"}
    assert {row["invoice"]["month"] for row in rows} == {"202610"}
    off = sum(row["cost"] - row["cost_at_list"] for row in rows)
    assert off == planted(truth, "google", "2026-10", "discount")
    for row in rows:
        credits = sum(credit["amount"] for credit in row["credits"])
        assert credits == -row["cost"] * Decimal("0.05")
        assert row["cost"] == row["cost_at_list"] * Decimal("0.88")
        stated = row["usage"]["amount"] * row["price"]["effective_price"] / 1_000_000
        assert abs(stated - row["cost"]) <= Decimal("0.000001")


def test_the_restated_day_was_smaller_at_first(
    folder: Path, truth: Record, billed: pl.DataFrame
) -> None:
    restated = truth["providers"]["restated"]
    day, month = restated["day"], restated["day"][:7]
    first: list[Record] = []
    for path in sorted((folder / "openai-costs").glob(f"{month}.page-*.json")):
        for bucket in json.loads(path.read_text())["data"]:
            if str(dt.datetime.fromtimestamp(bucket["start_time"], dt.UTC).date()) == day:
                first = bucket["results"]
    before = sum(Decimal(result["amount"]["value"]) for result in first)
    after = sum(
        Decimal(result["amount"]["value"]) for result in buckets(folder, "openai-costs")[day]
    )
    assert (before, after) == (Decimal(restated["cost_before"]), Decimal(restated["cost"]))
    assert 0 < before < after
    known = (pl.col("day") == dt.date.fromisoformat(day)) & (pl.col("hour") < 14)
    early = billed.filter((pl.col("provider") == "openai") & known)
    requests = 0
    for path in sorted((folder / "openai-usage").glob(f"*/{month}.page-*.json")):
        for bucket in json.loads(path.read_text())["data"]:
            if str(dt.datetime.fromtimestamp(bucket["start_time"], dt.UTC).date()) == day:
                requests += sum(result["num_model_requests"] for result in bucket["results"])
    assert requests == early.height > 0


def fault_days(truth: Record) -> list[str]:
    return [
        word.rstrip(",")
        for row in truth["providers"]["planted"]
        if row["step"] == 31 or row["cause"] in ("usage_not_billed", "price_change")
        for word in row["what"].split()
        if word.startswith("2026-")
    ]


def test_no_day_carries_two_faults_of_quantities(truth: Record, tmp_path: Path) -> None:
    assert len(fault_days(truth)) == len(set(fault_days(truth))) == 6
    # eight days of October lie in the period, two of them on a weekend
    short = simulate(tmp_path, days=28, seed=7, calls=12_000, end=END)
    assert len(fault_days(short)) == len(set(fault_days(short))) >= 5


def test_cohere_bills_canadian_dollars(folder: Path) -> None:
    for row in invoice_lines(folder):
        if row["issuer"] == "cohere":
            units = int(row["quantity"]) * Decimal("0.002")
            rate = units_per_usd("CAD", row["billing_month"])
            assert abs(Decimal(row["amount"]) - units * rate) <= Decimal("0.005")
            assert Decimal(row["booked_rate"]) == booked_rate("CAD", row["billing_month"])
            assert row["currency"] == "CAD"
    assert units_per_usd("USD", "2026-10") == 1
    assert units_per_usd("CAD", "2026-10") == Decimal("1.360")
    assert booked_rate("CAD", "2026-10") == Decimal("0.7353")  # 1 / 1.36


def test_app_cache_hits_and_refused_calls_are_no_usage(billed: pl.DataFrame) -> None:
    calls, _ = company_calls(7, window_of(DAYS, END), CALLS, tenants())
    assert calls["cache_hit"].sum() > 0
    assert billed.filter(pl.col("outcome") == "rate_limited").is_empty()
    assert summed(billed)["requests"].sum() == billed.height
    answered = calls.filter(pl.col("has_usage") & ~pl.col("cache_hit"))
    nobodys = answered.filter(pl.col("model").is_in(unknown_model_numbers())).height
    silent = pl.sum_horizontal(list(METERS)) == 0
    assert billed.filter(~silent).height == answered.height - nobodys
    assert set(billed["provider"].unique()) == {"openai", "anthropic", "google", "cohere"}


@pytest.mark.parametrize("days", [8, 20, 22])
def test_a_short_period_has_exports_and_maybe_no_invoice(tmp_path: Path, days: int) -> None:
    """Of 2026-10 lie 0, 0 and 1 days in the period: too few to plant faults in."""
    truth = simulate(tmp_path, days=days, seed=3, calls=2_000, end="2026-11-20")
    bills = truth["providers"]
    assert (tmp_path / "openai-costs").is_dir()
    assert not [row for row in bills["planted"] if row["step"] in (31, 32)]
    assert bool(bills["months"]) == (days == 22)


# ------------------------------------------------------------------ the demo's comparison


def bridges_of(truth: Record) -> Bridges:
    """A warehouse's bridges that say exactly what was planted."""
    by_place: dict[tuple[str, str, int, str], Decimal] = defaultdict(Decimal)
    for row in truth["providers"]["planted"]:
        by_place[row["provider"], row["billing_month"], row["step"], row["cause"]] += Decimal(
            row["amount"]
        )
    return Bridges(by_place, {})


def test_planted_causes_are_found_to_the_cent_and_not_beyond(truth: Record) -> None:
    bridges = bridges_of(truth)
    assert all(found.is_right for found in found_causes(truth, bridges))
    place = ("openai", "2026-10", 31, "tier_mix")
    bridges.by_place[place] += Decimal("0.004")
    assert all(found.is_right for found in found_causes(truth, bridges))
    bridges.by_place[place] += Decimal("0.002")
    [wrong] = [found for found in found_causes(truth, bridges) if not found.is_right]
    assert wrong.planted["cause"] == "tier_mix"


def test_a_period_without_a_month_over_has_nothing_to_compare(tmp_path: Path) -> None:
    truth: Record = {"providers": {"months": [], "planted": [], "restated": {}}}
    assert compare_bills(truth, tmp_path / "none.duckdb") == []
