"""Export landings that are killed or race each other: never half a delivery, never a row twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from ingest.lake import Lake
from ingest.schemas import PROVIDER_LINES
from tests.support.exports import ExportLake, openai_cost, openai_page

ROWS = 1500
DAYS = 3


def export(path: Path, value: int, project: str | None = None) -> Path:
    """Three days of costs, every line of ``value``, and one row that is refused."""
    days = {
        f"2026-10-{day + 1:02}": [
            openai_cost(value, f"item {n}", project_id=project) for n in range(ROWS // DAYS)
        ]
        for day in range(DAYS)
    }
    days["2026-10-01"].append(openai_cost("x"))
    path.write_text(json.dumps(openai_page(days)))
    return path


def call_log(path: Path) -> Path:
    """One call, its id the file's name."""
    call = {
        "timestamp": "2026-10-01T00:00:00Z",
        "event_id": path.stem,
        "provider": "openai",
        "model": "gpt-4o",
        "input_tokens": 1,
        "output_tokens": 1,
    }
    path.write_text(json.dumps(call) + "\n")
    return path


def start(data: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "ingest", *arguments, "--json"],
        env={**os.environ, "TOKENHOUSE_DATA": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def current(data: Path) -> tuple[int, int]:
    """Current rows and what they sum to."""
    lake = Lake(data / "raw")
    if not lake.exists(PROVIDER_LINES):
        return 0, 0
    files = [
        str(lake.folder(PROVIDER_LINES) / file.path)
        for day in lake.files(lake.open(PROVIDER_LINES)).values()
        for file in day
    ]
    if not files:
        return 0, 0
    [(rows, amount)] = duckdb.sql(
        f"select count(*), cast(sum(amount) as bigint) from read_parquet({files!r})"
        " where is_current"
    ).fetchall()
    return rows, amount or 0


def manifest_total(data: Path) -> int:
    return sum(row["rows_landed"] for row in Lake(data / "raw").landings())


def test_a_killed_supersession_leaves_the_old_or_the_new_state(tmp_path: Path) -> None:
    old, new = export(tmp_path / "old.json", 2), export(tmp_path / "new.json", 3)
    begun = time.monotonic()
    assert start(tmp_path / "timing", "openai-costs", str(old)).wait() == 0
    whole = time.monotonic() - begun
    chance = random.Random(4)
    states = set()
    for attempt in range(6):
        data = tmp_path / f"data{attempt}"
        assert start(data, "openai-costs", str(old)).wait() == 0
        process = start(data, "openai-costs", str(new))
        time.sleep(whole * chance.uniform(0.5, 1.05))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert current(data) in {(ROWS, ROWS * 2), (ROWS, ROWS * 3)}
        states.add(current(data))
        again = start(data, "openai-costs", str(new))
        again.communicate()
        assert again.returncode == 0
        assert current(data) == (ROWS, ROWS * 3)
        assert manifest_total(data) == 2 * ROWS
        assert len(list((data / "quarantine").glob("**/*.parquet"))) == 2
    assert (ROWS, ROWS * 2) in states


def test_a_commit_whose_manifest_was_lost_is_recovered_by_any_landing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in ("a", "b"):  # calls have numbers of their own, ahead of the providers'
        assert start(data, "calls", str(call_log(tmp_path / f"{name}.ndjson"))).wait() == 0
    killer = (
        "import os, ingest.lake as lake\n"
        "lake.Lake.record = lambda self, rows: rows and os._exit(9)\n"
        "from ingest.cli import main\nmain()\n"
    )
    dying = subprocess.run(
        [sys.executable, "-c", killer, "openai-costs", str(export(tmp_path / "a.json", 2))],
        env={**os.environ, "TOKENHOUSE_DATA": str(data)},
        check=False,
    )
    assert dying.returncode == 9
    assert (current(data), manifest_total(data)) == ((ROWS, ROWS * 2), 2)
    # a landing of calls sees to the table of the providers, too
    assert start(data, "calls", str(call_log(tmp_path / "c.ndjson"))).wait() == 0
    landings = [
        (row["source"], row["landing_seq"], row["rows_landed"])
        for row in Lake(data / "raw").landings()
    ]
    assert sorted(landings) == [
        ("calls", 1, 1),
        ("calls", 2, 1),
        ("calls", 3, 1),
        ("openai-costs", 1, ROWS),
    ]
    # and what was lost is known: the same file lands nothing
    known = start(data, "openai-costs", str(tmp_path / "a.json"))
    [result] = json.loads(known.communicate()[0])["files"]
    assert (result["already_landed"], result["rows_landed"]) == (True, 0)


def test_deliveries_that_race_are_neither_lost_nor_doubled(tmp_path: Path) -> None:
    data = tmp_path / "data"
    files = [export(tmp_path / f"{n}.json", n + 1, f"proj_{n}") for n in range(4)]
    racers = [start(data, "openai-costs", str(file)) for file in [*files, *files]]
    for racer in racers:
        _, errors = racer.communicate()
        assert racer.returncode == 0, errors.decode()
    assert current(data) == (4 * ROWS, ROWS * (1 + 2 + 3 + 4))
    assert manifest_total(data) == 4 * ROWS


@pytest.mark.parametrize("table", ["provider_lines", "invoice_lines"])
def test_compaction_merges_every_table_and_changes_no_row(tmp_path: Path, table: str) -> None:
    lake = ExportLake(tmp_path)
    for n in range(3):
        page = openai_page({"2026-10-05": [openai_cost(n + 1, "x", project_id=f"proj_{n}")]})
        lake.land_new("openai-costs", f"{n}.json", page)
        header = "invoice_id,issuer,billing_month,amount,currency"
        lake.land_new("invoices", f"{n}.csv", f"{header}\nINV-{n},OpenAI,2026-10,5,USD\n")
    read = lake.rows if table == "provider_lines" else lake.invoices
    before = read(current=False)
    process = start(lake.data, "compact")
    merged = json.loads(process.communicate()[0])
    assert (merged["files_before"], merged["files_after"]) == (6, 2)
    assert read(current=False) == before
    # a merged file still tells its deliveries apart
    page = openai_page({"2026-10-05": [openai_cost(9, "x", project_id="proj_1")]})
    lake.land_new("openai-costs", "again.json", page)
    assert lake.amount() == 1 + 9 + 3
    status = json.loads(start(lake.data, "status").communicate()[0])
    assert status["tables"]["provider_lines"]["rows"] == 4
    assert status["tables"]["invoice_lines"]["rows"] == 3
    assert status["sources"]["invoices"]["rows_landed"] == 3
