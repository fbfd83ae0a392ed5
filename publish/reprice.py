"""What history would cost under other price seeds, before anybody changes them.

Data flow: `warehouse.duckdb` (read only) + a folder of seeds -> report; nothing is written.

The pricing models are views, so the warehouse carries its own pricing SQL. It is replayed in a
memory database of the same name, where the price seeds are the given ones and everything else is
read from the warehouse. So the figures come from the same SQL that booked the ledger, and with
unchanged seeds every delta is exactly 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer

from ingest.errors import TokenhouseError
from ingest.settings import load_settings
from ingest.store import LOCAL_DATA, Location, allow_reads, reaching
from publish.errors import PublishError

PRICE_SEEDS = (
    "price_list",
    "price_overrides",
    "contract_prices",
    "price_modifiers",
    "model_aliases",
    "service_tier_aliases",
)
"""Seeds that decide a price. Provider names stay as booked: they are part of the ledger's key."""

_LEDGERS = (("marts", "fct_costs_hourly"), ("intermediate", "int_calls_priced"))
_FROZEN_VIEWS = {"int_prices_matched": "int_prices_keyed"}
"""Tables that hold a view's result; they are computed again from the view."""

_MONTHLY = """
    select
        strftime({moment} at time zone 'UTC', '%Y-%m') as billing_month,
        coalesce(provider, '(unattributed)') as provider,
        coalesce(model, '(unattributed)') as model,
        {calls} as call_count,
        {unpriced} as unpriced_call_count,
        coalesce(sum(billed_cost_usd), 0) as cost_usd
    from {relation}
    group by billing_month, provider, model
"""


class RepriceError(PublishError):
    """The warehouse or the seeds cannot be used; the message says what to do."""


@dataclass(frozen=True)
class RepriceLine:
    """One month, provider and model, booked and repriced."""

    billing_month: str
    provider: str
    model: str
    call_count: int
    booked_usd: Decimal
    repriced_usd: Decimal
    booked_unpriced_calls: int
    repriced_unpriced_calls: int

    @property
    def delta_usd(self) -> Decimal:
        """What the other seeds would add."""
        return self.repriced_usd - self.booked_usd

    def as_dict(self) -> dict[str, object]:
        """The line for JSON; money as text, so that no digit is lost."""
        return {
            "billing_month": self.billing_month,
            "provider": self.provider,
            "model": self.model,
            "call_count": self.call_count,
            "booked_usd": _money(self.booked_usd),
            "repriced_usd": _money(self.repriced_usd),
            "delta_usd": _money(self.delta_usd),
            "booked_unpriced_calls": self.booked_unpriced_calls,
            "repriced_unpriced_calls": self.repriced_unpriced_calls,
        }


def reprice_history(
    warehouse: Path, seeds: Path, *, lake: Location = LOCAL_DATA
) -> list[RepriceLine]:
    """Price every call again with other seeds and set it against the ledger.

    Args:
        warehouse: The warehouse file; only read.
        seeds: Folder whose price CSVs replace those of the same name, at any depth.
        lake: Where what the warehouse shows as views is.

    Returns:
        One line per month, provider and model of either side, sorted.

    Raises:
        RepriceError: A file is missing or does not fit.
    """
    if not warehouse.exists():
        raise RepriceError(f"{warehouse} is not there: run `make build` first")
    replaced = seed_files(seeds)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        allow_reads(connection, lake)
        connection.execute("set TimeZone = 'UTC'")
        booked = _monthly(connection, _ledger(connection, warehouse))
    with duckdb.connect() as connection:
        allow_reads(connection, lake)
        connection.execute("set TimeZone = 'UTC'")
        _replay(connection, warehouse, replaced)
        repriced = _monthly(connection, _LEDGERS[-1])
    return [
        RepriceLine(
            *key,
            call_count=max(booked.get(key, _NOTHING)[0], repriced.get(key, _NOTHING)[0]),
            booked_usd=booked.get(key, _NOTHING)[2],
            repriced_usd=repriced.get(key, _NOTHING)[2],
            booked_unpriced_calls=booked.get(key, _NOTHING)[1],
            repriced_unpriced_calls=repriced.get(key, _NOTHING)[1],
        )
        for key in sorted(booked.keys() | repriced.keys())
    ]


