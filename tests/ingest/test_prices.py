"""The price seeds, and SQL's price of a call against the library they were generated from."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from genai_prices.types import (
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    Usage,
)
from typer.testing import CliRunner

from ingest.prices.aliases import disjunctive_groups
from ingest.prices.catalogue import providers, served_models
from ingest.prices.cli import app
from ingest.prices.columns import METERS, MODEL_ALIAS_COLUMNS, TOKEN_METERS, price_text
from ingest.prices.refresh import refresh_seeds
from ingest.prices.seeds import read_seed, write_seed
from publish.reprice import _replay
from tests.support.pricing import REPOSITORY, build_pricing_warehouse

SEEDS = REPOSITORY / "seeds" / "prices"
RECORDED = REPOSITORY.parent / "shared" / "data" / "recorded_api_calls" / "calls.parquet"
CHECKED_AT = date(2026, 11, 21)
CALL_COUNT = 4_000

Priced = dict[int, tuple[dict[str, object], Decimal, Decimal]]
"""By number: a call, its price by the library, and how far ours may be off."""


# Random calls, priced by the library ------------------------------------------------------------


def _recorded_models() -> list[tuple[str, str]]:
    if not RECORDED.exists():
        return []
    host = {
        "api.openai.com": "openai",
        "api.anthropic.com": "anthropic",
        "generativelanguage.googleapis.com": "google",
        "openrouter.ai": "openrouter",
        "api.groq.com": "groq",
        "api.mistral.ai": "mistral",
        "api.cohere.com": "cohere",
        "api.x.ai": "x-ai",
    }
    found: set[tuple[str, str]] = set()
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select distinct host, m from '{RECORDED}', "
            "lateral (values (request_model), (response_model)) as models (m) where m is not null"
        ).fetchall()
    for name, model in rows:
        provider = host.get(name)
        if "bedrock" in name:
            provider = "aws"
        elif "aiplatform" in name:
            provider = "google"
        elif "azure" in name:
            provider = "azure"
        if provider is not None:
            found.add((provider, model))
    return sorted(found)


MODEL_NAMES = [
    ("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("aws", "global.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("aws", "arn:aws:bedrock:us-east-1:123:inference-profile/us.anthropic.claude-opus-4-5-v1:0"),
    ("azure", "gpt-4o-2024-08-06"),
    ("azure", "claude-sonnet-4-5"),
    ("google", "models/gemini-2.5-flash"),
    ("google", "publishers/google/models/gemini-2.5-pro"),
    ("google", "claude-sonnet-4-5@20250929"),
    ("google", "gemini-2.5-pro-preview-tts"),
    ("google", "gemini-2.5-pro-TTS-x"),
    ("openrouter", "google/gemini-2.5-flash:free"),
    ("openrouter", "openai/gpt-5.2-20251211"),
    ("openai", "gpt-5.2-20251211"),
    ("openai", "GPT-4o"),
    ("openai", "o3-2025-04-16"),
    ("openai", "no-such-model"),
    ("nobody", "gpt-4o"),
]


def _moments(model: ModelInfo, chance: random.Random) -> datetime:
    """A moment that likes to sit on the very edge of a price's validity."""
    starts = [
        constraint.start_date
        for item in [*(model.price_variants or ()), *_conditional(model)]
        if isinstance(constraint := item.constraint, StartDateConstraint)
    ]
    if starts and chance.random() < 0.5:
        midnight = datetime.combine(chance.choice(starts), datetime.min.time(), tzinfo=UTC)
        return midnight + timedelta(microseconds=chance.choice([-1, 0, 1]))
    seconds = chance.randrange(int(timedelta(days=1100).total_seconds()))
    return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _conditional(model: ModelInfo) -> list:  # type: ignore[type-arg]
    return list(model.prices) if isinstance(model.prices, list) else []


