"""dbt's own unit tests, run from here so that `make test` runs every test."""

from __future__ import annotations

from pathlib import Path

from pipeline.settings import Settings
from pipeline.unit_tests import run_unit_tests
from tests.support.warehouse import manifest


def test_dbt_unit_tests_pass(tmp_path: Path) -> None:
    result = run_unit_tests(Settings(data=tmp_path), manifest())
    assert result.succeeded, [node for node in result.nodes if not node.is_good]
    assert result.counts["unit_test"] > 30
