"""The library's model matching, flattened into rows that SQL can evaluate.

Data flow: `genai_prices` match clauses -> `seeds/prices/model_aliases.csv`.

A rule is one model of one provider. It matches when in any of its groups (`and_group`) every row
matches; the lowest `rule_order` of the provider wins, as in the library. Models of fallback
providers (Azure serves OpenAI's) follow the provider's own, under the serving provider's name.

Hand rows (`origin` = hand) are kept by `refresh`. Below `FIRST_GENERATED` they win over the
catalogue, above `LAST_RESORT` they only catch what nothing else matched.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    MatchLogic,
)

from ingest.prices.catalogue import providers, served_models

FIRST_GENERATED = 1_000
LAST_RESORT = 1_000_000
GENERATED = "generated"
HAND = "hand"

_NOTHING_BUT_NEGATIVE_LOOKAHEAD = re.compile(r"\^\(\?!(?P<inner>.*)\)", re.DOTALL)

Leaf = tuple[str, str]
"""Match kind and pattern."""


def alias_rows(hand_rows: Iterable[dict[str, str]] = ()) -> list[dict[str, str]]:
    """All alias rows: the library's, and the hand rows given.

    Args:
        hand_rows: Rows of an existing seed; those whose `origin` is not hand are ignored.

    Returns:
        Rows for `MODEL_ALIAS_COLUMNS`, sorted by provider, rule, group.
    """
    rows = [row for row in hand_rows if row["origin"] == HAND]
    for provider in providers():
        for offset, (_, model, model_id) in enumerate(served_models(provider)):
            for group, leaves in enumerate(disjunctive_groups(model.match), start=1):
                rows.extend(
                    {
                        "provider": provider.id,
                        "rule_order": str(FIRST_GENERATED + offset),
                        "and_group": str(group),
                        "match_kind": kind,
                        "pattern": pattern,
                        "price_provider": provider.id,
                        "price_model": model_id,
                        "origin": GENERATED,
                    }
                    for kind, pattern in leaves
                )
    return sorted(
        rows,
        key=lambda row: (
            row["provider"],
            int(row["rule_order"]),
            int(row["and_group"]),
            row["match_kind"],
            row["pattern"],
        ),
    )


def disjunctive_groups(clause: MatchLogic) -> list[list[Leaf]]:
    """A clause as "any of these groups, all rows of the group".

    Args:
        clause: The library's match logic of one model.

    Returns:
        Groups of (match kind, pattern).
    """
    if isinstance(clause, ClauseOr):
        return [group for part in clause.or_ for group in disjunctive_groups(part)]
    if isinstance(clause, ClauseAnd):
        parts = [disjunctive_groups(part) for part in clause.and_]
        return [list(itertools.chain(*combined)) for combined in itertools.product(*parts)]
    return [list(_leaves(clause))]


def _leaves(clause: MatchLogic) -> Iterator[Leaf]:
    if isinstance(clause, ClauseEquals):
        yield "equals", clause.equals.lower()
    elif isinstance(clause, ClauseStartsWith):
        yield "starts_with", clause.starts_with.lower()
    elif isinstance(clause, ClauseEndsWith):
        yield "ends_with", clause.ends_with.lower()
    elif isinstance(clause, ClauseContains):
        yield "contains", clause.contains.lower()
    elif isinstance(clause, ClauseRegex):
        yield _regex_leaf(clause.regex)
    else:
        raise TypeError(f"genai-prices has a new kind of match clause: {type(clause).__name__}")


def _regex_leaf(pattern: str) -> Leaf:
    """RE2 (DuckDB) has no look-around; a pattern that is only "not this" becomes `not_regex`."""
    negative = _NOTHING_BUT_NEGATIVE_LOOKAHEAD.fullmatch(pattern)
    if negative is not None:
        return "not_regex", "^" + negative["inner"]
    if re.search(r"\(\?[=!<]", pattern):
        raise ValueError(f"genai-prices uses a look-around that SQL cannot evaluate: {pattern}")
    return "regex", pattern
