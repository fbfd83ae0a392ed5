"""What the company's people know and its logs do not say: rows for the seeds of the warehouse.

A folder to name in TOKENHOUSE_SEEDS: each file replaces the seed of the same name.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.simulate.company import FEATURES, INTERNAL_TENANT, KEYED_TENANTS, Tenant
from pipeline.simulate.outcomes.contracts import plan_of
from pipeline.simulate.providers.money import booked_rate, units_per_usd

RATE_YEARS = (2025, 2026)


def write_seeds(folder: Path, customers: tuple[Tenant, ...]) -> None:
    """Write the CSVs: attribution rules, tenants, features, exchange rates, cost centres."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (
        ("attribution_rules", _rules(customers)),
        ("tenants", _tenants(customers)),
        ("features", _features()),
        ("fx_rates", _fx_rates()),
        ("cost_centers", _cost_centers()),
    ):
        pl.DataFrame(rows).write_csv(folder / f"{name}.csv")


def _rules(customers: tuple[Tenant, ...]) -> list[dict[str, str]]:
    rules = [
        _rule(f"key-{customer.tenant_id}", "10", api_key_id=customer.api_key_id,
              tenant_id=customer.tenant_id)
        for customer in customers[:KEYED_TENANTS]
    ]  # fmt: skip
    rules.append(_rule("key-internal", "10", api_key_id="key_internal", tenant_id=INTERNAL_TENANT))
    rules += [
        _rule(f"endpoint-{feature.feature}", "20", endpoint=feature.endpoint,
              feature=feature.feature, team=feature.team,
              workload_class=feature.workload_class)
        for feature in FEATURES
    ]  # fmt: skip
    return rules


def _rule(rule_id: str, priority: str, **given: str) -> dict[str, str]:
    matched = {"api_key_id": "*", "project_id": "*", "endpoint": "*"}
    filled = dict.fromkeys(("tenant_id", "feature", "team", "environment", "workload_class"), "")
    dates = {"valid_from": "", "valid_to": ""}
    return {"rule_id": rule_id, "priority": priority} | matched | dates | filled | given


def _tenants(customers: tuple[Tenant, ...]) -> list[dict[str, str]]:
    rows = [(customer.tenant_id, plan_of(rank)) for rank, customer in enumerate(customers)]
    return [
        {
            "tenant_id": tenant_id,
            "tenant_name": tenant_id.replace("-", " ").title(),
            "plan": plan,
            "valid_from": "",
            "valid_to": "",
        }
        for tenant_id, plan in [*rows, (INTERNAL_TENANT, "internal")]
    ]


def _features() -> list[dict[str, str]]:
    return [
        {
            "feature": feature.feature,
            "feature_name": feature.feature.replace("_", " ").capitalize(),
            "owner_team": feature.team,
            "valid_from": "",
            "valid_to": "",
        }
        for feature in FEATURES
    ]


def _fx_rates() -> list[dict[str, str]]:
    """A rate a month of the years the demo may lie in."""
    return [
        {
            "currency": currency,
            "valid_from": f"{month}-01",
            "units_per_usd": format(units_per_usd(currency, month), "f"),
            "usd_per_unit": format(booked_rate(currency, month), "f"),
            "source": "made up for the demo",
            "checked_at": f"{month}-01",
        }
        for currency in ("CAD",)
        for month in (f"{year}-{number:02d}" for year in RATE_YEARS for number in range(1, 13))
    ]


def _cost_centers() -> list[dict[str, str]]:
    """A team pays for what it owns; what the company does for itself is engineering's."""
    anything = dict.fromkeys(("tenant_id", "feature", "team", "environment", "workload_class"), "*")
    dates = {"valid_from": "", "valid_to": ""}
    teams = sorted({feature.team for feature in FEATURES})
    return [
        *[anything | {"team": team, "cost_center": f"product-{team}"} | dates for team in teams],
        anything | {"tenant_id": INTERNAL_TENANT, "cost_center": "engineering"} | dates,
    ]
