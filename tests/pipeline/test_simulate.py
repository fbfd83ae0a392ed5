"""The simulator: same seed same bytes, a truth an independent reader of the files agrees with.

The reader here is plain Python: it parses every written file on its own terms and knows neither
the generator's tables nor the landing code.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

from pipeline.demo_truth import different
from pipeline.simulate import simulate
from pipeline.simulate.company import tenants
from pipeline.simulate.outcomes.run import SOURCES as OUTCOMES
from pipeline.simulate.providers.bill import SOURCES as BILLS
from pipeline.simulate.randomness import Draws
from pipeline.simulate.run import SOURCES, company_calls, window_of

CALLS = 12_000
DAYS = 28
END = "2026-11-20"
Record = dict[str, Any]
Truth = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("company")
    simulate(path, days=DAYS, seed=7, calls=CALLS, end=END)
    return path


@pytest.fixture(scope="module")
def truth(folder: Path) -> Truth:
    loaded: Truth = json.loads((folder / "truth.json").read_text())
    return loaded


# ------------------------------------------------------------------ an independent reader


def texts(path: Path) -> list[str]:
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data.decode().splitlines()


def snake(record: Record) -> Record:
    return {
        "".join("_" + c.lower() if c.isupper() else c for c in key): value
        for key, value in record.items()
    }


def call_of(record: Record) -> Record | None:
    """A call-log line as (identity, disjoint token classes), or None if it must be refused."""
    try:
        at = record["timestamp"]
        moment = (
            datetime.fromtimestamp(at / 1000, UTC)
            if isinstance(at, int)
            else datetime.fromisoformat(at)
        )
    except (KeyError, ValueError):
        return None
    names = ("provider", "model")
    known = ("success", "timeout", "rate_limited", "error", "aborted")
    failed = record.get("outcome") not in ("success", "aborted")
    if not 2015 < moment.year < 2027 or not all(record.get(name) for name in names):
        return None
    if record["outcome"] not in known or not isinstance(record["latency_ms"], int):
        return None
    tokens = classes(record)
    if tokens is None or (not tokens and not failed) or min([0, *tokens.values()]) < 0:
        return None
    provider = {"gemini": "google"}.get(record["provider"], record["provider"])
    identity = record.get("event_id") or record["request_id"]
    return {
        "id": identity, "day": moment.date().isoformat(), "observed": record["observed_at"],
        "provider": provider, "model": record["model"], "tokens": tokens,
        "is_partial": record.get("is_final") is False,
    }  # fmt: skip


def classes(record: Record) -> Counter[str] | None:
    """Disjoint token classes of flat counts or of a provider's usage; None if they cannot be."""
    usage = record.get("usage")
    if usage is not None:
        return provider_classes(usage)
    if "search_units" in record:
        return Counter(search_units=record["search_units"])
    if "input_tokens" not in record:
        return Counter()
    counts = {
        "uncached_input_tokens": record["input_tokens"],
        "cache_read_tokens": record.get("cached_input_tokens", 0),
        "cache_write_5m_tokens": record.get("cache_write_5m_tokens", 0),
        "cache_write_1h_tokens": record.get("cache_write_1h_tokens", 0),
        "output_tokens": record.get("output_tokens", 0),
        "reasoning_tokens": record.get("reasoning_tokens", 0),
    }
    if not all(isinstance(n, int) for n in counts.values()):
        return None
    for cached in ("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"):
        counts["uncached_input_tokens"] -= counts[cached]
    return Counter(counts)


