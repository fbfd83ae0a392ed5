"""A SQL prompt on the warehouse, read-only; works while a build runs."""

from __future__ import annotations

import duckdb

from ingest.errors import UsageError
from ingest.store import allow_reads
from pipeline.settings import Settings

PROMPT = "tokenhouse> "
CONTINUED = "        ... "
SHOWN_ROWS = 100


def open_warehouse(settings: Settings) -> duckdb.DuckDBPyConnection:
    """The warehouse as it stands; a build replaces the file, not what is open here.

    Raises:
        UsageError: nothing has been built yet.
    """
    if not settings.warehouse.exists():
        raise UsageError(f"{settings.warehouse} is not there yet; `make build` makes it")
    connection = duckdb.connect(str(settings.warehouse), read_only=True)
    allow_reads(connection, settings.raw)
    connection.execute("set timezone = 'UTC'")
    connection.execute("set search_path = 'marts,reports'")
    return connection


def run_query(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Prints what a statement returns."""
    relation = connection.sql(query)
    if relation is not None:
        relation.show(max_rows=SHOWN_ROWS, max_width=160)


def prompt(connection: duckdb.DuckDBPyConnection) -> None:
    """Reads statements until end of file; each ends with a semicolon."""
    print("read-only; end a statement with ; and the session with Ctrl-D")
    lines: list[str] = []
    while True:
        try:
            lines.append(input(CONTINUED if lines else PROMPT))
        except EOFError:
            print()
            return
        if not lines[-1].rstrip().endswith(";"):
            continue
        try:
            run_query(connection, "\n".join(lines))
        except duckdb.Error as error:
            print(error)
        lines = []