def _random_call(number: int) -> tuple[dict[str, object], Decimal, Decimal]:
    """A call on a model of the catalogue, and what the library says it costs."""
    chance = random.Random(number)
    provider, owner, model = chance.choice(_models(is_simple=chance.random() < 0.5))
    moment = _moments(model, chance)
    size = chance.choice([10, 1_000, 50_000, 150_000])
    edge = chance.choice([100_000, 128_000, 200_000, 272_000])
    counts = {
        name: chance.choice([0, chance.randrange(size)])
        for name in ("uncached", "read", "write_5m", "write_1h", "output")
    }
    if chance.random() < 0.3:
        rest = counts["read"] + counts["write_5m"] + counts["write_1h"]
        counts["uncached"] = max(0, edge + chance.choice([0, 1]) - rest)
    has_searches = model.get_prices(moment).web_searches_kcount is not None
    counts["searches"] = chance.choice([0, 1, 3]) if has_searches else 0
    audio = chance.random() < 0.1
    input_audio = chance.randrange(counts["uncached"] + 1) if audio else 0
    read_audio = chance.randrange(counts["read"] + 1) if audio else 0
    output_audio = chance.randrange(counts["output"] + 1) if audio else 0
    context = _context(provider, owner, model, moment, chance)
    call: dict[str, object] = {
        "event_id": str(number),
        "provider": provider.id,
        "model": model.id,
        "started_at": moment,
        "is_batch": context == {"processing": "batch"},
        "service_tier": context.get("service_tier"),
        "speed": context.get("speed"),
        "uncached_input_tokens": counts["uncached"],
        "cache_read_tokens": counts["read"],
        "cache_write_5m_tokens": counts["write_5m"],
        "cache_write_1h_tokens": counts["write_1h"],
        "output_tokens": counts["output"],
        "input_audio_tokens": input_audio if audio else None,
        "cache_read_audio_tokens": read_audio if audio else None,
        "output_audio_tokens": output_audio if audio else None,
        "web_search_requests": counts["searches"],
    }
    writes = counts["write_5m"] + counts["write_1h"]
    usage = Usage(
        input_tokens=counts["uncached"] + counts["read"] + writes,
        cache_read_tokens=counts["read"],
        cache_write_tokens=writes,
        cache_write_5m_tokens=counts["write_5m"],
        cache_write_1h_tokens=counts["write_1h"],
        output_tokens=counts["output"],
        input_audio_tokens=input_audio + read_audio,
        cache_audio_read_tokens=read_audio,
        output_audio_tokens=output_audio,
        web_searches=counts["searches"],
    )
    result = model.calc_price(
        usage, owner, genai_request_timestamp=moment, price_context=context or None
    )
    # Each line is rounded at 12 decimals. A price with more than nine decimals (a few resellers
    # publish thirds) is rounded in the seed, so there the tokens count too.
    finest = max((_decimals(price) for price in result.model_price.__dict__.values()), default=0)
    tolerance = Decimal("5e-12")
    if finest > 9:
        tolerance += (sum(counts.values()) + 1) * Decimal("5e-16")
    return call, result.total_price, tolerance


def _decimals(price: object) -> int:
    exponent = price.as_tuple().exponent if isinstance(price, Decimal) else 0
    return -int(exponent)


def _context(
    provider: Provider,
    owner: Provider,
    model: ModelInfo,
    moment: datetime,
    chance: random.Random,
) -> dict[str, str]:
    """A tier the library prices at this moment, or none."""
    known = [
        variant.when
        for variant in model.price_variants or ()
        if owner is provider
        and variant.when.keys() <= {"processing", "service_tier", "speed"}
        and variant.when.get("service_tier") not in ("default", "fast")
        and (variant.constraint is None or variant.constraint.active(moment))
    ]
    return dict(chance.choice(known)) if known and chance.random() < 0.6 else {}


@functools.cache
def _models(is_simple: bool) -> list[tuple[Provider, Provider, ModelInfo]]:
    """Models that their own id finds; those with one price for good, or those with more."""
    return [
        (provider, owner, model)
        for provider in _PROVIDERS
        for owner, model, _ in served_models(provider)
        if provider.find_model(model.id, all_providers=_PROVIDERS) is model
        and is_simple == (isinstance(model.prices, ModelPrice) and not model.price_variants)
    ]


_PROVIDERS = providers()


@pytest.fixture(scope="module")
def library() -> Priced:
    return {number: _random_call(number) for number in range(CALL_COUNT)}


@pytest.fixture(scope="module")
def warehouse(
    tmp_path_factory: pytest.TempPathFactory,
    library: Priced,
) -> Path:
    calls = [call for call, *_ in library.values()]
    named = [
        {"provider": provider, "model": model, "started_at": datetime(2026, 11, 1, tzinfo=UTC)}
        for provider, model in {*MODEL_NAMES, *_recorded_models()}
    ]
    for number, call in enumerate(named):
        call["event_id"] = f"name {number}"
    return build_pricing_warehouse(tmp_path_factory.mktemp("pricing"), [*calls, *named])