def provider_classes(usage: Record) -> Counter[str]:
    """The rules of each provider's usage object, by hand."""
    if "billed_units" in usage:
        return Counter(search_units=usage["billed_units"]["search_units"])
    if "promptTokenCount" in usage:  # Gemini: thoughts outside, cache inside
        thoughts, read = usage.get("thoughtsTokenCount", 0), usage.get("cachedContentTokenCount", 0)
        return Counter(
            uncached_input_tokens=usage["promptTokenCount"] - read, cache_read_tokens=read,
            output_tokens=usage["candidatesTokenCount"] + thoughts, reasoning_tokens=thoughts,
        )  # fmt: skip
    if "cache_creation" in usage:  # Anthropic: caches outside, thinking inside
        return Counter(
            uncached_input_tokens=usage["input_tokens"],
            cache_read_tokens=usage["cache_read_input_tokens"],
            cache_write_5m_tokens=usage["cache_creation"]["ephemeral_5m_input_tokens"],
            cache_write_1h_tokens=usage["cache_creation"]["ephemeral_1h_input_tokens"],
            output_tokens=usage["output_tokens"],
            reasoning_tokens=usage["output_tokens_details"]["thinking_tokens"],
            web_search_requests=usage["server_tool_use"]["web_search_requests"],
        )
    whole = usage.get("prompt_tokens", usage.get("input_tokens"))
    inside = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    out = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or {}
    read, written = inside.get("cached_tokens", 0), inside.get("cache_write_tokens", 0)
    return Counter(
        uncached_input_tokens=whole - read - written, cache_read_tokens=read,
        cache_write_5m_tokens=written,
        output_tokens=usage.get("completion_tokens", usage.get("output_tokens", 0)),
        reasoning_tokens=out.get("reasoning_tokens", 0),
    )  # fmt: skip


def call_lines(path: Path) -> Iterator[Record | None]:
    """Every record of a file of ``calls``: a call, or None where it is to be refused."""
    if path.suffix == ".parquet":
        for row in pl.read_parquet(path).iter_rows(named=True):
            shown = {k: v for k, v in row.items() if v is not None}
            times = ("timestamp", "observed_at")
            yield call_of(shown | {name: shown[name].isoformat() for name in times})
        return
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                yield call_of({k: int(v) if v.isdigit() else v for k, v in row.items() if v})
        return
    for text in texts(path):
        try:
            yield call_of(snake(json.loads(text)))
        except json.JSONDecodeError:
            yield None


def gateway_calls(folder: Path) -> Iterator[tuple[str, Record]]:
    """(source, call) of LiteLLM, Langfuse and traces; broken lines and tool spans left out."""
    for source in ("litellm", "langfuse", "otlp"):
        for path in sorted((folder / source).iterdir()):
            for text in texts(path):
                try:
                    record = json.loads(text)
                except json.JSONDecodeError:
                    continue
                reader = {"litellm": litellm, "langfuse": langfuse, "otlp": otlp}[source]
                for call in reader(record):
                    yield source, call


def litellm(row: Record) -> Iterator[Record]:
    usage = json.loads(row["metadata"]).get("usage_object")
    provider = {"gemini": "google"}.get(row["custom_llm_provider"], row["custom_llm_provider"])
    yield {
        "id": row["request_id"], "day": row["startTime"][:10], "provider": provider,
        "model": row["model"], "observed": "", "is_partial": False,
        "tokens": provider_classes(usage) if usage else Counter(),
    }  # fmt: skip


def langfuse(row: Record) -> Iterator[Record]:
    usage = row["usage_details"]
    reasoning = usage.get("output_reasoning_tokens", 0)
    read = usage.get("input_cached_tokens", usage.get("cache_read_input_tokens", 0))
    yield {
        "id": row["id"], "day": row["start_time"][:10], "model": row["provided_model_name"],
        "provider": row["metadata"]["ls_provider"], "observed": row["updated_at"],
        "is_partial": False,
        "tokens": Counter(
            uncached_input_tokens=usage.get("input", 0), cache_read_tokens=read,
            cache_write_5m_tokens=usage.get("cache_creation_input_tokens", 0),
            output_tokens=usage.get("output", 0) + reasoning, reasoning_tokens=reasoning,
        ),
    }  # fmt: skip


