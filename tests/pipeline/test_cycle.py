"""One scheduled cycle: what is new lands once, a failing source stops nobody, overlaps are safe."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.errors import UsageError
from pipeline.cycle import run as cycle
from pipeline.cycle import steps
from pipeline.cycle.config import Source, read_sources
from pipeline.cycle.memory import Memory
from pipeline.settings import load_settings
from tests.support.alert_factory import change, write_warehouse


class Play:
    """A data folder whose build and reports are played; ingest and alerts are real."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.ran: list[list[str]] = []
        self.code = 0
        self.is_built = True
        self.said: list[str] = []
        write_warehouse(self.data, [change("a")])

    def configure(self, *tables: str) -> None:
        text = "".join(f"[[source]]\n{table}\n" for table in tables)
        (self.data / "run.toml").write_text(text)

    def log(self, name: str, *ids: str) -> Path:
        lines = [
            {"timestamp": "2026-11-18T09:00:00Z", "provider": "openai", "model": "gpt-4o",
             "event_id": each, "input_tokens": 5, "output_tokens": 1}
            for each in ids
        ]  # fmt: skip
        file = self.logs / name
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return file

    def run(self) -> bool:
        self.ran.clear()
        self.said.clear()
        return cycle.run_cycle(load_settings(), tell=self.said.append)

    def ingested(self) -> list[list[str]]:
        """The files each landing was asked for."""
        return [
            [Path(part).name for part in each[2:] if not part.startswith("--")]
            for each in self.ran
            if each[0] == "ingest"
        ]

    def line(self, name: str) -> str:
        [line] = [line for line in self.said if line.startswith(name)]
        return line

    def module(self, arguments: Sequence[str], minutes: float | None = None) -> steps.Ran:
        self.ran.append(list(arguments))
        if arguments[0] == "ingest":
            return real_run_module(arguments, minutes)
        if arguments[:2] == ["pipeline", "build"] and self.is_built:
            write_warehouse(self.data, [change("a")])
        return steps.Ran(self.code, "played\n", "played trouble\n" if self.code else "")


real_run_module = steps.run_module


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    monkeypatch.setenv("TOKENHOUSE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("TOKENHOUSE_RUN", raising=False)
    played = Play(tmp_path)
    monkeypatch.setattr(steps, "run_module", played.module)
    return played


def test_a_cycle_lands_what_is_new_and_says_each_step(play: Play) -> None:
    play.configure(f'source = "calls"\npaths = ["{play.logs}/*.ndjson"]')
    play.log("one.ndjson", "a", "b")
    assert play.run()
    assert "1 file: 2 read, 2 landed, 0 duplicate, 0 quarantined" in play.line("ingest calls")
    assert [line.split()[0] for line in play.said] == [
        "ingest", "build", "reports", "budget-feed", "alerts", "cycle",
    ]  # fmt: skip
    assert all(line.endswith(" s") for line in play.said)
    play.is_built = False
    assert play.run()
    assert "nothing new" in play.line("ingest calls")
    assert [each[:2] for each in play.ran] == [["pipeline", "build"]]
    play.log("two.ndjson", "c")
    play.log("one.ndjson", "a", "b", "late")
    assert play.run()
    assert play.ingested() == [["one.ndjson", "two.ndjson"]]
    assert "2 files: 4 read, 2 landed, 2 duplicate" in play.line("ingest calls")


def test_one_damaged_file_or_source_stops_no_other(play: Play) -> None:
    play.configure(
        f'source = "calls"\npaths = "{play.logs}/nowhere.ndjson"',
        f'source = "calls"\npaths = ["{play.logs}/"]',
    )
    play.log("a.ndjson", "a")
    (play.logs / "b.ndjson.gz").write_bytes(b"no gzip")
    play.log("c.ndjson", "c")
    assert not play.run()
    first, second = (line for line in play.said if line.startswith("ingest calls"))
    assert "no such file or folder" in first
    assert "1 files failed; 2 files: 2 read" in second
    assert "b.ndjson.gz" in second
    assert "delivered" not in play.line("cycle")
    assert "failed: ingest calls" in play.line("cycle")
    assert ["pipeline", "build"] in [each[:2] for each in play.ran]
    assert not play.run()
    assert play.ingested() == [["b.ndjson.gz"]]
    (play.logs / "b.ndjson.gz").unlink()
    play.configure(f'source = "calls"\npaths = ["{play.logs}/"]')
    assert play.run()


def test_an_empty_folder_is_no_failure(play: Play) -> None:
    play.configure(
        f'source = "calls"\npaths = ["{play.logs}", "{play.logs}/*.gz"]',
    )
    assert play.run()
    assert play.ingested() == []


def test_another_lake_is_landed_from_the_start(play: Play) -> None:
    play.configure(f'source = "calls"\npaths = ["{play.logs}"]')
    play.log("one.ndjson", "a")
    assert play.run()
    shutil.rmtree(play.data / "raw")
    assert play.run()
    assert play.ingested() == [["one.ndjson"]]


def test_a_failed_build_does_not_stop_alerts(play: Play, capfd: pytest.CaptureFixture[str]) -> None:
    play.code = 1
    assert not play.run()
    assert "played trouble" in play.line("build")
    assert "done" in play.line("alerts")
    assert "failed: build, reports" in play.line("cycle")
    play.code, play.is_built = 0, False
    assert play.run()
    assert "done" in play.line("reports")


def test_an_overlapping_cycle_ends_with_0_and_a_message(play: Play) -> None:
    lock = play.data / ".run" / "lock"
    lock.parent.mkdir()
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write("2026-11-18 10:00:00 UTC")
        held.flush()
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "run"],
            env={**os.environ},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0
    assert done.stdout == (
        "another cycle is running since 2026-11-18 10:00:00 UTC; nothing to do\n"
    )