def _empty_hand_seeds(folder: Path) -> dict[str, Path]:
    """Overrides and modifiers without a row: what remains is the catalogue alone."""
    replaced: dict[str, Path] = {}
    for name in ("price_overrides", "price_modifiers"):
        header = (SEEDS / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0]
        replaced[name] = folder / f"{name}.csv"
        replaced[name].write_text(header + "\n", encoding="utf-8")
    return replaced


def _mismatches(
    warehouse: Path,
    replaced: dict[str, Path],
    library: Priced,
) -> tuple[int, int, list[tuple[object, ...]]]:
    """Calls compared, calls SQL leaves unpriced, and those where the prices differ."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        _replay(connection, warehouse, replaced)
        rows = connection.execute(
            "select cast(event_id as integer), price_id, computed_cost_usd"
            " from intermediate.int_calls_priced where event_id not like 'name %'"
        ).fetchall()
    assert {row[0] for row in rows} == set(library)
    compared = unpriced = 0
    wrong: list[tuple[object, ...]] = []
    for number, price_id, cost in rows:
        call, expected, tolerance = library[number]
        if cost is None:
            unpriced += 1
            continue
        compared += 1
        if abs(cost - expected) > tolerance:
            wrong.append((price_id, cost, expected, call))
    return compared, unpriced, wrong


def test_sql_prices_random_calls_as_the_library_does(
    warehouse: Path,
    library: Priced,
    tmp_path: Path,
) -> None:
    compared, unpriced, wrong = _mismatches(warehouse, _empty_hand_seeds(tmp_path), library)
    assert wrong == []
    assert compared > 0.85 * CALL_COUNT, unpriced
    assert compared + unpriced == CALL_COUNT


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("cache_read_usd_per_million", lambda text: price_text(Decimal(text) * 2)),
        ("input_tokens_over", lambda text: str(int(text) + 1) if text != "0" else text),
        ("valid_to", lambda text: f"{text} 00:00:00.000001" if text else text),
    ],
)
def test_one_wrong_column_of_the_list_is_seen(
    warehouse: Path,
    library: Priced,
    tmp_path: Path,
    column: str,
    change: Callable[[str], str],
) -> None:
    rows = read_seed(SEEDS / "price_list.csv")
    for row in rows:
        row[column] = change(row[column]) if row[column] else row[column]
    faulty = tmp_path / "price_list.csv"
    write_seed(faulty, list(rows[0]), rows)
    replaced = _empty_hand_seeds(tmp_path) | {"price_list": faulty}
    assert _mismatches(warehouse, replaced, library)[2] != []


def test_sql_leaves_unpriced_only_what_the_list_does_not_price(
    warehouse: Path,
    library: Priced,
    tmp_path: Path,
) -> None:
    """An unpriced call uses a meter for which its price row is empty, or finds no row."""
    meters = {
        "uncached_input_tokens": "input_usd_per_million",
        "cache_read_tokens": "cache_read_usd_per_million",
        "cache_write_5m_tokens": "cache_write_5m_usd_per_million",
        "cache_write_1h_tokens": "cache_write_1h_usd_per_million",
        "output_tokens": "output_usd_per_million",
        "web_search_requests": "web_search_usd_per_thousand",
    }
    used = " or ".join(
        f"(coalesce({quantity}, 0) > 0 and {price} is null)" for quantity, price in meters.items()
    )
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        _replay(connection, warehouse, _empty_hand_seeds(tmp_path))
        unexplained = connection.execute(
            "select provider, model, price_id from intermediate.int_calls_priced"
            " where computed_cost_usd is null and price_id is not null"
            f" and event_id not like 'name %' and not ({used})"
        ).fetchall()
    assert unexplained == []


# Matching ---------------------------------------------------------------------------------------


def _library_match(provider_id: str, model: str) -> str | None:
    """The library's answer; where it has none, its answer to the name without a path."""
    for provider in _PROVIDERS:
        if provider.id == provider_id:
            found = provider.find_model(model, all_providers=_PROVIDERS)
            if found is None:
                found = provider.find_model(model.rpartition("/")[2], all_providers=_PROVIDERS)
            ids = {id(info): model_id for _, info, model_id in served_models(provider)}
            return None if found is None else ids[id(found)]
    return None


def _match_differences(warehouse: Path, replaced: dict[str, Path]) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        _replay(connection, warehouse, replaced)
        rows = connection.execute(
            "select provider, model, price_model from intermediate.int_models_matched"
            " where coalesce(match_origin, 'generated') = 'generated'"
        ).fetchall()
    assert len(rows) > 500
    return [
        (provider, model, ours, theirs)
        for provider, model, ours in rows
        if ours != (theirs := _library_match(provider, model))
    ]


