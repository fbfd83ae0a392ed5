"""The commands around landing: compact, status, help, JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ingest.lake import Lake
from ingest.schemas import CALLS

COMMANDS = [
    "calls",
    "responses",
    "otlp",
    "litellm",
    "langfuse",
    "product-events",
    "changes",
    "status",
    "compact",
]


def run(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ingest", *arguments],
        env={**os.environ, "TOKENHOUSE_DATA": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )


def landed_rows(data: Path) -> tuple[int, list[tuple[object, ...]]]:
    """The number of data files, and every row of them in a fixed order."""
    lake = Lake(data / "raw")
    files = [
        str(lake.folder(CALLS) / file.path)
        for day in lake.files(lake.open(CALLS)).values()
        for file in day
    ]
    rows = duckdb.sql(f"select * from read_parquet({files!r}) order by event_id").fetchall()
    return len(files), rows


def write_log(path: Path, ids: range) -> Path:
    lines = [
        json.dumps(
            {
                "timestamp": f"2026-08-0{1 + n % 2}T10:00:00Z",
                "event_id": f"e{n:03}",
                "provider": "openai",
                "model": "gpt-4o",
                "input_tokens": n,
                "output_tokens": 1,
            }
        )
        for n in ids
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_compaction_merges_files_and_changes_no_row(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for number in range(3):
        file = write_log(tmp_path / f"{number}.ndjson", range(number * 10, number * 10 + 10))
        assert run(data, "calls", str(file)).returncode == 0
    files, rows = landed_rows(data)
    assert (files, len(rows)) == (6, 30)
    assert run(data, "compact").returncode == 0
    merged, same = landed_rows(data)
    assert merged == 2
    assert same == rows
    # what was merged is still known: delivering it again lands nothing
    again = run(data, "calls", str(write_log(tmp_path / "again.ndjson", range(30))), "--json")
    [result] = json.loads(again.stdout)["files"]
    assert (result["rows_landed"], result["rows_duplicate"]) == (0, 30)


def test_status_tells_what_has_landed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    run(data, "calls", str(write_log(tmp_path / "a.ndjson", range(7))))
    report = json.loads(run(data, "status", "--json").stdout)
    assert report["sources"]["calls"]["rows_landed"] == 7
    assert report["lake"]["rows"] == 7
    assert report["lake"]["days"] == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(tmp_path: Path, command: str) -> None:
    help_text = run(tmp_path, command, "--help")
    assert help_text.returncode == 0
    assert f"python -m ingest {command}" in help_text.stdout


def test_a_command_without_files_ends_with_2(tmp_path: Path) -> None:
    assert run(tmp_path, "calls").returncode == 2
    assert run(tmp_path, "nonsense").returncode == 2
