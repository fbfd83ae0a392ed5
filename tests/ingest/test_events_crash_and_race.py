"""Event landings that are killed or race each other, and their commands."""

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

from ingest.compact import compact
from ingest.events.landing import EventLanding
from ingest.inputs import find_files
from ingest.lake import Lake
from ingest.results import FileResult
from ingest.schemas import PRODUCT_EVENTS
from ingest.settings import Settings
from ingest.store import S3Path, allow_reads
from tests.support.events import EventLake, event, ndjson
from tests.support.s3_server import s3_server

ROWS = 3000


def start(data: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "ingest", *arguments],
        env={**os.environ, "TOKENHOUSE_DATA": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def state(data: Path) -> tuple[int, int]:
    """Current events, and the sum of their values."""
    lake = Lake(data / "raw")
    if not lake.exists(PRODUCT_EVENTS):
        return 0, 0
    files = [
        str(lake.folder(PRODUCT_EVENTS) / file.path)
        for day in lake.files(lake.open(PRODUCT_EVENTS)).values()
        for file in day
    ]
    if not files:
        return 0, 0
    [(rows, value)] = duckdb.sql(
        f"select count(*), cast(coalesce(sum(value), 0) as bigint) from read_parquet({files!r})"
        " where is_current"
    ).fetchall()
    return rows, value


def day_of_events(path: Path, value: int, first: int = 0) -> Path:
    rows = [
        event(f"e{n}", value=value, occurred_at=f"2026-10-0{1 + n % 3}T00:00:00Z")
        for n in range(first, first + ROWS)
    ]
    path.write_bytes(ndjson(*rows, "broken"))
    return path


def manifest_total(data: Path) -> int:
    return sum(row["rows_landed"] for row in Lake(data / "raw").landings())


def test_a_killed_correction_leaves_the_old_or_the_new_state(tmp_path: Path) -> None:
    old, new = day_of_events(tmp_path / "a.ndjson", 2), day_of_events(tmp_path / "b.ndjson", 3)
    begun = time.monotonic()
    assert start(tmp_path / "timing", "product-events", str(old)).wait() == 0
    whole = time.monotonic() - begun
    chance = random.Random(4)
    states = set()
    for attempt in range(5):
        data = tmp_path / f"data{attempt}"
        assert start(data, "product-events", str(old)).wait() == 0
        process = start(data, "product-events", str(new))
        time.sleep(whole * chance.uniform(0.4, 1.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        states.add(state(data))
        again = start(data, "product-events", str(new))
        again.communicate()
        assert again.returncode == 0
        assert state(data) == (ROWS, ROWS * 3)
        assert manifest_total(data) == 2 * ROWS
        assert len(list((data / "quarantine").glob("**/*.parquet"))) == 2
    assert states <= {(ROWS, ROWS * 2), (ROWS, ROWS * 3)}
    assert (ROWS, ROWS * 2) in states


def test_a_commit_whose_manifest_was_lost_is_recovered(tmp_path: Path) -> None:
    data = tmp_path / "data"
    killer = (
        "import os, ingest.lake as lake\n"
        "lake.Lake.record = lambda self, rows: rows and os._exit(9)\n"
        "from ingest.cli import main\nmain()\n"
    )
    file = day_of_events(tmp_path / "a.ndjson", 2)
    dying = subprocess.run(
        [sys.executable, "-c", killer, "product-events", str(file)],
        env={**os.environ, "TOKENHOUSE_DATA": str(data)},
        check=False,
    )
    assert (dying.returncode, manifest_total(data)) == (9, 0)
    told = start(data, "product-events", str(file), "--json").communicate()[0]
    assert json.loads(told)["files"][0]["already_landed"] is True
    assert (state(data), manifest_total(data)) == ((ROWS, ROWS * 2), ROWS)


def test_landings_that_race_are_neither_lost_nor_doubled(tmp_path: Path) -> None:
    data = tmp_path / "data"
    files = [day_of_events(tmp_path / f"{n}.ndjson", 1, n * ROWS // 2) for n in range(3)]
    racers = [start(data, "product-events", str(file)) for file in [*files, *files]]
    for racer in racers:
        _, errors = racer.communicate()
        assert racer.returncode == 0, errors.decode()
    assert state(data) == (2 * ROWS, 2 * ROWS)
    assert manifest_total(data) == 2 * ROWS


def test_events_in_an_object_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = EventLake(tmp_path)
    monkeypatch.chdir(tmp_path)
    with s3_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        data = S3Path("s3://lakes/events")

        def land(name: str, *rows: object) -> FileResult:
            path = files.write(name, ndjson(*rows))  # type: ignore[arg-type]
            [result] = EventLanding("product-events", Settings(data, None)).run(
                find_files([str(path)])
            )
            return result

        assert land("a.ndjson", event(value=1), "broken").rows_quarantined == 1
        assert land("b.ndjson", event(value=2)).rows_superseding == 1
        assert land("c.ndjson", event(value=2)).rows_duplicate == 1
        lake = Lake(data / "raw")
        assert compact(lake).files_after == 1
        paths = [
            str(lake.folder(PRODUCT_EVENTS) / file.path)
            for day in lake.files(lake.open(PRODUCT_EVENTS)).values()
            for file in day
        ]
        with duckdb.connect() as con:
            allow_reads(con, data)
            rows = con.execute(
                f"select cast(value as int), is_current from read_parquet({paths!r}) order by 1"
            ).fetchall()
    assert rows == [(1, False), (2, True)]


@pytest.mark.parametrize("command", ["product-events", "changes"])
def test_the_commands_have_help_and_say_what_they_did(tmp_path: Path, command: str) -> None:
    told, _ = start(tmp_path, command, "--help").communicate()
    assert f"python -m ingest {command}" in told.decode()
    assert "--dry-run" in told.decode()
    assert start(tmp_path, command).wait() == 2
    assert start(tmp_path, command, str(tmp_path / "nothing.csv")).wait() == 2
    file = tmp_path / "in.ndjson"
    file.write_text('{"id": "a", "type": "deploy", "time": "2026-10-05T10:00:00Z"}\nbroken\n')
    landed = start(tmp_path / "data", command, str(file))
    said, notes = landed.communicate()
    assert landed.returncode == 0
    name = f"{tmp_path.name}/in.ndjson"
    assert said.decode() == f"{name}: 2 read = 1 landed + 0 duplicate + 1 quarantined\n"
    assert notes.decode().startswith(f"note: {name}, line 2: quarantined as malformed_json")
    status = json.loads(start(tmp_path / "data", "status", "--json").communicate()[0])
    assert status["sources"][command]["rows_landed"] == 1
    assert status["tables"][command.replace("-", "_")]["rows"] == 1