def test_sql_matches_every_name_as_the_library_does(warehouse: Path) -> None:
    assert _match_differences(warehouse, {}) == []


def test_a_lost_and_a_moved_rule_are_seen(warehouse: Path, tmp_path: Path) -> None:
    rows = read_seed(SEEDS / "model_aliases.csv")
    faulty = tmp_path / "model_aliases.csv"
    write_seed(
        faulty,
        MODEL_ALIAS_COLUMNS,
        [row for row in rows if not (row["provider"] == "openai" and row["pattern"] == "gpt-4o")],
    )
    assert _match_differences(warehouse, {"model_aliases": faulty}) != []
    for row in rows:
        row["rule_order"] = str(2_000_000 - int(row["rule_order"]))
    write_seed(faulty, MODEL_ALIAS_COLUMNS, rows)
    assert _match_differences(warehouse, {"model_aliases": faulty}) != []


def test_recorded_calls_are_matched(warehouse: Path) -> None:
    recorded = _recorded_models()
    if not recorded:
        pytest.skip("../shared/data/recorded_api_calls folder absent")
    unmatched = [pair for pair in recorded if _library_match(*pair) is None]
    assert len(unmatched) < 0.2 * len(recorded), unmatched


def test_nested_clauses_become_groups_of_rows() -> None:
    from genai_prices.types import ClauseAnd, ClauseContains, ClauseEquals, ClauseOr, ClauseRegex

    clause = ClauseOr(
        or_=[
            ClauseEquals(equals="A"),
            ClauseAnd(
                and_=[
                    ClauseContains(contains="b"),
                    ClauseOr(or_=[ClauseEquals(equals="c"), ClauseRegex(regex="^(?!.*d)")]),
                ]
            ),
        ]
    )
    assert disjunctive_groups(clause) == [
        [("equals", "a")],
        [("contains", "b"), ("equals", "c")],
        [("contains", "b"), ("not_regex", "^.*d")],
    ]
    with pytest.raises(ValueError, match="look-around"):
        disjunctive_groups(ClauseRegex(regex="a(?=b)"))


# Refresh ----------------------------------------------------------------------------------------


def test_refresh_gives_the_committed_seeds(tmp_path: Path) -> None:
    """The seeds in the repository are what the pinned catalogue says, byte for byte."""
    day = date.fromisoformat(read_seed(SEEDS / "price_list.csv")[0]["checked_at"])
    (tmp_path / "model_aliases.csv").write_bytes((SEEDS / "model_aliases.csv").read_bytes())
    refresh_seeds(tmp_path, day)
    for name in ("price_list.csv", "model_aliases.csv"):
        assert (tmp_path / name).read_bytes() == (SEEDS / name).read_bytes(), name
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model_aliases.csv",
        "price_list.csv",
    ]


def test_refresh_keeps_hand_rows_and_drops_generated_ones(tmp_path: Path) -> None:
    row = dict.fromkeys(MODEL_ALIAS_COLUMNS, "1") | {
        "provider": "openai",
        "match_kind": "equals",
        "pattern": "our-fine-tune",
        "origin": "hand",
    }
    gone = row | {"pattern": "gone", "origin": "generated"}
    write_seed(tmp_path / "model_aliases.csv", MODEL_ALIAS_COLUMNS, [row, gone])
    refresh_seeds(tmp_path, CHECKED_AT)
    patterns = {alias["pattern"] for alias in read_seed(tmp_path / "model_aliases.csv")}
    assert "our-fine-tune" in patterns
    assert "gone" not in patterns


def test_a_failed_write_leaves_the_old_seed(tmp_path: Path) -> None:
    path = tmp_path / "seed.csv"
    write_seed(path, ["a"], [{"a": "1"}])
    with pytest.raises(ValueError, match="columns"):
        write_seed(path, ["a"], [{"a": "2"}, {"b": "3"}])
    assert path.read_text(encoding="utf-8") == "a\n1\n"
    assert list(tmp_path.iterdir()) == [path]


def test_free_is_zero_and_unknown_is_empty() -> None:
    assert price_text(Decimal(0)) == "0"
    assert price_text(None) == ""
    assert price_text(Decimal("0.19999999999999998")) == "0.2"
    assert price_text(Decimal("0.1234567895")) == "0.12345679"
    assert price_text(Decimal(600)) == "600"


