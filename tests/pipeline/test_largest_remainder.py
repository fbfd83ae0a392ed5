"""The macro that shares money out, against the exact fractions of publish/close/cents.py."""

from __future__ import annotations

import random
from decimal import Decimal

import duckdb
import jinja2

from pipeline.settings import PROJECT
from publish.close.cents import largest_remainder, proportional

POOLS = 300


def _statement() -> str:
    """The macro as DuckDB gets it, over a table `parts`."""
    sources = ("portable/whole_numbers.sql", "money/largest_remainder.sql")
    text = "".join((PROJECT / "macros" / name).read_text(encoding="utf-8") for name in sources)
    text = text.replace(
        "adapter.dispatch('whole_number_type')()", "duckdb__whole_number_type()"
    ).replace("adapter.dispatch('whole_division')(", "duckdb__whole_division(")
    call = "{{ largest_remainder('parts', 'amount', 'weight', ['pool'], ['name']) }}"
    source = text.replace("{{ return(", "{{ (") + f"with {call} select * from shared_out"
    return jinja2.Environment(autoescape=False).from_string(source).render()


def test_parts_are_those_of_exact_fractions_and_sum_to_the_amount() -> None:
    draw = random.Random(7)
    pools: dict[int, tuple[Decimal, dict[str, Decimal]]] = {}
    for pool in range(POOLS):
        size = draw.choice([1, 2, 3, 7, 40])
        scale = draw.choice([1, 10**6, 10**12, 10**18, 10**21])
        weights = {
            f"{name:02}": Decimal(draw.randint(0, scale)).scaleb(-12) for name in range(size)
        }
        weights["00"] += Decimal(1).scaleb(-12)
        amount = Decimal(draw.randint(0, draw.choice([3, 10**9, 10**15, 10**21]))).scaleb(-12)
        pools[pool] = (amount * draw.choice([1, -1]), weights)
    with duckdb.connect() as connection:
        connection.execute(
            "create table parts (pool integer, name varchar, amount decimal(38, 12),"
            " weight decimal(38, 12))"
        )
        connection.executemany(
            "insert into parts values (?, ?, ?, ?)",
            [
                [pool, name, amount, weight]
                for pool, (amount, weights) in pools.items()
                for name, weight in weights.items()
            ],
        )
        rows = connection.execute(
            f"select pool, name, shared_amount_usd from ({_statement()}) order by pool, name"
        ).fetchall()
    found: dict[int, dict[str, Decimal]] = {}
    for pool, name, share in rows:
        found.setdefault(pool, {})[name] = share
    for pool, (amount, weights) in pools.items():
        shares = proportional(abs(amount) * 10**12, weights)
        whole = largest_remainder(int(abs(amount) * 10**12), [shares[name] for name in weights])
        sign = -1 if amount < 0 else 1
        expected = [sign * Decimal(part).scaleb(-12) for part in whole]
        assert list(found[pool].values()) == expected, pool
        assert sum(found[pool].values()) == amount
