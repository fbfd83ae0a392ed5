"""What changed when: prompt versions, route policies, deploys. All dated, all in the truth file."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipeline.simulate.company import FEATURE_NUMBER, FEATURES, MODEL_NUMBER
from pipeline.simulate.incidents import HOUR, Incident, Window


@dataclass(frozen=True)
class Change:
    """Something that was rolled out."""

    at_ms: int
    kind: str  # prompt, route_policy
    feature: str
    version: str


_LENGTHS = (1.0, 1.04, 0.97, 1.06)  # input tokens of prompt v2 … v5 against v2
CREEP_LENGTH = 2.0
_POLICIES = ("r14", "r15", "r16")
_POLICY_STARTS = (0.0, 0.35, 0.72)
# From which policy on a feature's model is replaced by another.
_REROUTED = {
    "r15": {("copilot", "claude-sonnet-4-5"): "claude-sonnet-5"},
    "r16": {
        ("copilot", "claude-sonnet-4-5"): "claude-sonnet-5",
        ("copilot", "gemini-2.5-flash"): "gemini-3.5-flash",
        ("ticket_triage", "claude-haiku-4-5"): "gpt-5-mini",
    },
}


def prompt_starts(window: Window, number: int) -> list[int]:
    """When each prompt version of a feature went live, v2 first."""
    if FEATURES[number].feature == "ticket_summary":
        shares = (0.21, 0.44, 0.62)  # the last one is the prompt_creep incident
    else:
        shares = (0.18 + 0.012 * number, 0.41 + 0.011 * number, 0.66 + 0.013 * number)
    return [window.start_ms] + [window.workday_at(share) + 9 * HOUR for share in shares]


def changes(window: Window, incidents: dict[str, Incident]) -> list[Change]:
    """Every roll-out of the period, oldest first."""
    made = [
        Change(at, "prompt", feature.feature, f"{feature.feature}/v{version}")
        for number, feature in enumerate(FEATURES)
        for version, at in enumerate(prompt_starts(window, number)[1:], start=3)
    ]
    made += [
        Change(window.day_at(share), "route_policy", "*", policy)
        for policy, share in zip(_POLICIES[1:], _POLICY_STARTS[1:], strict=True)
    ]
    drift = incidents["model_drift"]
    made.append(Change(drift.start_ms, "route_policy", "smart_reply", "r15-hotfix"))
    return sorted(made, key=lambda change: (change.at_ms, change.kind, change.feature))


def with_prompts(ops: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Adds ``prompt`` (version number) and ``prompt_length`` (factor on input tokens)."""
    edges = pl.DataFrame(
        [
            {"feature": number, "from_ms": at, "prompt": version}
            for number in range(len(FEATURES))
            for version, at in enumerate(prompt_starts(window, number), start=2)
        ],
        schema={"feature": pl.UInt32, "from_ms": pl.Int64, "prompt": pl.Int64},
    )
    version = pl.lit(1, pl.Int64)
    for step in range(4):
        start = edges.filter(pl.col("prompt") == step + 2).sort("feature")["from_ms"]
        version = version + (pl.col("op_ms") >= start.gather(ops["feature"])).cast(pl.Int64)
    length = pl.Series(_LENGTHS)
    creeping = (pl.col("feature") == FEATURE_NUMBER["ticket_summary"]) & (pl.col("prompt") == 5)
    return ops.with_columns(prompt=version).with_columns(
        prompt_length=pl.when(creeping)
        .then(CREEP_LENGTH)
        .otherwise(pl.lit(length).gather(pl.col("prompt") - 2))
    )


def with_route_policy(
    ops: pl.DataFrame, window: Window, drift: Incident, drifted: pl.Series
) -> pl.DataFrame:
    """Adds ``policy`` and moves ``model`` to where the policy of its time sends it.

    Args:
        ops: operations with ``model`` as the first policy would choose it.
        window: the period.
        drift: the model_drift incident, under a policy of its own.
        drifted: uniform numbers that decide which calls drift.
    """
    policy = pl.lit(_POLICIES[0])
    for name, share in zip(_POLICIES[1:], _POLICY_STARTS[1:], strict=True):
        later = pl.col("op_ms") >= window.day_at(share)
        policy = pl.when(later).then(pl.lit(name)).otherwise(policy)
    in_drift = (
        (pl.col("feature") == FEATURE_NUMBER["smart_reply"])
        & (pl.col("op_ms") >= drift.start_ms)
        & (pl.col("op_ms") < drift.end_ms)
    )
    model = pl.col("model")
    for name, moves in _REROUTED.items():
        for (feature, old), new in moves.items():
            moved = (
                (pl.col("policy") == name)
                & (pl.col("feature") == FEATURE_NUMBER[feature])
                & (pl.col("model") == MODEL_NUMBER[old])
            )
            model = pl.when(moved).then(MODEL_NUMBER[new]).otherwise(model)
    dear = MODEL_NUMBER[drift.scope["model"]]
    model = pl.when(in_drift & (drifted < 0.35)).then(dear).otherwise(model)
    return (
        ops.with_columns(policy=policy)
        .with_columns(model=model.cast(pl.UInt32))
        .with_columns(
            policy=pl.when(in_drift).then(pl.lit("r15-hotfix")).otherwise("policy"),
            is_drift=in_drift & (pl.col("model") == dear),
        )
    )