def test_a_model_without_prices_has_no_row() -> None:
    """The library knows these by name only; no row means unpriced, which a 0 would hide."""
    unpriced = [
        model.id
        for provider in _PROVIDERS
        if provider.id == "openrouter"
        for model in provider.models
        if isinstance(model.prices, ModelPrice) and not model.prices.__dict__
    ]
    assert unpriced
    listed = {row["model"] for row in read_seed(SEEDS / "price_list.csv")}
    assert listed.isdisjoint(unpriced)


def test_a_price_the_log_cannot_pick_is_empty() -> None:
    rows = {
        (row["provider"], row["model"]): row
        for row in read_seed(SEEDS / "price_list.csv")
        if row["service_tier"] == "standard"
    }
    image = rows[("google", "gemini-2.5-flash-image")]
    assert image["input_usd_per_million"] == "0.3"
    assert image["output_usd_per_million"] == ""
    assert ("openai", "tts-1") not in rows


# The hand-kept seeds ----------------------------------------------------------------------------


def test_meters_are_the_same_in_seeds_and_sql() -> None:
    macro = (REPOSITORY / "macros/pricing/price_meters.sql").read_text(encoding="utf-8")
    for meter in METERS:
        unit = "million" if meter in TOKEN_METERS else "thousand"
        assert f'{{"name": "{meter}", "per": "{unit}"' in macro
    assert macro.count('"name":') == len(METERS)


@pytest.mark.parametrize("name", ["price_overrides", "contract_prices", "price_modifiers"])
def test_every_hand_price_has_a_source(name: str) -> None:
    for row in read_seed(SEEDS / f"{name}.csv"):
        assert len(row["source"]) > 10, row


# The second catalogue ---------------------------------------------------------------------------


@pytest.fixture
def second_catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "prices.json"
    entries = {
        "sample_spec": {"input_cost_per_token": 1},
        "gpt-4o": {
            "litellm_provider": "openai",
            "input_cost_per_token": 2.5e-06,
            "output_cost_per_token": 1.2e-05,
            "input_cost_per_token_batches": 1.25e-06,
            "cache_read_input_token_cost": 1.26e-06,
        },
        "gemini/gemini-2.5-pro": {
            "litellm_provider": "gemini",
            "input_cost_per_token": 1.25e-06,
            "input_cost_per_token_above_200k_tokens": 5e-06,
        },
        "mystery": {"litellm_provider": "openai", "input_cost_per_token": 1e-06},
    }
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def _check(*arguments: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(
        app, ["check", "--as-of", "2026-11-21", "--seeds", str(SEEDS), *arguments]
    )
    return result.exit_code, result.output.splitlines()


def test_check_prints_both_figures_of_what_differs(second_catalogue: Path) -> None:
    code, lines = _check("--catalogue", str(second_catalogue))
    assert code == 0
    assert lines == [
        "google/gemini-2.5-pro  standard>200000  input: ours 2.5, theirs 5 (50.0%, "
        "gemini/gemini-2.5-pro)",
        "openai/gpt-4o  standard  output: ours 10, theirs 12 (16.7%, gpt-4o)",
        "2 of 6 figures differ by more than 1.0%, in 2 of 2 models; "
        "1 of their models are not in our list",
    ]


def test_check_is_strict_only_when_asked(second_catalogue: Path) -> None:
    assert _check("--catalogue", str(second_catalogue), "--strict")[0] == 1
    assert _check("--catalogue", str(second_catalogue), "--strict", "--over", "0.6")[0] == 0
    code, lines = _check("--catalogue", str(second_catalogue), "--over", "0.001")
    assert code == 0
    assert any("cache_read: ours 1.25, theirs 1.26" in line for line in lines)


@pytest.mark.parametrize(
    "arguments",
    [["--catalogue", "no-such-file.json"], ["--over", "one"], ["--over", "1"], ["--as-of", "May"]],
)
def test_check_refuses_unusable_arguments(second_catalogue: Path, arguments: list[str]) -> None:
    given = ["--catalogue", str(second_catalogue), *arguments]
    assert _check(*given)[0] == 2


def test_refresh_command_writes_the_folder(tmp_path: Path) -> None:
    arguments = ["refresh", "--checked-at", "2026-11-21", "--output", str(tmp_path)]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0, first.output
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert CliRunner().invoke(app, ["refresh", "--checked-at", "x"]).exit_code == 2
