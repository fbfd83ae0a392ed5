"""Builds and looks into warehouses for tests: dbt parses the project once per session."""

from __future__ import annotations

import functools
import os
import tempfile
from pathlib import Path
from typing import Any

import duckdb
from dbt.contracts.graph.manifest import Manifest

from pipeline.build import BuildReport, build, describe
from pipeline.dbt_runner import parse_project
from pipeline.seeds import PROJECT_SEEDS
from pipeline.settings import PROJECT, Settings

EVERYTHING = "*"


@functools.cache
def manifest() -> Manifest:
    """The parsed project."""
    folder = Path(tempfile.mkdtemp(prefix="parse-"))
    return parse_project(Settings(data=folder), PROJECT_SEEDS)


@functools.cache
def manifest_of(*ends: str) -> Manifest:
    """The parsed project cut down to some models and all they are made of, without data tests."""
    part = manifest().deepcopy()
    named = {node.name: key for key, node in part.nodes.items() if node.resource_type == "model"}
    kept: set[str] = set()
    found = set(named.values()) if ends == (EVERYTHING,) else {named[end] for end in ends}
    while found:
        kept |= found
        made_of = {parent for key in found for parent in part.nodes[key].depends_on_nodes}
        found = (made_of & part.nodes.keys()) - kept
    seeds = {key for key, node in part.nodes.items() if node.resource_type == "seed"}
    for key in part.nodes.keys() - kept - seeds:
        del part.nodes[key]
    part.exposures.clear()
    part.unit_tests.clear()
    part.rebuild_ref_lookup()
    return part


def build_lake(
    data: Path, *ends: str, full_refresh: bool = False, seeds: Path | None = None
) -> BuildReport:
    """Builds the warehouse of a data folder and expects it to succeed.

    Args:
        data: the folder.
        ends: models to build, with what they are made of, without data tests; EVERYTHING: all of
            them. Where none is named all are built and tested. A series of builds names the same.
        full_refresh: build all from the lake.
        seeds: a folder whose CSVs replace the project's.
    """
    report = try_build(data, *ends, full_refresh=full_refresh, seeds=seeds)
    assert report.succeeded, describe(report, data)
    return report


def try_build(
    data: Path, *ends: str, full_refresh: bool = False, seeds: Path | None = None
) -> BuildReport:
    """Builds the warehouse of a data folder, come what may."""
    settings = Settings(data=data, seeds=seeds)
    parsed = manifest_of(*ends) if ends else manifest()
    if seeds:
        parsed = _with_seeds(parsed, settings.workshop / "seeds")
    return build(settings, full_refresh=full_refresh, manifest=parsed)


def _with_seeds(parsed: Manifest, folder: Path) -> Manifest:
    """The parsed project, its seeds read from another folder laid out as the project's."""
    other = parsed.deepcopy()
    other.rebuild_ref_lookup()
    for node in other.nodes.values():
        if node.resource_type == "seed":
            file = folder / Path(node.original_file_path).relative_to("seeds")
            node.original_file_path = os.path.relpath(file, PROJECT)
    return other


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
        "where table_schema in ('marts', 'reports', 'alerts') order by 1",
    )
    return [row[0] for row in rows]


def contents(data: Path, table: str) -> list[tuple[Any, ...]]:
    """All rows of a table, in an order of their own."""
    return sorted(query(data, f"select * from {table}"), key=repr)
