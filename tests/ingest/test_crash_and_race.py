"""Landings that are killed or race each other never lose or double a row."""

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
from ingest.schemas import CALLS

ROWS = 4000


def log_file(path: Path, ids: range) -> Path:
    lines = [
        json.dumps(
            {
                "timestamp": f"2026-08-{1 + n % 5:02}T10:00:{n % 60:02}Z",
                "event_id": f"e{n:06}",
                "provider": "openai",
                "model": "gpt-4o-mini",
                "input_tokens": n,
                "output_tokens": 1,
            }
        )
        for n in ids
    ]
    path.write_text("\n".join([*lines, "broken"]) + "\n")
    return path


def start(data: Path, *files: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "ingest", "calls", *map(str, files), "--json"],
        env={**os.environ, "TOKENHOUSE_DATA": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def landed(data: Path) -> tuple[int, int, int]:
    """Rows, distinct ids and manifest total of landed rows."""
    lake = Lake(data / "raw")
    files = [
        str(lake.folder(CALLS) / file.path)
        for day in lake.files(lake.open(CALLS)).values()
        for file in day
    ]
    total = sum(row["rows_landed"] for row in lake.landings())
    if not files:
        return 0, 0, total
    [(rows, ids)] = duckdb.sql(
        f"select count(*), count(distinct event_id) from read_parquet({files!r})"
    ).fetchall()
    return rows, ids, total


def test_a_killed_landing_leaves_the_old_or_the_new_state(tmp_path: Path) -> None:
    file = log_file(tmp_path / "a.ndjson", range(ROWS))
    begun = time.monotonic()
    assert start(tmp_path / "timing", file).wait() == 0
    whole = time.monotonic() - begun
    chance = random.Random(4)
    states = set()
    for attempt in range(8):
        data = tmp_path / f"data{attempt}"
        process = start(data, file)
        time.sleep(whole * chance.uniform(0.5, 1.05))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        rows, ids, _ = landed(data)
        assert (rows, ids) in {(0, 0), (ROWS, ROWS)}
        states.add(rows)
        again = start(data, file)
        again.communicate()
        assert again.returncode == 0
        assert landed(data) == (ROWS, ROWS, ROWS)
        refused = list((data / "quarantine").glob("**/*.parquet"))
        assert len(refused) == 1
    assert 0 in states


def test_a_commit_whose_manifest_was_lost_is_recovered(tmp_path: Path) -> None:
    first = log_file(tmp_path / "a.ndjson", range(ROWS))
    second = log_file(tmp_path / "b.ndjson", range(ROWS, ROWS + 10))
    data = tmp_path / "data"
    killer = (
        "import os, ingest.lake as lake\n"
        "lake.Lake.record = lambda self, rows: os._exit(9)\n"
        "from ingest.cli import main\nmain()\n"
    )
    dying = subprocess.run(
        [sys.executable, "-c", killer, "calls", str(first)],
        env={**os.environ, "TOKENHOUSE_DATA": str(data)},
        check=False,
    )
    assert dying.returncode == 9
    assert landed(data) == (ROWS, ROWS, 0)
    start(data, second).communicate()
    assert landed(data) == (ROWS + 10, ROWS + 10, ROWS + 10)


def test_overlapping_files_landed_at_once_are_neither_lost_nor_doubled(tmp_path: Path) -> None:
    data = tmp_path / "data"
    files = [log_file(tmp_path / f"{n}.ndjson", range(n * 500, n * 500 + ROWS)) for n in range(4)]
    racers = [start(data, file) for file in files]
    for racer in racers:
        _, errors = racer.communicate()
        assert racer.returncode == 0, errors.decode()
    expected = ROWS + 3 * 500
    assert landed(data) == (expected, expected, expected)


@pytest.mark.parametrize("arguments", [["nowhere/"], ["file.pdf"]])
def test_what_cannot_be_read_ends_with_one_line_and_exit_2(
    tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "file.pdf").write_bytes(b"%PDF")
    process = start(tmp_path / "data", *[tmp_path / name for name in arguments])
    _, errors = process.communicate()
    assert process.returncode == 2
    assert b"Traceback" not in errors
    assert errors.decode().startswith("error: ")
    assert errors.decode().count("\n") == 1
