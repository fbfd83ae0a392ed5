"""OpenRouter's activity: API and both CSVs say the same, own keys are no charge."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ingest.errors import InputError
from tests.support.exports import ExportLake
from tests.support.usage import shared


def header(name: str) -> str:
    return shared("fixtures", "openrouter", name).read_text().strip()


def test_the_documented_activity_lands_money_and_quantities(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.land("openrouter", shared("fixtures", "openrouter", "activity_api.documented.json"))
    assert lake.meters() == {"requests": 5, "input": 50, "output": 125}
    [line] = [row for row in lake.rows() if row["line_kind"] == "cost"]
    expected = {
        "dataset": "activity",
        "issuer": "openrouter",
        "amount": Decimal("0.015"),
        "currency": "USD",
        "model": "openai/gpt-4.1-2025-04-14",
        "service": "OpenAI",
        "sku_id": "550e8400-e29b-41d4-a716-446655440000",
        "tags": '{"byok_usage_inference": "0.012", "model": "openai/gpt-4.1",'
        ' "reasoning_tokens": "25"}',
    }
    assert {name: line[name] for name in expected} == expected
    assert len({row["line_id"] for row in lake.rows()}) == 1
    assert sorted(row["line_index"] for row in lake.rows()) == [0, 1, 2, 3]


def test_the_daily_csv_supersedes_the_api_of_the_day(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.land("openrouter", shared("fixtures", "openrouter", "activity_api.documented.json"))
    row = '"2025-08-24 00:00:00","openai/gpt-4.1-2025-04-14","0.015","0","5","60","125","0"'
    content = f"{header('activity_daily_export.header.csv')}\n{row}\n"
    assert lake.land_new("openrouter", "daily.csv", content).rows_superseding == 1
    assert lake.meters() == {"requests": 5, "input": 60, "output": 125}
    assert lake.amount(dataset="activity_daily") == Decimal("0.015")


def test_generations_take_cached_tokens_out_of_the_prompt(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    names = header("activity_generations_export.header_2026-09.csv").split(",")
    said = {
        "generation_id": "gen-1",
        "created_at": "2026-09-14T10:11:12.345Z",
        "cost_total": "0.0000123456789012",
        "cost_web_search": "0.000001",
        "cost_cache": "0",
        "tokens_prompt": "100",
        "tokens_completion": "10",
        "tokens_reasoning": "11",  # more than the completion: real, and no reason to refuse
        "tokens_cached": "60",
        "model_permaslug": "minimax/minimax-m2",
        "provider_name": "Minimax",
        "variant": "free",
        "user": "jane",
        "api_key_name": "prod",
        "app_name": "support-bot",
    }
    over = said | {"generation_id": "gen-2", "tokens_cached": "101"}
    rows = [",".join(row.get(name, "") for name in names) for row in (said, over)]
    result = lake.land_new("openrouter", "generations.csv", "\n".join([",".join(names), *rows]))
    assert (result.rows_landed, result.rows_quarantined) == (1, 1)
    assert lake.meters(service_tier="free", api_key_name="prod") == {
        "requests": 1, "input": 40, "cache_read": 60, "output": 10,
    }  # fmt: skip
    # what the generation cost in all holds the web search already
    assert lake.amount() == Decimal("0.0000123456789012")
    assert "jane" not in str(lake.rows()) + str(lake.refused())
    assert lake.refused()[0]["field"] == "tokens_cached"


def test_generations_exported_in_halves_of_a_day_complement_each_other(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    head = "generation_id,created_at,cost_total,tokens_prompt,tokens_completion,model_permaslug"
    morning = [f"gen-{n},2026-09-14 0{n}:00:00,0.1,10,1,a/b" for n in range(4)]
    evening = [f"gen-{n},2026-09-14 2{n}:00:00,0.1,10,1,a/b" for n in range(3)]
    lake.land_new("openrouter", "am.csv", "\n".join([head, *morning]))
    assert lake.land_new("openrouter", "pm.csv", "\n".join([head, *evening])).rows_superseding == 0
    assert lake.amount() == Decimal("0.7")
    # the whole day again says the same: nothing is written
    whole = lake.land_new("openrouter", "day.csv", "\n".join([head, *morning, *evening]))
    assert (whole.rows_landed, whole.rows_duplicate) == (0, 7)


def test_another_table_is_of_no_known_shape(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    with pytest.raises(InputError, match="unknown shape"):
        lake.land_new("openrouter", "x.csv", "date,amount\n2026-09-14,1\n")
    with pytest.raises(InputError, match="unknown shape"):
        lake.land_new("openrouter", "x.json", {"data": [{"id": 1}]})
