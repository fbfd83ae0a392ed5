"""The command ``python -m publish what-if``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.errors import TokenhouseError
from ingest.settings import load_settings
from ingest.store import reaching
from publish.whatif.replay import WhatIfLine, what_if

SHOWN = ("tenant_id", "feature", "call_count", "booked_usd", "tried_usd", "delta_usd")
TEXTS = 2


def what_if_command(
    *,
    month: Annotated[str, typer.Option(help="UTC month to price again, as 2026-10.")],
    seeds: Annotated[
        Path | None, typer.Option(help="Folder of price CSVs to try, as for reprice.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="FROM=TO: calls of a model, tried on another.")
    ] = None,
    batch: Annotated[
        list[str] | None, typer.Option(help="Feature whose calls are tried as batch, or all.")
    ] = None,
    contract: Annotated[
        list[str] | None, typer.Option(help="PROVIDER:PERCENT off its list prices.")
    ] = None,
    warehouse: Annotated[
        Path | None,
        typer.Option(help="Warehouse file.", show_default="$TOKENHOUSE_DATA/warehouse.duckdb"),
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Also print the lines that do not change.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a month would have cost on other models, as batch or under another contract.

    Nothing is changed. Every call is priced again with the tokens it had; `booked` is the ledger,
    to the last digit. Calls that have no price in the scenario are counted, not called a saving.

    Example: python -m publish what-if --month 2026-10 --model gpt-4o=gpt-4o-mini --batch all
    """
    try:
        settings = load_settings()
        with reaching(settings.data):
            lines = what_if(
                warehouse or settings.local / "warehouse.duckdb",
                month,
                models=tuple(model or ()),
                batch=tuple(batch or ()),
                contracts=tuple(contract or ()),
                seeds=seeds,
                lake=settings.data,
            )
    except TokenhouseError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps(_as_json(lines), indent=2))
        return
    for text in _as_text(lines, show_all):
        typer.echo(text)


def _total(lines: list[WhatIfLine]) -> WhatIfLine:
    sums: dict[str, Any] = {
        field.name: sum((getattr(line, field.name) for line in lines), _zero(field.name))
        for field in fields(WhatIfLine)[TEXTS:]
    }
    return WhatIfLine("total", "", **sums)


def _zero(column: str) -> Decimal | int:
    return Decimal(0) if column.endswith("_usd") else 0


def _as_row(line: WhatIfLine) -> dict[str, object]:
    """The line for JSON; money as text, so that no digit is lost."""
    return {
        name: format(value, "f") if isinstance(value, Decimal) else value
        for name, value in asdict(line).items()
    }


def _as_json(lines: list[WhatIfLine]) -> dict[str, object]:
    return {"lines": [_as_row(line) for line in lines], "total": _as_row(_total(lines))}


def _as_text(lines: list[WhatIfLine], show_all: bool) -> Iterator[str]:
    shown = [line for line in lines if show_all or _changes(line)]
    total = _total(lines)
    rows = [_as_row(line) for line in (*shown, total)]
    table = [list(SHOWN)] + [[str(row[name]) for name in SHOWN] for row in rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(SHOWN))]
    for cells in table:
        padded = (
            cell.ljust(width) if column < TEXTS else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        yield "  ".join(padded).rstrip()
    yield f"{len(lines) - len(shown)} further lines do not change" if shown else "nothing changes"
    yield (
        f"unpriced calls: {total.booked_unpriced_calls} booked, "
        f"{total.tried_unpriced_calls} as tried"
    )
    if total.lost_price_usd or total.found_price_usd:
        yield (
            f"not in delta: {total.lost_price_usd:f} booked lost its price, "
            f"{total.found_price_usd:f} found one"
        )


def _changes(line: WhatIfLine) -> bool:
    return (
        line.booked_usd != line.tried_usd or line.booked_unpriced_calls != line.tried_unpriced_calls
    )
