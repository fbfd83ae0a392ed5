"""`python -m ingest prices …`: refresh the price seeds, and check them against a second list."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from ingest.errors import TokenhouseError, UsageError
from ingest.prices.crosscheck import compare, installed_catalogue
from ingest.prices.refresh import refresh_seeds

app = typer.Typer(
    help="Keep the price seeds: generate them, and check them against a second catalogue.",
    no_args_is_help=True,
)

_SEEDS = Path("seeds/prices")


@app.command()
def refresh(
    checked_at: Annotated[
        str | None,
        typer.Option(help="Day written on every price row.", metavar="DAY", show_default="today"),
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder of the price seeds.")] = _SEEDS,
) -> None:
    """Write price_list.csv and model_aliases.csv from the installed genai-prices.

    Hand-kept rows and files stay as they are. The same catalogue and day give the same bytes.

    Example: python -m ingest prices refresh --checked-at 2026-11-21
    """
    try:
        done = refresh_seeds(output, _day(checked_at))
    except TokenhouseError as error:
        raise _exit(error) from error
    typer.echo(
        f"genai-prices {done.source_version}: {done.price_count} price rows, "
        f"{done.alias_count} alias rows in {output}"
    )


@app.command()
def check(  # noqa: PLR0917  (a command has that many options)
    catalogue: Annotated[
        Path | None,
        typer.Option(help="LiteLLM's price map (JSON).", show_default="an installed litellm's"),
    ] = None,
    over: Annotated[
        str, typer.Option(help="Report differences above this share of the larger figure.")
    ] = "0.01",
    provider: Annotated[
        list[str] | None, typer.Option(help="Only this provider; may be repeated.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="Day whose prices to compare.", metavar="DAY", show_default="today"),
    ] = None,
    seeds: Annotated[Path, typer.Option(help="Folder of the price seeds.")] = _SEEDS,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 on a disagreement.")] = False,
) -> None:
    """Print where the list prices differ from LiteLLM's price map.

    Both figures are USD per million tokens (per thousand searches). A difference is a question to
    the provider's price page, not an error of either list.

    Example: python -m ingest prices check --catalogue model_prices.json --provider openai
    """
    try:
        path = catalogue or installed_catalogue()
        if path is None:
            raise UsageError("litellm is not installed: pass its price map with --catalogue FILE")
        found = compare(seeds, path, _share(over), _day(as_of), frozenset(provider or ()))
    except TokenhouseError as error:
        raise _exit(error) from error
    for item in found.disagreements:
        context = f">{item.input_tokens_over}" if item.input_tokens_over else ""
        typer.echo(
            f"{item.provider}/{item.model}  {item.service_tier}{context}  {item.meter}: "
            f"ours {_plain(item.ours)}, theirs {_plain(item.theirs)} "
            f"({item.share:.1%}, {item.their_model})"
        )
    models = len({(item.provider, item.their_model) for item in found.disagreements})
    typer.echo(
        f"{len(found.disagreements)} of {found.compared_figures} figures differ by more than "
        f"{_share(over):.1%}, in {models} of {found.compared_models} models; "
        f"{found.unmatched_models} of their models are not in our list"
    )
    if strict and found.disagreements:
        raise typer.Exit(1)


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(tz=UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not a day; write it as 2026-11-21") from error


def _share(text: str) -> Decimal:
    try:
        share = Decimal(text)
    except InvalidOperation as error:
        raise UsageError(f"--over {text!r} is not a number; write a share like 0.01") from error
    if not 0 <= share < 1:
        raise UsageError(f"--over {text}: a share lies between 0 and 1")
    return share


def _plain(price: Decimal) -> str:
    return format(price.normalize(), "f")


def _exit(error: TokenhouseError) -> typer.Exit:
    typer.echo(f"error: {error}", err=True)
    return typer.Exit(error.exit_code)
