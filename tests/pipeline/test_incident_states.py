"""What people say of incidents reaches the warehouse with the next build."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ingest.errors import UsageError
from pipeline.lake_views import create_views, open_lake
from pipeline.plan import current_state, plan_increment, write_state
from publish.alerts.states import State, add_state, latest_states, read_states
from tests.support.alert_factory import START, change, minutes, write_warehouse


def said(state: str, after: float = 0, reason: str = "why") -> State:
    return State("incident-a", state, START + minutes(after), reason, "A. Person")


def test_a_new_state_is_work_for_the_next_build_and_only_for_that(tmp_path: Path) -> None:
    file = tmp_path / "alerts" / "states.csv"

    def build(connection: duckdb.DuckDBPyConnection) -> tuple[bool, str]:
        lake = open_lake(tmp_path / "raw")
        create_views(connection, lake)
        connection.execute("create table if not exists lake.built_landings (landing_id varchar)")
        connection.execute(
            "create table if not exists lake.built_closes as from lake.month_closes limit 0"
        )
        connection.execute("create schema if not exists seeds")
        connection.execute("create table if not exists seeds.success_events (event_name varchar)")
        is_empty = plan_increment(connection).is_empty
        write_state(connection, current_state("", "", lake))
        return is_empty, lake.versions

    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        first = build(connection)
        add_state(file, said("acknowledged", reason='=on it, "now"\nor soon'))
        second = build(connection)
        rows = connection.execute("select * from lake.incident_states").fetchall()
        third = build(connection)
        file.unlink()
        fourth = build(connection)
    assert rows == [("incident-a", "acknowledged", START, '=on it, "now"\nor soon', "A. Person")]
    assert [first[0], second[0], third[0], fourth[0]] == [True, False, True, False]
    assert first[1] == fourth[1] != second[1] == third[1]


@pytest.mark.parametrize(
    "line", ["incident-a,acknowledged,yesterday,why,me", ",acknowledged,2026-11-18,why,me", "x"]
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "alerts" / "states.csv"
    file.parent.mkdir()
    file.write_text(f"incident_id,state,from_at,reason,by\n{line}\n")
    with pytest.raises(UsageError, match=r"states\.csv, line 2: "):
        open_lake(tmp_path / "raw")


def test_saying_the_same_again_adds_nothing_and_the_latest_holds(tmp_path: Path) -> None:
    file = tmp_path / "states.csv"
    assert add_state(file, said("acknowledged"))
    assert not add_state(file, said("acknowledged", after=5))
    assert add_state(file, said("resolved", after=10))
    assert [state.state for state in read_states(file)] == ["acknowledged", "resolved"]
    holding = [latest_states(read_states(file), START + minutes(at)) for at in (-1, 0, 10)]
    assert [h["incident-a"].state if h else None for h in holding] == [
        None, "acknowledged", "resolved",
    ]  # fmt: skip


def ack(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    words = ["--reason", "rolling back", "--by", "A. Person"]
    return subprocess.run(
        [sys.executable, "-m", "publish", "ack", *arguments, *words],
        env={**os.environ, "TOKENHOUSE_DATA": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_ack_takes_the_beginning_of_an_id_and_knows_every_incident(tmp_path: Path) -> None:
    write_warehouse(tmp_path, [change("a"), change("b1"), change("b2")])
    for named in ("incident-a", "incident-b1"):
        done = ack(tmp_path, named, "--state", "acknowledged", "--at", "2026-11-18T11:00")
        assert done.returncode == 0
    assert (tmp_path / "alerts" / "states.csv").read_text() == (
        "incident_id,state,from_at,reason,by\n"
        "incident-a,acknowledged,2026-11-18T11:00:00Z,rolling back,A. Person\n"
        "incident-b1,acknowledged,2026-11-18T11:00:00Z,rolling back,A. Person\n"
    )
    again = ack(tmp_path, "incident-a", "--state", "acknowledged")
    assert (again.returncode, "nothing written" in again.stdout) == (0, True)
    for arguments, problem in (
        (("incident-b", "--state", "resolved"), "2 incidents begin like that"),
        (("nobody", "--state", "resolved"), "no such incident"),
        (("incident-a", "--state", "fine"), "choose acknowledged, expected, resolved"),
        (("incident-a", "--state", "resolved", "--at", "noon"), "write a time as"),
    ):
        refused = ack(tmp_path, *arguments)
        assert (refused.returncode, problem in refused.stderr) == (2, True), refused.stderr