def test_a_pull_is_asked_at_most_so_often_and_again_after_a_failure(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory.sqlite", "lake")
    source = Source("openai-usage", is_pulled=True, every_minutes=60)
    codes = iter([1, 0, 0])
    asked: list[Sequence[str]] = []

    def answer(arguments: Sequence[str], _: float | None = None) -> steps.Ran:
        asked.append(arguments)
        return steps.Ran(next(codes), '{"files": []}', "HTTP 503")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "run_module", answer)
        said = []
        for at in (10_000, 10_300, 10_600, 13_900):
            step = steps.Step("pull")
            steps.ingest_pull(step, source, memory, at)
            said.append(step.said or step.problems[0])
    assert said == [
        "HTTP 503",
        "0 files: 0 read, 0 landed, 0 duplicate, 0 quarantined",
        "asked again in 55 min",
        "0 files: 0 read, 0 landed, 0 duplicate, 0 quarantined",
    ]
    assert asked == [["ingest", "openai-usage", "--pull", "--json"]] * 3


def test_a_source_that_hangs_is_stopped() -> None:
    ran = steps.run_module(["http.server", "0", "--bind", "127.0.0.1"], minutes=0.01)
    assert ran.code == 1
    assert "stopped" in ran.problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('source = "call"\npaths = ["x"]', "source 'call' is none of"),
        ('source = "calls"', "give either paths or pull = true"),
        ('source = "calls"\npaths = ["x"]\npull = true', "give either paths or pull"),
        ('source = "calls"\npath = ["x"]', "path is none of source, paths"),
        ('source = "calls"\npaths = 3', "paths must be a list"),
        ('source = "calls', "run.toml"),
    ],
)
def test_a_wrong_configuration_is_said(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "run.toml"
    file.write_text(f"[[source]]\n{text}\n")
    with pytest.raises(UsageError, match=said):
        read_sources(file)


def test_a_named_configuration_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_sources(tmp_path / "run.toml") == []
    monkeypatch.setenv("TOKENHOUSE_RUN", str(tmp_path / "run.toml"))
    with pytest.raises(UsageError, match="there is no such file"):
        read_sources(tmp_path / "run.toml")
