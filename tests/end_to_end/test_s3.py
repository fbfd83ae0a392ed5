"""A lake in an object store: the same rows and dollars as in a folder, or one clear message."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from ingest.compact import compact
from ingest.inputs import find_files
from ingest.lake import Lake
from ingest.landing import Landing
from ingest.results import FileResult
from ingest.schemas import CALLS
from ingest.settings import Settings as LandingSettings
from ingest.status import lake_status
from ingest.store import S3Path, allow_reads
from pipeline.build import build
from pipeline.lake_views import open_lake
from pipeline.plan import current_state, why_full
from pipeline.settings import PROJECT, WAREHOUSE_NAME, Settings
from pipeline.sql import open_warehouse
from publish.reprice import reprice_history
from tests.support.s3_server import deaf_port, s3_server
from tests.support.warehouse import manifest_of

ROWS = 400
ENDS = ("fct_calls", "fct_tenant_costs_daily", "rpt_spend_by_tenant_daily")
BY_TENANT = "from fct_tenant_costs_daily order by all"
BY_CALL = "select event_id, tenant_id, billed_cost_usd from fct_calls order by event_id"


@pytest.fixture(scope="module")
def store() -> Iterator[dict[str, str]]:
    """The environment that leads to a server with an empty bucket."""
    with s3_server() as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield environment


@pytest.fixture(scope="module")
def environments(store: dict[str, str]) -> Iterator[dict[str, dict[str, str]]]:
    """Ways to a store: one that works, and those that do not."""
    with s3_server(checks_credentials=True) as strict, deaf_port() as port:
        yield {
            "sound": store,
            "keyless": store | {"AWS_ACCESS_KEY_ID": ""},
            "down": store | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"},
            "strict": strict,
        }


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder commands are run in: what stays on this machine goes to its ``data``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    return tmp_path


def start(data: object, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env={**os.environ, "TOKENHOUSE_DATA": str(data), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def land(data: S3Path | Path, file: str) -> FileResult:
    [result] = Landing("calls", LandingSettings(data, None)).run(find_files([file]))
    return result


def write_log(path: Path, ids: range, **fields: object) -> str:
    """A call log over two days, two lines of it no calls; ``fields`` replace those of a call."""
    lines = [
        json.dumps(
            {
                "timestamp": f"2026-10-0{1 + n % 2}T10:00:00Z",
                "event_id": f"e{n:05}",
                "provider": "openai",
                "model": "gpt-4o-mini",
                "tenant_id": f"tenant-{n % 3}",
                "feature": "chat",
                "input_tokens": 1000 + n,
                "output_tokens": 100,
                "outcome": "success",
            }
            | fields
        )
        for n in ids
    ]
    path.write_text("\n".join([*lines, "broken", "{"]) + "\n")
    return str(path)


def landed(data: S3Path | Path) -> tuple[int, list[tuple[object, ...]]]:
    """The number of data files, and every row apart from when and by which landing it came."""
    lake = Lake(data / "raw")
    files = [
        str(lake.folder(CALLS) / file.path)
        for day in lake.files(lake.open(CALLS)).values()
        for file in day
    ]
    if not files:
        return 0, []
    with duckdb.connect() as con:
        allow_reads(con, data)
        con.execute("set TimeZone = 'UTC'")
        rows = con.execute(
            "select * exclude (landing_id, landed_at)"
            f" from read_parquet({files!r}, hive_partitioning = true)"
            " order by event_id, source_file, source_line"
        ).fetchall()
    return len(files), rows


def refused(data: S3Path | Path) -> list[tuple[object, ...]]:
    with duckdb.connect() as con:
        allow_reads(con, data)
        return con.execute(
            "select source_file, source_line, reason, raw_text"
            f" from read_parquet('{data}/quarantine/calls/*.parquet') order by all"
        ).fetchall()


@pytest.mark.usefixtures("store")
def test_a_bucket_holds_what_a_folder_would(here: Path) -> None:
    bucket, folder = S3Path("s3://lakes/same"), here / "folder"
    first = write_log(here / "first.ndjson", range(ROWS))
    later = {"output_tokens": 200, "observed_at": "2026-10-03T00:00:00Z"}
    overlapping = write_log(here / "second.ndjson", range(ROWS - 50, ROWS + 50), **later)
    for data in (bucket, folder):
        result = land(data, first)
        assert (result.rows_landed, result.rows_quarantined) == (ROWS, 2)
        assert land(data, first).already_landed
        result = land(data, overlapping)
        assert (result.rows_landed, result.rows_superseding) == (100, 50)
    assert not (here / "s3:").exists()
    assert not list((here / "data" / ".landing").glob(".work-*"))
    files, rows = landed(bucket)
    assert len(rows) == ROWS + 100
    assert landed(folder) == (files, rows)
    assert len(refused(bucket)) == 4
    assert refused(bucket) == refused(folder)

    status = [lake_status(LandingSettings(data, None)) for data in (bucket, folder)]
    assert status[0] == status[1]
    assert status[0]["lake"]["rows"] == ROWS + 100
    compact(Lake(bucket / "raw"))
    assert landed(bucket) == (2, rows)
    assert files > 2


@pytest.mark.usefixtures("store")
def test_the_dollars_are_those_of_a_folder(here: Path) -> None:
    bucket, folder = S3Path("s3://lakes/built"), here / "folder"
    file = write_log(here / "first.ndjson", range(ROWS))
    costs = []
    for settings in (Settings(here / "data", store=bucket), Settings(folder)):
        land(settings.store or settings.data, file)
        report = build(settings, manifest=manifest_of(*ENDS))
        assert report.succeeded, [node for node in report.dbt.nodes if not node.is_good]  # type: ignore[union-attr]
        with open_warehouse(settings) as connection:
            costs.append([connection.sql(query).fetchall() for query in (BY_TENANT, BY_CALL)])
    assert len(costs[0][0]) == 6
    assert len(costs[0][1]) == ROWS
    assert costs[0] == costs[1]
    assert (
        build(
            Settings(here / "data", store=bucket),
            manifest=manifest_of(*ENDS),
        ).dbt
        is None
    )
    lines = reprice_history(here / "data" / WAREHOUSE_NAME, PROJECT / "seeds", lake=bucket)
    assert sum(line.call_count for line in lines) == ROWS
    assert not any(line.delta_usd for line in lines)


@pytest.mark.usefixtures("store")
def test_a_warehouse_of_another_lake_is_built_again(here: Path) -> None:
    one, two = (S3Path(f"s3://lakes/{name}") for name in ("one", "two"))
    for bucket in (one, two):
        land(bucket, write_log(here / "a.ndjson", range(3)))
    lakes = [open_lake(bucket / "raw") for bucket in (one, two)]
    same_place = [replace(lake, place="s3://lakes/one/raw") for lake in lakes]
    states = [current_state("", "", lake) for lake in same_place]
    assert states[0].lake == states[1].lake, "nothing but their identity tells them apart"
    assert why_full(states[0], states[1], asked=False) == "TOKENHOUSE_DATA names another lake"
    land(two, write_log(here / "b.ndjson", range(9)))
    landed_more = current_state("", "", open_lake(two / "raw"))
    assert landed_more.lake != states[1].lake
    assert why_full(states[1], landed_more, asked=False) is None


@pytest.mark.usefixtures("store")
def test_a_killed_landing_leaves_the_old_or_the_new_state(here: Path) -> None:
    file = write_log(here / "a.ndjson", range(ROWS))
    begun = time.monotonic()
    start("s3://lakes/timing", "ingest", "calls", file).communicate()
    whole = time.monotonic() - begun
    chance = random.Random(4)
    for attempt in range(3):
        bucket = S3Path(f"s3://lakes/killed-{attempt}")
        process = start(bucket, "ingest", "calls", file)
        time.sleep(whole * chance.uniform(0.6, 1.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert len(landed(bucket)[1]) in (0, ROWS)
        land(bucket, file)
        assert len(landed(bucket)[1]) == ROWS
        assert len(refused(bucket)) == 2
        assert sum(row["rows_landed"] for row in Lake(bucket / "raw").landings()) == ROWS


@pytest.mark.usefixtures("store")
def test_uploaded_files_that_no_commit_names_are_not_rows(here: Path) -> None:
    bucket = S3Path("s3://lakes/uncommitted")
    file = write_log(here / "a.ndjson", range(ROWS))
    killer = (
        "import os, ingest.lake as lake\n"
        "lake.Lake.commit = lambda *_: os._exit(9)\n"
        "from ingest.cli import main\nmain()\n"
    )
    dying = subprocess.run(
        [sys.executable, "-c", killer, "calls", file],
        env={**os.environ, "TOKENHOUSE_DATA": str(bucket)},
        check=False,
    )
    assert dying.returncode == 9
    assert landed(bucket) == (0, [])
    with duckdb.connect() as con:
        allow_reads(con, bucket)
        [(stray,)] = con.sql(f"select count(*) from glob('{bucket}/raw/calls/*/*')").fetchall()
    assert stray >= 2
    land(bucket, file)
    assert len(landed(bucket)[1]) == ROWS


@pytest.mark.usefixtures("store")
def test_of_two_machines_that_race_none_loses_or_doubles_a_row(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = S3Path("s3://lakes/race")
    files = [write_log(here / f"{n}.ndjson", range(n * 50, n * 50 + ROWS)) for n in range(3)]
    waiting = list(enumerate(files))
    for _ in files:
        racers = []
        for number, file in waiting:
            machine = here / f"machine{number}"
            machine.mkdir(exist_ok=True)
            monkeypatch.chdir(machine)
            racers.append((number, file, start(bucket, "ingest", "calls", file)))
        waiting = []
        for number, file, racer in racers:
            _, errors = racer.communicate()
            assert "Traceback" not in errors
            assert racer.returncode in (0, 1), errors
            if racer.returncode:
                assert "another landing committed at the same time" in errors
                waiting.append((number, file))
        if not waiting:
            break
    assert not waiting, "of those who race one wins, so three rounds are enough"
    rows = landed(bucket)[1]
    assert len(rows) == ROWS + 100
    assert sum(row["rows_landed"] for row in Lake(bucket / "raw").landings()) == len(rows)


@pytest.mark.parametrize(
    ("data", "leads_to", "says"),
    [
        ("s3://absent/lake", "sound", "there is no such bucket"),
        ("s3://lakes/x", "keyless", "set AWS_ACCESS_KEY_ID"),
        ("s3://lakes/x", "down", "cannot be reached"),
        ("s3://lakes/x", "strict", "refuses the credentials"),
        ("gs://lakes/x", "sound", "neither a folder nor an address"),
        ("s3://", "sound", "neither a folder nor an address"),
    ],
)
def test_a_store_that_cannot_be_used_ends_with_one_line_and_exit_2(
    here: Path, environments: dict[str, dict[str, str]], data: str, leads_to: str, says: str
) -> None:
    file = write_log(here / "a.ndjson", range(3))
    commands = [
        ("ingest", "calls", file),
        ("ingest", "status"),
        ("ingest", "compact"),
        ("pipeline", "build"),
    ]
    processes = [start(data, *command, **environments[leads_to]) for command in commands]
    for process in processes:
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 2, out + errors
        assert says in errors
        assert "Traceback" not in errors
        assert errors.count("\n") == 1
