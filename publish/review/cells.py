"""How figures and names look in the weekly review: human units, and no cell that breaks its table.

What the warehouse does not know is written ``not known``, never left empty. Names come from call
logs, so they may hold anything: they are shown as text, whatever Markdown would make of them.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

NOT_KNOWN = "not known"
LONGEST_TEXT = 120

# Written as entities: every renderer shows them and none reads them as markup. An underscore within
# a word is no emphasis, and most identifiers have one. A bare address would become a link.
_MARKUP = re.compile(
    r"[&\\`*\[\]<>|~$@]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=//)|(?<=www)\.", re.IGNORECASE
)


def text(value: str | None) -> str:
    """A name or a note as plain text on one line."""
    visible = "".join(
        " " if unicodedata.category(sign)[0] in "CZ" else sign for sign in value or ""
    )
    line = " ".join(visible.split())
    if len(line) > LONGEST_TEXT:
        line = line[: LONGEST_TEXT - 1] + "…"
    return _MARKUP.sub(lambda match: f"&#{ord(match.group())};", line) or NOT_KNOWN


def usd(value: Decimal | None) -> str:
    """Dollars with two decimals; below a dollar with two digits that mean something."""
    if value is None:
        return NOT_KNOWN
    decimals = 2
    if 0 < abs(value) < 1:
        decimals = max(2, 1 - value.adjusted())
    return f"{value:,.{decimals}f} USD"


def percent(value: float | None, *, is_signed: bool = False) -> str:
    """A share of 0 to 1 as percent."""
    sign = "+" if is_signed else ""
    return NOT_KNOWN if value is None else f"{round(100 * value, 1) + 0.0:{sign},.1f} %"


def count(value: float | None) -> str:
    """A whole number."""
    return NOT_KNOWN if value is None else f"{value:,.0f}"


def change(value: float | None) -> str:
    """A change against what was before."""
    return NOT_KNOWN if value is None else percent(value, is_signed=True)


def points(value: float | None, before: float | None) -> str:
    """A share with its difference to the one before, in percentage points."""
    if value is None or before is None:
        return percent(value)
    # Adding nought makes +0.0 of what rounds to -0.0.
    return f"{percent(value)} ({round(100 * (value - before), 1) + 0.0:+.1f} points)"


def day(value: dt.date | None) -> str:
    """A day as people write it."""
    return NOT_KNOWN if value is None else f"{value.day} {value:%B %Y}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> str:
    """A Markdown table; figures stand to the right, words and notes to the left.

    Args:
        header: the column names.
        rows: cells that are safe already.
        words: how many columns at the start hold words and not figures.
    """
    rules = [
        "---" if index < words or name == "Note" else "---:" for index, name in enumerate(header)
    ]
    lines = [header, rules, *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