def otlp(document: Record) -> Iterator[Record]:
    for span in document["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        said = {pair["key"]: next(iter(pair["value"].values())) for pair in span["attributes"]}
        if said["gen_ai.operation.name"] == "execute_tool":
            continue
        provider = said["gen_ai.provider.name"]
        started = int(span["startTimeUnixNano"]) // 1_000_000
        count = {
            name: int(said.get(f"gen_ai.usage.{name}", 0))
            for name in ("input_tokens", "output_tokens", "cache_read.input_tokens",
                         "cache_creation.input_tokens", "reasoning.output_tokens")
        }  # fmt: skip
        read, written = count["cache_read.input_tokens"], count["cache_creation.input_tokens"]
        yield {
            "id": span["spanId"], "observed": "", "model": said["gen_ai.response.model"],
            "day": datetime.fromtimestamp(started / 1000, UTC).date().isoformat(),
            "provider": {"gcp.gemini": "google"}.get(provider, provider), "is_partial": False,
            "tokens": Counter(
                uncached_input_tokens=count["input_tokens"] - read - written,
                cache_read_tokens=read, cache_write_5m_tokens=written,
                output_tokens=count["output_tokens"],
                reasoning_tokens=count["reasoning.output_tokens"],
            ),
        }  # fmt: skip


def final_calls(folder: Path) -> list[tuple[str, Record]]:
    """One record an event: whole before partial, then the latest written."""
    versions: dict[str, list[tuple[str, Record]]] = defaultdict(list)
    for path in sorted((folder / "calls").rglob("*.*")):
        for call in call_lines(path):
            if call is not None:
                versions[call["id"]].append(("calls", call))
    for source, call in gateway_calls(folder):
        versions[call["id"]].append((source, call))
    return [
        max(found, key=lambda item: (not item[1]["is_partial"], item[1]["observed"]))
        for found in versions.values()
    ]


# ------------------------------------------------------------------ truth = files


@pytest.fixture(scope="module")
def finals(folder: Path) -> list[tuple[str, Record]]:
    return final_calls(folder)


def test_every_event_of_the_truth_is_in_the_files(
    finals: list[tuple[str, Record]], truth: Truth
) -> None:
    assert len(finals) == truth["event_count"]
    sources = Counter(source for source, _ in finals)
    assert sources == {row["source"]: row["call_count"] for row in truth["calls_by_source"]}
    days = Counter(call["day"] for _, call in finals)
    assert days == {row["day"]: row["call_count"] for row in truth["calls_by_day"]}


def test_token_sums_by_model_equal_the_truth(
    finals: list[tuple[str, Record]], truth: Truth
) -> None:
    sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for _, call in finals:
        sums[call["provider"], call["model"]].update(call["tokens"])
        sums[call["provider"], call["model"]]["call_count"] += 1
    expected = {
        (row["provider"], row["model"]): Counter(
            {k: v for k, v in row.items() if k not in ("provider", "model")}
        )
        for row in truth["tokens_by_model"]
    }
    assert sums == expected


def test_every_file_has_as_many_rows_and_refusals_as_the_truth_says(
    folder: Path, truth: Truth
) -> None:
    names = {str(path.relative_to(folder)) for path in (folder / "calls").rglob("*.*")}
    assert names == {name for name in truth["files"] if name.startswith("calls/")}
    for name in names:
        calls = list(call_lines(folder / name))
        expected = truth["files"][name]
        assert len(calls) == expected["rows_read"], name
        assert calls.count(None) == expected["rows_quarantined"], name


def test_duplicates_are_what_was_delivered_before(folder: Path, truth: Truth) -> None:
    seen: set[str] = set()
    for name in sorted(truth["files"], key=lambda name: Path(name).parts):
        if not name.startswith("calls/"):
            continue
        repeated = 0
        for call in call_lines(folder / name):
            if call is None:
                continue
            content = json.dumps({k: v for k, v in call.items() if k != "observed"}, default=dict)
            repeated += content in seen
            seen.add(content)
        assert repeated == truth["files"][name]["rows_duplicate"], name


def test_the_audit_equation_holds_in_the_truth(truth: Truth) -> None:
    for name, row in truth["files"].items():
        kept = row["rows_landed"] + row["rows_duplicate"] + row["rows_quarantined"]
        assert row["rows_read"] == kept, name
    assert truth["totals"]["rows_landed"] == truth["version_count"]
    assert truth["version_count"] - truth["event_count"] == truth["totals"]["rows_superseding"]


def test_every_kind_of_fault_is_planted(folder: Path, truth: Truth) -> None:
    files = {name: row for name, row in truth["files"].items() if name.startswith("calls/")}
    once = {name: row for name, row in files.items() if "redelivered" not in name}
    assert len(files) - len(once) == 2
    for service in ("assistant-api", "agent-runner", "batch-worker"):
        own = [row for name, row in once.items() if name.startswith(f"calls/{service}/")]
        assert sum(row["rows_duplicate"] for row in own) > 0, service
    assert all(n > 0 for name, n in truth["faults"].items() if "tier" not in name)
    assert {"malformed_json", "missing_field", "not_a_model_call"} <= set(
        truth["totals"]["quarantined_by_reason"]
    )
    late = partial = 0
    for path in sorted((folder / "calls" / "assistant-api").iterdir()):
        for call in call_lines(path):
            late += call is not None and call["day"] < path.name[:10]
            partial += call is not None and call["is_partial"]
    assert late > 0.5 * truth["faults"]["late_calls"]
    assert partial >= truth["faults"]["streams_with_snapshots"]


# ------------------------------------------------------------------ determinism


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path: Path) -> None:
    for name, seed in (("first", 3), ("again", 3), ("other", 4)):
        simulate(tmp_path / name, days=14, seed=seed, calls=2_000, end=END)
    assert digest(tmp_path / "first") == digest(tmp_path / "again")
    assert digest(tmp_path / "first") != digest(tmp_path / "other")
    for path in (tmp_path / "first").rglob("*.gz"):
        assert path.read_bytes()[4:8] == b"\0\0\0\0", "the time of writing is in the file"


