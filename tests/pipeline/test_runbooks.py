"""Runbooks: one a rule, whole, and every statement in them runs in `make sql`."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from pipeline.settings import PROJECT, Settings
from pipeline.sql import open_warehouse

FOLDER = PROJECT / "docs" / "runbooks"
RULES = PROJECT / "seeds" / "alerts" / "alert_rules.csv"
SECTIONS = ("First checks", "SQL", "Escalation", "Rollback and kill switch")

runbooks = pytest.mark.parametrize("file", sorted(FOLDER.glob("*.md")), ids=lambda file: file.stem)


@runbooks
def test_every_statement_runs(built_lake: Path, file: Path) -> None:
    statements = re.findall(r"```sql\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL)
    assert statements
    with open_warehouse(Settings(data=built_lake)) as connection:
        for statement in statements:
            connection.execute(statement).fetchall()


@runbooks
def test_every_runbook_is_whole(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    if file.stem != "README":
        assert f"Rule `{file.stem}`" in text
        assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == list(SECTIONS)


def test_every_rule_has_a_runbook_and_every_runbook_a_rule() -> None:
    with RULES.open(encoding="utf-8", newline="") as stream:
        rules = {row["rule_id"] for row in csv.DictReader(stream)}
    assert {file.stem for file in FOLDER.glob("*.md")} - {"README"} == rules
