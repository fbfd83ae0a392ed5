"""Runs a hand-written query over a lake into a DuckDB file of its own."""

from __future__ import annotations

from pathlib import Path
from string import Template

import duckdb


def run_query(name: str, prices: Path, out: Path, **files: list[str]) -> None:
    """Runs ``<name>.sql``.

    Args:
        name: the query.
        prices: the price list of the seeds, for the CTE ``$prices``.
        out: the file to make.
        files: data files, by their name in the query.
    """
    out.unlink(missing_ok=True)
    sql = _sql(name, prices=_sql("prices", price_list=prices), **files)
    with duckdb.connect(str(out)) as connection:
        connection.execute("set threads = 2")
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute(sql)


def _sql(name: str, **values: object) -> str:
    text = Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")
    return Template(text).substitute(values)
