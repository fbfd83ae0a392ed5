"""Prompt changes whose effect is planted: what they did to a call, to a task and to its outcome.

A feature keeps the tokens, steps and outcomes of ``company`` under every other prompt.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipeline.simulate.company import FEATURE_NUMBER

LAST = 5  # the newest prompt version of every feature


@dataclass(frozen=True)
class PromptChange:
    """What a prompt version changed, against the one before it.

    Attributes:
        number: the version that brought it.
        until: the version that took it back; one past the last if none did.
        input_factor: on the input outside the cached prefix.
        output_factor: on the output.
        more_steps: steps a unit needs more, as a share of what it needed.
        success_factor: on the share of tasks that succeed.
        verdict: what a reader of the two versions should conclude.
    """

    feature: str
    number: int
    until: int
    input_factor: float
    output_factor: float
    more_steps: float
    success_factor: float
    verdict: str
    what: str

    @property
    def version(self) -> str:
        """The version as calls name it."""
        return f"{self.feature}/v{self.number}"


REWORKED = PromptChange(
    "agent_resolver", 4, 5, 0.55, 0.4, 0.45, 0.68, "cheaper_more_rework",
    "terse answers: each call is much cheaper, but a ticket takes more of them, fewer resolve",
)  # fmt: skip
TRIMMED = PromptChange(
    "translation", 4, LAST + 1, 0.8, 0.7, 0.0, 1.0, "cheaper_same_success",
    "no commentary beside the translation: shorter answers, accepted as often as before",
)  # fmt: skip
PROMPT_CHANGES = (REWORKED, TRIMMED)


def factor(field: str, version: str = "prompt") -> pl.Expr:
    """A factor by the columns ``feature`` and ``version``; 1 under every other prompt."""
    value = pl.lit(1.0)
    for change in PROMPT_CHANGES:
        under = (
            (pl.col("feature") == FEATURE_NUMBER[change.feature])
            & (pl.col(version) >= change.number)
            & (pl.col(version) < change.until)
        )
        value = pl.when(under).then(getattr(change, field)).otherwise(value)
    return value
