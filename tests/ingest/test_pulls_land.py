"""``python -m ingest <source> --from --to`` from the request to the lake."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest.cli import app
from ingest.errors import TokenhouseError
from ingest.lake import Lake
from ingest.schemas import table_of
from tests.support.report_api import KEY, ReportApi, api, body, slow, status

__all__ = ["api"]
ROOT = Path(__file__).resolve().parents[2]
DAYS = ["--from", "2026-10-01", "--to", "2026-10-03"]


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOKENHOUSE_DATA", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> None:
    app(list(arguments), standalone_mode=False)


def landed(columns: str, where: str = "is_current") -> list[tuple[Any, ...]]:
    """Rows of raw/provider_lines in a stable order."""
    store = Lake(Path(os.environ["TOKENHOUSE_DATA"]) / "raw")
    table = table_of("openai-costs")
    paths = [
        str(store.folder(table) / file.path)
        for day in store.files(store.open(table)).values()
        for file in day
    ]
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        return con.execute(
            f"select {columns} from read_parquet({paths!r}) where {where} order by all"
        ).fetchall()


def cost(value: object, line_item: str = "gpt-5, input", **more: Any) -> dict[str, Any]:
    return {
        "object": "organization.costs.result",
        "amount": {"value": value, "currency": "usd"},
        "line_item": line_item,
        "project_id": "proj_1",
        "api_key_id": "key_1",
        "quantity": None,
        "quantity_unit": None,
    } | more


def test_costs_land_with_their_own_digits(api: ReportApi) -> None:
    api.page_days = 2
    api.results["costs"] = {
        "2026-10-01": [cost("0.060000000000000001")],
        "2026-10-03": [cost(1.25), cost(0.5, "gpt-5, output")],
    }
    run("openai-costs", *DAYS)
    assert landed("cast(event_date as varchar), line_item, amount, currency, project_id") == [
        ("2026-10-01", "gpt-5, input", Decimal("0.060000000000000001"), "USD", "proj_1"),
        ("2026-10-03", "gpt-5, input", Decimal("1.25"), "USD", "proj_1"),
        ("2026-10-03", "gpt-5, output", Decimal("0.5"), "USD", "proj_1"),
    ]


def test_the_same_pull_again_changes_nothing(api: ReportApi) -> None:
    api.results["costs"] = {"2026-10-01": [cost(1)]}
    run("openai-costs", *DAYS)
    run("openai-costs", *DAYS)
    assert len(api.asked) == 2  # a landed pull is not continued: the day may have changed
    assert landed("amount", "true") == [(Decimal(1),)]


def test_a_changed_past_day_supersedes_the_earlier(api: ReportApi) -> None:
    api.results["costs"] = {"2026-10-01": [cost(1)], "2026-10-02": [cost(2)]}
    run("openai-costs", *DAYS)
    api.results["costs"]["2026-10-01"] = [cost("1.50")]
    run("openai-costs", *DAYS)
    assert landed("cast(event_date as varchar), amount") == [
        ("2026-10-01", Decimal("1.5")),
        ("2026-10-02", Decimal(2)),
    ]
    assert landed("amount", "not is_current") == [(Decimal(1),)]


def test_an_empty_day_states_nothing(api: ReportApi) -> None:
    api.results["costs"] = {"2026-10-01": [cost(1)], "2026-10-02": [cost(2)]}
    run("openai-costs", *DAYS)
    api.results["costs"]["2026-10-02"] = []
    run("openai-costs", *DAYS)
    assert landed("amount") == [(Decimal(1),), (Decimal(2),)]


def test_a_smaller_day_is_refused_and_taken_from_disk_when_told(api: ReportApi) -> None:
    api.results["costs"] = {"2026-10-01": [cost(10)]}
    run("openai-costs", *DAYS)
    api.results["costs"]["2026-10-01"] = [cost(1)]
    with pytest.raises(TokenhouseError, match="2026-10-01") as caught:
        run("openai-costs", *DAYS)
    assert caught.value.exit_code == 2
    assert landed("amount") == [(Decimal(10),)]
    api.asked.clear()
    run("openai-costs", *DAYS, "--accept-smaller")
    assert api.asked == []  # the pages were fetched already
    assert landed("amount") == [(Decimal(1),)]


def test_schema_drift_quarantines_the_row_and_lands_the_rest(api: ReportApi, lake: Path) -> None:
    api.results["costs"] = {
        "2026-10-01": [
            cost(1, a_new_field={"x": 1}),
            cost("free", "gpt-5, output"),
            {"object": "organization.costs.result", "cost": 3},
        ]
    }
    run("openai-costs", *DAYS)
    assert landed("amount") == [(Decimal(1),)]
    quarantined = duckdb.sql(
        f"select field, value from read_parquet('{lake}/quarantine/**/*.parquet') order by all"
    ).fetchall()
    assert len(quarantined) == 2
    assert any(value == "free" for _, value in quarantined)


def test_anthropic_cents_are_dollars(api: ReportApi) -> None:
    row = {
        "amount": "123.78912",
        "currency": "USD",
        "cost_type": "tokens",
        "description": "Claude Sonnet 4 Usage - Input Tokens",
        "model": "claude-sonnet-4",
        "token_type": "uncached_input_tokens",
        "workspace_id": None,
    }
    api.results["cost_report"] = {"2026-10-02": [row, row | {"workspace_id": "wrkspc_1"}]}
    run("anthropic-costs", *DAYS)
    assert landed("project_id, amount, currency") == [
        ("(default)", Decimal("1.2378912"), "USD"),
        ("wrkspc_1", Decimal("1.2378912"), "USD"),
    ]


def test_openrouter_days_land(api: ReportApi) -> None:
    day = (dt.datetime.now(dt.UTC) - dt.timedelta(days=2)).date().isoformat()
    api.results["activity"] = {
        day: [
            {
                "date": day,
                "model": "openai/gpt-4.1",
                "model_permaslug": "openai/gpt-4.1-2025-04-14",
                "endpoint_id": "550e8400",
                "provider_name": "OpenAI",
                "usage": 0.015,
                "byok_usage_inference": 0,
                "requests": 5,
                "prompt_tokens": 50,
                "completion_tokens": 125,
                "reasoning_tokens": 25,
            }
        ]
    }
    run("openrouter", "--from", day)
    assert landed("amount", "is_current and line_kind = 'cost'") == [(Decimal("0.015"),)]


def test_the_next_pull_begins_a_window_before_the_last_landed_day(api: ReportApi) -> None:
    yesterday = (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).date()
    run("openai-costs", "--from", str(yesterday - dt.timedelta(days=20)), "--to", str(yesterday))
    api.asked.clear()
    run("openai-costs", "--restate-days", "3")
    first = dt.datetime.combine(yesterday - dt.timedelta(days=3), dt.time(), dt.UTC)
    assert api.asked[0].params["start_time"] == [str(int(first.timestamp()))]
    api.asked.clear()
    run("openai-costs", "--pull")
    first -= dt.timedelta(days=4)
    assert api.asked[0].params["start_time"] == [str(int(first.timestamp()))]


def test_a_killed_pull_goes_on_without_asking_again(api: ReportApi, lake: Path) -> None:
    api.page_days = 1
    api.results["costs"] = {f"2026-10-0{day}": [cost(day)] for day in (1, 2, 3)}
    api.faults = [lambda _: True, lambda _: True, slow(30)]
    command = [sys.executable, "-m", "ingest", "openai-costs", *DAYS]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as killed:
        deadline = time.monotonic() + 60
        while len(api.asked) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        killed.send_signal(signal.SIGKILL)
    assert len(api.asked) == 3
    api.asked.clear()
    run("openai-costs", *DAYS)
    assert [asked.params["page"] for asked in api.asked] == [["page_2026-10-03"]]
    assert landed("amount") == [(Decimal(1),), (Decimal(2),), (Decimal(3),)]


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        (status(401), 2, "OpenAI refused the key in OPENAI_ADMIN_KEY (HTTP 401)"),
        (body(b'{"data": [], "has_more": true}'), 1, "more follows, but not where"),
    ],
)
def test_errors_are_one_line_without_the_key(
    api: ReportApi, lake: Path, fault: Any, code: int, says: str
) -> None:
    api.faults = [fault]
    command = [sys.executable, "-m", "ingest", "openai-costs", *DAYS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and says in errors[0]
    assert "Traceback" not in done.stderr
    assert KEY not in done.stdout + done.stderr
    assert not (lake / "raw" / "provider_lines").exists()
