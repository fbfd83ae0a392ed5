"""The one CSV writer: what a spreadsheet makes of it, and what comes back."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publish.csv_files import cell_text, csv_bytes, plain_text, read_rows


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "=cmd|'/c calc'!A1"])
def test_a_text_that_would_run_is_kept_from_running(text: str) -> None:
    assert cell_text(text) == "'" + text


def test_numbers_stay_numbers() -> None:
    assert cell_text(Decimal("-0.50")) == "-0.50"
    assert cell_text(Decimal("1E-12")) == "0.000000000001"
    assert cell_text(-7) == "-7"
    assert cell_text(None) == ""
    assert cell_text(dt.date(2026, 10, 1)) == "2026-10-01"


def test_the_file_is_rfc_4180_in_utf_8_with_line_feeds() -> None:
    content = csv_bytes(("a", "b"), [('say "ü"', "x,y"), ("two\nlines", None)])
    assert content == 'a,b\n"say ""ü""","x,y"\n"two\nlines",\n'.encode()


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00")))
def test_every_text_comes_back_and_no_two_share_a_cell(text: str) -> None:
    assert plain_text(cell_text(text)) == text
    assert not cell_text(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(
    st.lists(
        st.tuples(
            st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00\r\n")),
            st.decimals(allow_nan=False, allow_infinity=False, places=12),
        )
    )
)
def test_a_file_is_read_back_as_written(rows: list[tuple[str, Decimal]]) -> None:
    read = read_rows(csv_bytes(("text", "amount"), rows))
    assert [(row["text"], Decimal(row["amount"])) for row in read] == rows
    assert len(list(csv.reader(io.StringIO(csv_bytes(("text",), []).decode())))) == 1