def reprice(
    seeds: Annotated[Path, typer.Option(help="Folder of the price CSVs to try.")],
    warehouse: Annotated[
        Path | None,
        typer.Option(help="Warehouse file.", show_default="$TOKENHOUSE_DATA/warehouse.duckdb"),
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Also print the lines that do not change.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show, per month and model, what history would cost under other price seeds.

    Nothing is changed. The total of `booked` is the ledger's, to the last digit.

    Example: python -m publish reprice --seeds proposals/2027-contract
    """
    try:
        settings = load_settings()
        with reaching(settings.data):
            lines = reprice_history(
                warehouse or settings.local / "warehouse.duckdb", seeds, lake=settings.data
            )
    except TokenhouseError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
    if as_json:
        typer.echo(json.dumps(_as_json(lines), indent=2))
        return
    for text in _as_text(lines, show_all):
        typer.echo(text)


_NOTHING = (0, 0, Decimal(0))
_Key = tuple[str, str, str]
_Month = dict[_Key, tuple[int, int, Decimal]]


def seed_files(folder: Path) -> dict[str, Path]:
    """The price seeds of a folder, at any depth.

    Raises:
        RepriceError: it is no folder, or holds none, or one of them twice.
    """
    if not folder.is_dir():
        raise RepriceError(f"--seeds {folder} is not a folder")
    found: dict[str, Path] = {}
    for name in PRICE_SEEDS:
        files = sorted(folder.rglob(f"{name}.csv"))
        if len(files) > 1:
            raise RepriceError(f"--seeds {folder} holds {name}.csv more than once")
        if files:
            found[name] = files[0]
    if not found:
        names = ", ".join(f"{name}.csv" for name in PRICE_SEEDS)
        raise RepriceError(f"--seeds {folder} holds no price seed: one of {names}")
    return found


def _ledger(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> tuple[str, str]:
    for schema, name in _LEDGERS:
        if connection.execute(
            "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
            [schema, name],
        ).fetchall():
            return schema, name
    raise RepriceError(f"{warehouse} holds no ledger: run `make build` first")


def _monthly(connection: duckdb.DuckDBPyConnection, ledger: tuple[str, str]) -> _Month:
    schema, name = ledger
    is_rollup = ledger == _LEDGERS[0]
    rows = connection.execute(
        _MONTHLY.format(
            relation=f"{schema}.{name}",
            moment="hour_at" if is_rollup else "started_at",
            calls="sum(call_count)" if is_rollup else "count(*)",
            unpriced="sum(unpriced_call_count)"
            if is_rollup
            else "count(*) filter (where pricing_status = 'unpriced')",
        )
    ).fetchall()
    return {(row[0], row[1], row[2]): (int(row[3]), int(row[4]), row[5]) for row in rows}


def _replay(
    connection: duckdb.DuckDBPyConnection, warehouse: Path, replaced: dict[str, Path]
) -> None:
    """Rebuild the warehouse's catalogue in memory, with the given seeds in place of its own."""
    open_replay(connection, warehouse)
    for name, file in replaced.items():
        replace_seed(connection, name, file)
    refill_prices(connection)


def open_replay(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    """Show the warehouse in a memory database that can be changed: `replace_seed`.

    The memory database has the warehouse's name, because dbt writes that name into every view.

    Args:
        connection: a connection to a memory database.
        warehouse: the warehouse file; only read.
    """
    catalog = warehouse.stem
    connection.execute(f"attach ':memory:' as {quoted(catalog)}")
    connection.execute(f"attach {literal(str(warehouse))} as booked (read_only)")
    connection.execute(f"use {quoted(catalog)}")
    for (schema,) in connection.execute(
        "select schema_name from duckdb_schemas() where database_name = 'booked' and not internal"
        " union select distinct schema_name from duckdb_tables() where database_name = 'booked'"
    ).fetchall():
        connection.execute(f"create schema if not exists {quoted(schema)}")
    for schema, name in connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'booked'"
    ).fetchall():
        target = f"{quoted(schema)}.{quoted(name)}"
        kind = "table" if name in _FROZEN_VIEWS else "view"
        connection.execute(f"create {kind} {target} as from booked.{target}")
    _create_views(connection)


def refill_prices(connection: duckdb.DuckDBPyConnection) -> None:
    """Compute what the warehouse keeps of its pricing views again, after changes.

    Raises:
        RepriceError: the seeds cannot be priced with.
    """
    for name, view in _FROZEN_VIEWS.items():
        for (schema,) in connection.execute(
            "select schema_name from duckdb_tables()"
            " where database_name = current_database() and table_name = ?",
            [name],
        ).fetchall():
            target = f"{quoted(schema)}.{quoted(name)}"
            try:
                connection.execute(f"delete from {target}")
                connection.execute(f"insert into {target} from {quoted(schema)}.{quoted(view)}")
            except duckdb.Error as error:
                raise RepriceError(f"the seeds cannot be priced with: {error}") from error


def _create_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the booked views in whatever order they depend on each other."""
    pending = [
        sql
        for (sql,) in connection.execute(
            "select sql from duckdb_views() where database_name = 'booked' and not internal"
        ).fetchall()
    ]
    while pending:
        failed: list[str] = []
        for sql in pending:
            try:
                connection.execute(sql)
            except duckdb.Error:
                failed.append(sql)
        # What is left reads files that are gone (report CSVs, say); pricing needs none of them.
        if len(failed) == len(pending):
            return
        pending = failed


def replace_seed(
    connection: duckdb.DuckDBPyConnection, name: str, file: Path | None = None
) -> None:
    """Put a table that can be changed in the place of a booked seed.

    Args:
        connection: a replay.
        name: the seed.
        file: its CSV, loaded with the booked column types as dbt would; the rows it has now where
            there is none.

    Raises:
        RepriceError: the file does not fit the seed.
    """
    target = f"seeds.{quoted(name)}"
    connection.execute(f"create temporary table now as from {target}")
    kind = "table" if _is_table(connection, name) else "view"
    connection.execute(f"drop {kind} {target}")
    connection.execute(f"create table {target} as from temp.now {'limit 0' if file else ''}")
    connection.execute("drop table temp.now")
    if file:
        _load_seed(connection, target, file)


def _is_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = connection.execute(
        "select 1 from duckdb_tables() where database_name = current_database()"
        " and schema_name = 'seeds' and table_name = ?",
        [name],
    ).fetchall()
    return bool(found)


def _load_seed(connection: duckdb.DuckDBPyConnection, target: str, file: Path) -> None:
    columns = [row[0] for row in connection.execute(f"describe {target}").fetchall()]
    try:
        header = connection.execute(
            "select columns from sniff_csv(?, all_varchar = true, header = true, delim = ',')",
            [str(file)],
        ).fetchall()
        named = {column["name"] for column in header[0][0]}
        if missing := [column for column in columns if column not in named]:
            raise RepriceError(f"{file} lacks the column {', '.join(missing)}")
        connection.execute(
            f"insert into {target} by name select {', '.join(map(quoted, columns))} from "
            "read_csv(?, all_varchar = true, header = true, delim = ',', quote = '\"',"
            " escape = '\"', nullstr = '')",
            [str(file)],
        )
    except duckdb.Error as error:
        raise RepriceError(f"{file} does not fit the seed: {error}") from error


def _total(lines: list[RepriceLine]) -> dict[str, object]:
    booked = sum((line.booked_usd for line in lines), Decimal(0))
    repriced = sum((line.repriced_usd for line in lines), Decimal(0))
    return {
        "call_count": sum(line.call_count for line in lines),
        "booked_usd": _money(booked),
        "repriced_usd": _money(repriced),
        "delta_usd": _money(repriced - booked),
        "booked_unpriced_calls": sum(line.booked_unpriced_calls for line in lines),
        "repriced_unpriced_calls": sum(line.repriced_unpriced_calls for line in lines),
    }


def _as_json(lines: list[RepriceLine]) -> dict[str, Any]:
    return {"lines": [line.as_dict() for line in lines], "total": _total(lines)}


def _as_text(lines: list[RepriceLine], show_all: bool) -> Iterator[str]:
    header = ("month", "provider", "model", "calls", "booked_usd", "repriced_usd", "delta_usd")
    columns = ("billing_month", "provider", "model", "call_count", *header[4:])
    shown = [
        line
        for line in lines
        if show_all
        or line.delta_usd != 0
        or line.booked_unpriced_calls != line.repriced_unpriced_calls
    ]
    total = _total(lines)
    table = [list(header)]
    for values in [line.as_dict() for line in shown] + [
        {"billing_month": "total", "provider": "", "model": "", **total}
    ]:
        table.append([str(values[name]) for name in columns])
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    for row in table:
        cells = (
            cell.ljust(width) if column < 3 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
    yield f"{len(lines) - len(shown)} further lines do not change" if shown else "nothing changes"
    yield (
        f"unpriced calls: {total['booked_unpriced_calls']} booked, "
        f"{total['repriced_unpriced_calls']} repriced"
    )


def _money(amount: Decimal) -> str:
    return format(amount, "f")


def quoted(name: str) -> str:
    """A name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text for SQL."""
    return "'" + text.replace("'", "''") + "'"
