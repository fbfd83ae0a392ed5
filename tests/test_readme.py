"""The README knows every command there is."""

from __future__ import annotations

import re

import pytest
from typer.main import get_group

from ingest.cli import app as ingest
from pipeline.cli import app as pipeline
from pipeline.settings import PROJECT
from publish.cli import app as publish

README = (PROJECT / "README.md").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z-]+):.*## ", (PROJECT / "Makefile").read_text(), re.MULTILINE)
COMMANDS = [
    f"{package} {name}"
    for package, app in (("ingest", ingest), ("pipeline", pipeline), ("publish", publish))
    for name in get_group(app).commands
]


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_told(target: str) -> None:
    assert re.search(rf"make {target}\b", README)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_told(command: str) -> None:
    """By its target, or as ``python -m``, or in a list of its package's sources."""
    name = re.escape(command.split()[1])
    assert re.search(rf"make {name}\b|{command}\b|`{name}`", README), command
