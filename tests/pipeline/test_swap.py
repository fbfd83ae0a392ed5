"""Readers are never disturbed, a failed build changes nothing, one builder at a time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from pipeline.docs import write_docs
from pipeline.draft import only_builder
from pipeline.settings import Settings
from tests.support.lake_factory import Lake, call
from tests.support.warehouse import build_lake, query, try_build

ENDS = ("fct_calls", "fct_model_costs_daily", "dim_dates")
READER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
count = "select count(*) from marts.fct_model_costs_daily where model = 'new'"
print(connection.sql(count).fetchone()[0], flush=True)
sys.stdin.readline()
print(connection.sql(count).fetchone()[0], flush=True)
connection.sql("create table scribble as select 1")
sys.stdin.readline()
"""


@pytest.fixture
def small_lake(built_lake: Path, tmp_path: Path) -> Lake:
    """A copy of the built lake, warehouse included, to build on."""
    data = tmp_path / "data"
    shutil.copytree(built_lake, data, ignore=shutil.ignore_patterns(".build"))
    return Lake(data)


def test_a_reader_that_may_write_neither_stops_nor_sees_a_build(small_lake: Lake) -> None:
    data = small_lake.data
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(data / "warehouse.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdin and reader.stdout
        assert reader.stdout.readline() == "0\n"
        small_lake.land([call("new", "2026-10-02 10:00", model="new")])
        build_lake(data, *ENDS)
        count = "select count(*) from marts.fct_model_costs_daily where model = 'new'"
        assert query(data, count) == [(1,)]
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "0\n", "the old state stays whole for who has it open"
        assert query(data, count) == [(1,)], "what that reader wrote went with the old file"
        reader.communicate("\n", timeout=30)
    assert reader.returncode == 0
    assert query(data, count) == [(1,)]


def test_a_failed_build_changes_nothing(small_lake: Lake) -> None:
    data = small_lake.data
    before = (data / "warehouse.duckdb").read_bytes()
    small_lake.land([call("b", "2026-10-02 10:00", outcome="no such outcome")])
    report = try_build(data)
    assert not report.succeeded
    assert (data / "warehouse.duckdb").read_bytes() == before
    leftovers = [path.name for path in (data / ".build").iterdir()]
    assert "warehouse.duckdb" not in leftovers


def test_a_log_beside_the_old_file_does_not_spoil_the_new_one(small_lake: Lake) -> None:
    data = small_lake.data
    log = data / "warehouse.duckdb.wal"
    log.write_bytes(b"left by a program that died while it wrote to the warehouse by hand")
    small_lake.land([call("new", "2026-10-02 10:00")])
    build_lake(data, *ENDS)
    assert not log.exists()
    assert query(data, "select count(*) from marts.fct_calls") == [(9,)]


def test_a_lake_that_is_not_there_builds_empty_tables(tmp_path: Path) -> None:
    build_lake(tmp_path, *ENDS)
    assert query(tmp_path, "select count(*) from marts.fct_calls") == [(0,)]
    assert query(tmp_path, "select count(*) from marts.dim_dates") == [(0,)]


def test_the_warehouse_is_readable_from_any_folder(
    built_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert query(built_lake, "select count(*) from marts.fct_calls") == [(8,)]


def test_a_second_builder_waits_for_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(data=tmp_path)
    order: list[str] = []

    def second() -> None:
        with only_builder(settings) as waited:
            order.append(f"second, waited: {waited}")

    with only_builder(settings) as waited:
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(timeout=0.3)
        assert thread.is_alive()
        order.append(f"first, waited: {waited}")
    thread.join(timeout=10)
    assert order == ["first, waited: False", "second, waited: True"]
    assert "another build is running" in capsys.readouterr().out


def test_a_moved_lake_is_read_where_it_is_now(built_lake: Path, tmp_path: Path) -> None:
    """The views name files by their place; nothing has to be built again for that."""
    data = tmp_path / "elsewhere"
    shutil.copytree(built_lake, data)
    report = build_lake(data, *ENDS)
    assert (report.plan.is_empty, report.dbt) == (True, None)
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        [(view,)] = connection.execute(
            "select sql from duckdb_views() where schema_name = 'lake' and view_name = 'calls'"
        ).fetchall()
    assert str(data) in view and str(built_lake) not in view


def test_the_docs_need_no_parse_left_by_a_build(
    small_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.docs.PROJECT", tmp_path / "project")
    (tmp_path / "project").mkdir()
    assert write_docs(Settings(small_lake.data))
    assert (tmp_path / "project" / "target" / "index.html").stat().st_size > 0
