"""What is changed about a month's calls, as the command line says it.

A swap names a model as the ledger does (`gpt-4o`, `gpt-4o*`, with its provider before a colon
where that matters) and the model that is tried instead. What is tried is priced from the tables:
a cost the provider itself reported was for what was really called, and is left out.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from publish.reprice import RepriceError

EVERY_FEATURE = "all"
SHARE_PLACES = 6


@dataclass(frozen=True)
class ModelSwap:
    """Calls of one model, tried on another; an empty provider is any, or the call's own."""

    from_provider: str
    from_model: str
    to_provider: str
    to_model: str


@dataclass(frozen=True)
class Contract:
    """A share taken off every list price of a provider, in place of its contracts."""

    provider: str
    discount_share: Decimal


@dataclass(frozen=True)
class Scenario:
    """All changes, each on the calls as they were: swaps do not chain, the first match holds."""

    swaps: tuple[ModelSwap, ...] = ()
    batch: tuple[str, ...] = ()
    contracts: tuple[Contract, ...] = ()


def parse_scenario(
    models: Collection[str],
    batch: Collection[str],
    contracts: Collection[str],
    providers: Collection[str],
) -> Scenario:
    """Reads the options of the command.

    Args:
        models: texts FROM=TO.
        batch: features, or `all`.
        contracts: texts PROVIDER:PERCENT.
        providers: what may stand before a colon; model ids have colons too.

    Raises:
        RepriceError: a text is not of its form.
    """
    return Scenario(
        tuple(_swap(text, providers) for text in models),
        tuple(batch),
        tuple(_contract(text, providers) for text in contracts),
    )


def _swap(text: str, providers: Collection[str]) -> ModelSwap:
    old, equals, new = text.partition("=")
    if not (equals and old.strip() and new.strip()):
        raise RepriceError(f"--model {text}: write FROM=TO, as gpt-4o=gpt-4o-mini")
    return ModelSwap(*_named(old.strip(), providers), *_named(new.strip(), providers))


def _named(text: str, providers: Collection[str]) -> tuple[str, str]:
    provider, colon, model = text.partition(":")
    return (provider, model) if colon and provider in providers else ("", text)


def _contract(text: str, providers: Collection[str]) -> Contract:
    provider, _, percent = text.partition(":")
    try:
        share = Decimal(percent.removesuffix("%")) / 100
        fits = share.is_finite() and -10 < share <= 1 and share == round(share, SHARE_PLACES)
    except InvalidOperation:
        fits = False
    if not fits:
        raise RepriceError(
            f"--contract {text}: write PROVIDER:PERCENT off the list, up to 100, as openai:12.5"
        )
    if provider not in providers:
        known = ", ".join(sorted(providers))
        raise RepriceError(f"--contract {text}: no price is known of {provider!r}; one of {known}")
    return Contract(provider, share)
