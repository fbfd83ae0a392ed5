"""CSV as finance opens it: the one writer of every CSV file that leaves the warehouse.

RFC 4180 quoting, UTF-8, lines end in a line feed. Amounts keep all their decimals and never show
an exponent; NULL is an empty cell. A text that a spreadsheet would run as a formula is prefixed
with an apostrophe; a number stays a number, negative ones too.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, TextIO

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def cell_text(value: Any) -> str:
    """A value as a cell: plain, exact, and harmless in a spreadsheet."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if _is_formula(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def plain_text(cell: str) -> str:
    """The text that `cell_text` made a cell of; numbers come back as they are."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell[1:]) else cell


def _line(cells: Sequence[str]) -> str:
    # Not csv.writer: with a line feed as line end it leaves a carriage return unquoted.
    if len(cells) == 1 and not cells[0]:
        return '""\n'
    return ",".join(_quoted(cell) for cell in cells) + "\n"


def _quoted(cell: str) -> str:
    if any(sign in cell for sign in ',"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _is_formula(text: str) -> bool:
    # Apostrophes before it count too, so that every cell leads back to one text.
    return text.lstrip("'").startswith(FORMULA_STARTS)


def write_rows(stream: TextIO, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Writes a header and rows; returns how many rows there were."""
    stream.write(_line(header))
    row_count = 0
    for row in rows:
        stream.write(_line([cell_text(value) for value in row]))
        row_count += 1
    return row_count


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A small CSV file in memory."""
    stream = io.StringIO(newline="")
    write_rows(stream, header, rows)
    return stream.getvalue().encode()


def read_rows(content: bytes) -> list[dict[str, str]]:
    """The rows of a file this module wrote, every cell as its original text."""
    reader = csv.DictReader(io.StringIO(content.decode(), newline=""))
    return [{name: plain_text(cell) for name, cell in row.items()} for row in reader]
