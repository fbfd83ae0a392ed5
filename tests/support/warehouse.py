"""Builds and looks into warehouses for tests: dbt parses the project once per session."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

import duckdb
from dbt.contracts.graph.manifest import Manifest

from pipeline.build import BuildReport, build
from pipeline.dbt_runner import parse_project
from pipeline.seeds import PROJECT_SEEDS
from pipeline.settings import Settings


@functools.cache
def manifest() -> Manifest:
    """The parsed project."""
    folder = Path(tempfile.mkdtemp(prefix="parse-"))
    return parse_project(Settings(data=folder), PROJECT_SEEDS)


def build_lake(data: Path, *, full_refresh: bool = False) -> BuildReport:
    """Builds the warehouse of a data folder and expects it to succeed."""
    report = try_build(data, full_refresh=full_refresh)
    assert report.succeeded, [node for node in report.dbt.nodes if not node.is_good]  # type: ignore[union-attr]
    return report


def try_build(data: Path, *, full_refresh: bool = False) -> BuildReport:
    """Builds the warehouse of a data folder, come what may."""
    return build(Settings(data=data), full_refresh=full_refresh, manifest=manifest())


def query(data: Path, statement: str) -> list[tuple[Any, ...]]:
    """Rows of a statement on the warehouse of a data folder."""
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(statement).fetchall()


def public_tables(data: Path) -> list[str]:
    """Every table and view of the schemas people read."""
    rows = query(
        data,
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_schema in ('marts', 'reports') order by 1",
    )
    return [row[0] for row in rows]


def contents(data: Path, table: str) -> list[tuple[Any, ...]]:
    """All rows of a table, in an order of their own."""
    return sorted(query(data, f"select * from {table}"), key=repr)
