"""Files of an Admin API as an export job keeps them: months of daily buckets, in pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from pipeline.simulate.delivery import Output

Json = dict[str, Any]
DAYS_A_PAGE = 16
LANDED, SUPERSEDING = "landed", "superseding"


def write_months(
    output: Output,
    folder: str,
    days: Sequence[str],
    bucket: Callable[[str], Json],
    page: Callable[[list[Json], str | None], Json],
) -> None:
    """Write the buckets of days, a month at a time, pages that name the next one."""
    for month in sorted({day[:7] for day in days}):
        own = [bucket(day) for day in days if day[:7] == month]
        parts = [own[at : at + DAYS_A_PAGE] for at in range(0, len(own), DAYS_A_PAGE)]
        for number, part in enumerate(parts, start=1):
            more = f"page_{month}-{number + 1}" if number < len(parts) else None
            write_page(output, f"{folder}/{month}.page-{number}.json", page(part, more), LANDED)


def write_page(output: Output, name: str, page: Json, expected: str) -> None:
    """Write one page; every result of it is a row that lands as ``expected``."""
    rows = sum(len(bucket["results"]) for bucket in page["data"])
    output.write(name, orjson.dumps(page) + b"\n", Counter({expected: rows}))
