"""The commands of the export sources: help, JSON, messages, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.exports.registry import SOURCES
from tests.support.exports import ExportLake, openai_cost, openai_page


def run(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ingest", *arguments],
        env={**os.environ, "TOKENHOUSE_DATA": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", SOURCES)
def test_every_export_command_has_help_with_an_example(tmp_path: Path, command: str) -> None:
    help_text = run(tmp_path, command, "--help")
    assert help_text.returncode == 0
    assert f"python -m ingest {command}" in help_text.stdout
    assert "--accept-smaller" in help_text.stdout
    assert ("--from" in help_text.stdout) == SOURCES[command].api


def test_a_landing_is_told_line_by_line_and_as_json(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    page = openai_page({"2026-10-05": [openai_cost("0.0000000000000000001", extra=1)]})
    path = str(lake.write("a.json", page))
    told = run(lake.data, "openai-costs", path)
    assert told.returncode == 0
    assert told.stdout == "files/a.json: 1 read = 1 landed + 0 duplicate + 0 quarantined\n"
    assert "fields this version does not know were left out: extra" in told.stderr
    assert "rounded half-even" in told.stderr
    again = json.loads(run(lake.data, "openai-costs", path, "--json").stdout)
    assert again["files"][0]["already_landed"] is True
    assert again["dry_run"] is False


@pytest.mark.parametrize("command", SOURCES)
def test_no_path_is_one_line_and_exit_2(tmp_path: Path, command: str) -> None:
    refused = run(tmp_path, command)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"error: {command}: name the files")
    assert refused.stderr.count("\n") == 1


def test_a_smaller_delivery_is_one_line_and_exit_2(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    whole = openai_page({f"2026-10-{day:02}": [openai_cost(10)] for day in range(1, 9)})
    small = openai_page({f"2026-10-{day:02}": [openai_cost(1)] for day in range(1, 9)})
    assert run(lake.data, "openai-costs", str(lake.write("a.json", whole))).returncode == 0
    refused = run(lake.data, "openai-costs", str(lake.write("b.json", small)), "--json")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "less than half of what is current for 8 day(s): 2026-10-01 amount 10 -> 1" in (
        refused.stderr
    )
    assert "and 3 more" in refused.stderr
    assert json.loads(refused.stdout)["files"] == []
    assert lake.amount() == 80
