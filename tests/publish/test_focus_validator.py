"""The gate: focus-validator 2.2.1 finds nothing but its own known leaf.

`InvoiceId-C-004-C` ("must be null") is one side of an "or" whose parent passes, so every dataset
that names an invoice fails it. The validator ends with 0 whatever it finds: its count is read.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from publish.focus.export import export_focus
from tests.support.close_story import story
from tests.support.focus_validator import KNOWN_FAILURE, UnavailableError, Verdict, validate


def verdict_of(file: Path) -> Verdict:
    try:
        return validate(file)
    except UnavailableError as error:
        pytest.skip(f"focus-validator cannot be installed here: {error}")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_validator_finds_nothing_but_its_known_leaf(tmp_path: Path, kind: str) -> None:
    story(tmp_path)
    export_focus(tmp_path, "2026-10", ["1.2"])
    verdict = verdict_of(tmp_path / f"focus/1.2/2026-10/cost_and_usage.{kind}")
    assert verdict.failures == (KNOWN_FAILURE,)
    assert verdict.failed == 1
    assert verdict.passed >= 249


@pytest.mark.slow
def test_the_gate_sees_a_planted_fault(tmp_path: Path) -> None:
    story(tmp_path)
    export_focus(tmp_path, "2026-10", ["1.2"])
    file = tmp_path / "focus/1.2/2026-10/cost_and_usage.parquet"
    broken = tmp_path / "broken.parquet"
    duckdb.sql(
        f"copy (select * replace ('Dollars' as BillingCurrency) from '{file}') to '{broken}'"
    )
    assert len(verdict_of(broken).failures) > 1
