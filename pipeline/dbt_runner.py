"""The one door to dbt: runs it inside this process and brings back what happened.

Importing dbt takes three seconds, so it is imported when a build really runs it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.settings import PROJECT, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbt.contracts.graph.manifest import Manifest


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test."""

    name: str
    kind: str
    status: str
    seconds: float
    message: str

    @property
    def is_good(self) -> bool:
        """Whether it did what it should."""
        return self.status in ("success", "pass")


@dataclass(frozen=True)
class DbtResult:
    """What became of a dbt command."""

    succeeded: bool
    nodes: tuple[NodeResult, ...] = ()
    error: str = ""
    counts: dict[str, int] = field(default_factory=dict)


def run_dbt(
    settings: Settings,
    command: Sequence[str],
    seeds: Path,
    manifest: Manifest | None = None,
) -> DbtResult:
    """Runs a dbt command on the draft.

    Args:
        settings: where things are.
        command: the command and its options, e.g. ``["build", "--full-refresh"]``.
        seeds: the folder of seeds.
        manifest: the project as an earlier call parsed it; spares parsing it again.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    with _environment(settings, seeds):
        try:
            result = dbtRunner(manifest=manifest).invoke([*command, *_options(settings)])
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    nodes = tuple(_node(item) for item in getattr(result.result, "results", ()))
    counts: dict[str, int] = {}
    for node in nodes:
        counts[node.kind] = counts.get(node.kind, 0) + 1
    error = str(result.exception) if result.exception else ""
    return DbtResult(bool(result.success), nodes, error, counts)


def parse_project(settings: Settings, seeds: Path) -> Manifest:
    """The project's manifest, for callers that run dbt several times."""
    from dbt.cli.main import dbtRunner

    with _environment(settings, seeds):
        result = dbtRunner().invoke(["parse", *_options(settings)])
    if not result.success:
        raise RuntimeError(f"the dbt project does not parse: {result.exception}")
    manifest: Manifest = result.result  # type: ignore[assignment]  # what parse results in
    return manifest


@contextmanager
def _environment(settings: Settings, seeds: Path) -> Iterator[None]:
    """Dbt reads these when it loads the profile and the project."""
    values = {
        "TOKENHOUSE_WAREHOUSE": str(settings.draft),
        "TOKENHOUSE_LAKE": str(settings.raw),
        "TOKENHOUSE_SEED_PATH": os.path.relpath(seeds, PROJECT),
    }
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _options(settings: Settings) -> list[str]:
    return [
        "--quiet",
        # everything dbt does, written down, takes a seventh of a build
        *("--log-level-file", "warn"),
        *("--project-dir", str(PROJECT)),
        *("--profiles-dir", str(PROJECT / "profiles")),
        *("--target-path", str(settings.target)),
        *("--log-path", str(settings.workshop / "logs")),
    ]


def _node(item: Any) -> NodeResult:
    return NodeResult(
        name=item.node.name,
        kind=str(item.node.resource_type),
        status=str(item.status),
        seconds=float(item.execution_time),
        message=str(item.message or ""),
    )
