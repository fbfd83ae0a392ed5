"""House rules that dbt does not know, checked on its manifest: no database is needed.

Each model has a description that states its grain and a grain test. Marts and reports
have contracts and a description on every column. Only staging reads sources; reports read only
marts; marts never read staging. A model that computes has a unit test.
Tests of what is made of seeds alone look at nothing else: incremental builds leave them out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

CONTRACT_LAYERS = ("marts", "reports", "alerts")

# What makes a model compute: it sums, decides or ranks. Renaming and joining do not.
COMPUTES = re.compile(r"\b(group by|case|over)\b")

# `unique` on the one column of a grain says the same as `unique_grain`.
GRAIN_TESTS = ("unique_grain", "unique")


def violations(manifest: Manifest) -> list[str]:
    """Every rule that a model of the manifest breaks, as sentences."""
    models = [node for node in manifest.nodes.values() if str(node.resource_type) == "model"]
    grain_tested = set(_models_with_grain_test(manifest))
    unit_tested = Counter(
        f"model.{test.package_name}.{test.model}" for test in manifest.unit_tests.values()
    )
    broken: list[str] = []
    for model in models:
        facts = _Facts(model, model.unique_id in grain_tested, unit_tested[model.unique_id])
        broken += [f"{model.name}: {rule}" for rule in facts.broken(manifest)]
    broken += [
        f"{node.name}: tests seeds beside other models; incremental builds would leave it out"
        for node in manifest.nodes.values()
        if str(node.resource_type) == "test" and _is_mixed(node, manifest)
    ]
    return sorted(broken)


class _Facts:
    """What the rules ask of one model."""

    def __init__(self, model: Any, has_grain_test: bool, unit_test_count: int) -> None:
        self.model = model
        self.layer = model.fqn[1]
        self.has_grain_test = has_grain_test
        self.unit_test_count = unit_test_count

    def broken(self, manifest: Manifest) -> Iterator[str]:
        """The rules this model breaks."""
        if not self.model.description:
            yield "has no description"
        elif "rain" not in self.model.description:
            yield "its description does not state its grain"
        if not self.has_grain_test:
            yield "has no grain test"
        if self.layer in CONTRACT_LAYERS:
            yield from self._contract()
        if COMPUTES.search(_without_comments(self.model.raw_code)) and not self.unit_test_count:
            yield "computes and has no unit test"
        yield from self._layers(manifest)

    def _contract(self) -> Iterator[str]:
        if not self.model.contract.enforced:
            yield "has no enforced contract"
        for column in self.model.columns.values():
            if not column.description:
                yield f"column {column.name} has no description"

    def _layers(self, manifest: Manifest) -> Iterator[str]:
        for parent in self.model.depends_on.nodes:
            if parent.startswith("source."):
                if self.layer != "staging":
                    yield f"reads {parent}; only staging may read sources"
                continue
            if not parent.startswith("model."):
                continue
            layer = manifest.nodes[parent].fqn[1]
            if self.layer == "reports" and layer != "marts":
                yield f"reads {parent}; reports read only marts"
            if self.layer == "marts" and layer == "staging" and "audit" not in self.model.fqn:
                yield f"reads {parent}; marts do not read staging"


def _models_with_grain_test(manifest: Manifest) -> Iterator[str]:
    for node in manifest.nodes.values():
        metadata = getattr(node, "test_metadata", None)
        if metadata is not None and metadata.name in GRAIN_TESTS:
            yield str(getattr(node, "attached_node", None))


def _is_mixed(test: Any, manifest: Manifest) -> bool:
    """Whether a test looks at something made of seeds alone and at something that is not."""
    parents = [name for name in test.depends_on.nodes if name in manifest.nodes]
    return len({"from_seeds" in manifest.nodes[name].tags for name in parents}) > 1


def _without_comments(code: str) -> str:
    return re.sub(r"/\*.*?\*/|--[^\n]*", "", code, flags=re.DOTALL)