def test_simulating_again_leaves_no_file_of_the_earlier_run(tmp_path: Path) -> None:
    simulate(tmp_path, days=21, seed=3, calls=1_000, end=END)
    simulate(tmp_path, days=14, seed=3, calls=1_000, end=END)
    truth = json.loads((tmp_path / "truth.json").read_text())
    sources = (*SOURCES, *BILLS, *OUTCOMES)
    written = {str(p.relative_to(tmp_path)) for s in sources for p in (tmp_path / s).rglob("*.*")}
    assert written == set(truth["files"])


def test_a_stream_of_random_numbers_is_fixed_and_uniform() -> None:
    drawn = Draws(7).uniform("x", 50_000)
    assert drawn.to_list()[:5] == Draws(7).uniform("x", 5).to_list()
    assert drawn.mean() == pytest.approx(0.5, abs=0.01)
    assert Draws(7).bits("ids", 100_000).n_unique() == 100_000
    shares = Draws(7).choice("y", 50_000, [1, 3]).mean()
    assert shares == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize(("days", "calls"), [(6, 5_000), (30, 10)])
def test_too_small_a_company_is_refused(tmp_path: Path, days: int, calls: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        simulate(tmp_path, days=days, calls=calls)


# ------------------------------------------------------------------ what the traffic is like


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    calls, _ = company_calls(7, window_of(90, END), 60_000, tenants())
    return calls


def test_size_is_what_was_asked_for(table: pl.DataFrame, truth: Truth) -> None:
    assert abs(table.height - 60_000) < 60_000 * 0.02
    in_calls = next(r["call_count"] for r in truth["calls_by_source"] if r["source"] == "calls")
    assert in_calls >= 0.85 * truth["event_count"]
    assert len(truth["tokens_by_model"]) >= 12


def test_realtime_traffic_sleeps_at_night_and_on_weekends_and_grows(table: pl.DataFrame) -> None:
    realtime = table.filter(pl.col("feature") == 0, pl.col("origin") == "ordinary").with_columns(
        at=pl.from_epoch("started_ms", time_unit="ms")
    )
    by_day = realtime.group_by(pl.col("at").dt.weekday()).len().sort("at")["len"].to_list()
    assert max(by_day[5:]) < 0.5 * min(by_day[:5])
    by_hour = dict(realtime.group_by(pl.col("at").dt.hour()).len().iter_rows())
    assert by_hour[15] > 2.5 * by_hour[4]  # the Americas and Europe awake, or asleep
    half = realtime["at"].min() + (realtime["at"].max() - realtime["at"].min()) / 2  # type: ignore[operator]
    later = realtime.filter(pl.col("at") > half).height
    assert later > 1.1 * (realtime.height - later)


def test_a_few_tenants_are_most_of_the_traffic(table: pl.DataFrame) -> None:
    sizes = table.group_by("tenant").len().sort("len", descending=True)["len"].to_list()
    assert len(sizes) >= 55
    assert sum(sizes[:6]) > 0.5 * table.height
    assert sizes[-1] < 0.001 * table.height


def test_counts_are_possible(table: pl.DataFrame) -> None:
    counts = table.select(pl.selectors.ends_with("_tokens")).drop("prefix_tokens", strict=False)
    assert min(counts.min().row(0)) >= 0
    assert table.filter(pl.col("reasoning_tokens") > pl.col("output_tokens")).is_empty()
    assert table["event_bits"].n_unique() == table.height
    window = window_of(90, END)
    assert table["started_ms"].is_between(window.start_ms, window.end_ms - 1).all()


def test_each_incident_shows_against_the_time_before_it(table: pl.DataFrame) -> None:
    summary = table.filter(pl.col("feature") == 2, pl.col("has_usage"))
    body = pl.col("uncached_input_tokens")
    creeping = pl.col("prompt") == 5
    assert summary.filter(creeping)[body.meta.output_name()].mean() > 1.5 * (  # type: ignore[operator]
        summary.filter(~creeping)[body.meta.output_name()].mean()  # type: ignore[operator]
    )
    copilot = table.filter(pl.col("feature") == 0, pl.col("has_usage"))
    read = copilot.group_by("is_cache_dropped").agg((pl.col("cache_read_tokens") > 0).mean())
    shares = dict(read.iter_rows())
    assert shares[True] < 0.2
    assert shares[False] > 0.6
    storm = table.filter("is_storm")
    assert storm.filter(pl.col("attempt") > 1).height > 0.5 * storm.height
    assert table.filter("is_drift").height > 50
    assert table.filter(pl.col("origin") == "agent_loop")["unit"].n_unique() == 1
    assert table.filter(pl.col("origin") == "weekend_burn").height > 150


def test_incidents_in_the_truth_lie_in_the_period(truth: Truth) -> None:
    kinds = {incident["kind"] for incident in truth["incidents"]}
    assert kinds == {
        "retry_storm", "prompt_creep", "cache_drop", "model_drift", "weekend_burn", "agent_loop",
    }  # fmt: skip
    for incident in truth["incidents"]:
        assert truth["period"]["start"] <= incident["start"] < incident["end_exclusive"]
        assert incident["end_exclusive"] <= truth["period"]["end_exclusive"]
        assert incident["call_count"] > 0, incident["kind"]


def test_no_log_carries_text_of_a_prompt(folder: Path) -> None:
    said = {"prompt", "messages", "content", "input", "output", "completion", "response"}
    for path in sorted(folder.rglob("*.ndjson")):
        for text in texts(path):
            if text.startswith("{") and text.endswith("}"):
                assert not said & json.loads(text).keys()


# ------------------------------------------------------------------ the demo's comparison


def test_the_comparison_sees_both_sides_and_every_column() -> None:
    row = {"call_count": 5, "output_tokens": None}
    same = {"a": row, "b": row}
    columns = ("call_count", "output_tokens")
    assert different(same, {"a": row | {"output_tokens": 0}, "b": row}, columns) == []
    assert different(same, {"a": row}, columns) == ["b: missing"]
    assert different({"a": row}, same, columns) == ["b: not in the truth"]
    wrong = {"a": row | {"output_tokens": 1}, "b": row}
    assert different(same, wrong, columns) == ["a: output_tokens 1 instead of 0"]
