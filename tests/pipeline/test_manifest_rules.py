"""The project keeps its own rules, and the rules catch who does not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from pipeline.manifest_rules import violations
from tests.support.warehouse import manifest


def test_the_project_keeps_its_rules() -> None:
    assert violations(manifest()) == []


def test_every_seed_has_a_description() -> None:
    missing = [
        node.name
        for node in manifest().nodes.values()
        if str(node.resource_type) == "seed" and not node.description
    ]
    assert missing == []


@pytest.fixture
def broken_manifest() -> Any:
    return copy.deepcopy(manifest())


def _new_violations(broken: Any) -> list[str]:
    return sorted(set(violations(broken)) - set(violations(manifest())))


def _model(parsed: Any, name: str) -> Any:
    return parsed.nodes[f"model.tokenhouse.{name}"]


def test_a_missing_description_is_caught(broken_manifest: Any) -> None:
    _model(broken_manifest, "fct_calls").description = ""
    assert _new_violations(broken_manifest) == ["fct_calls: has no description"]


def test_a_missing_grain_is_caught(broken_manifest: Any) -> None:
    _model(broken_manifest, "fct_calls").description = "Calls."
    assert _new_violations(broken_manifest) == [
        "fct_calls: its description does not state its grain"
    ]


def test_a_missing_grain_test_is_caught(broken_manifest: Any) -> None:
    name = next(key for key in broken_manifest.nodes if "unique_grain_dim_models" in key)
    del broken_manifest.nodes[name]
    assert _new_violations(broken_manifest) == ["dim_models: has no grain test"]


def test_a_missing_contract_is_caught(broken_manifest: Any) -> None:
    _model(broken_manifest, "dim_models").contract.enforced = False
    assert _new_violations(broken_manifest) == ["dim_models: has no enforced contract"]


def test_an_undescribed_column_is_caught(broken_manifest: Any) -> None:
    _model(broken_manifest, "dim_models").columns["model"].description = ""
    assert _new_violations(broken_manifest) == ["dim_models: column model has no description"]


def test_a_model_that_computes_untested_is_caught(broken_manifest: Any) -> None:
    broken_manifest.unit_tests = {
        key: test for key, test in broken_manifest.unit_tests.items() if test.model != "dim_models"
    }
    assert _new_violations(broken_manifest) == ["dim_models: computes and has no unit test"]


def test_a_report_that_reads_past_the_marts_is_caught(broken_manifest: Any) -> None:
    report = _model(broken_manifest, "rpt_unpriced_spend")
    report.depends_on.nodes.append("model.tokenhouse.int_calls_priced")
    assert _new_violations(broken_manifest) == [
        "rpt_unpriced_spend: reads model.tokenhouse.int_calls_priced; reports read only marts"
    ]


def test_a_mart_that_reads_a_source_is_caught(broken_manifest: Any) -> None:
    _model(broken_manifest, "fct_calls").depends_on.nodes.append("source.tokenhouse.lake.calls")
    assert _new_violations(broken_manifest) == [
        "fct_calls: reads source.tokenhouse.lake.calls; only staging may read sources"
    ]


def test_a_test_that_incremental_builds_would_leave_out_is_caught(broken_manifest: Any) -> None:
    name = next(key for key in broken_manifest.nodes if "assert_landed_files_balance" in key)
    broken_manifest.nodes[name].depends_on.nodes.append("seed.tokenhouse.tenants")
    assert _new_violations(broken_manifest) == [
        "assert_landed_files_balance: tests seeds beside other models; "
        "incremental builds would leave it out"
    ]
