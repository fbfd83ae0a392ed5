"""Closed months restated: snapshot + everything posted = today, per figure, and never twice."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from publish.close.close import close_month
from publish.close.figures import NOTHING, Figure, FigureKey, read_snapshot
from publish.close.restatements import posted_so_far, restate, restatements_bytes
from publish.csv_files import read_rows
from tests.support.close_factory import cell, invoice, merged, usage, write_warehouse
from tests.support.close_story import TODAY, october, shifted, story

OCTOBER, NOVEMBER, DECEMBER = "2026-10", "2026-11", "2026-12"
LATE_TODAY = dt.date(2027, 1, 5)


def ledger(data: Path, month: str) -> list[dict[str, str]]:
    return read_rows((data / "closes" / month / "restatements.csv").read_bytes())


def sums(rows: list[dict[str, str]]) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        key = (row["figure"], row["reason"])
        found[key] = found.get(key, Decimal(0)) + Decimal(row["restatement_amount"])
    return found


def close_october(data: Path) -> None:
    story(data)
    close_month(data, OCTOBER, today=TODAY)


def test_nothing_changed_is_nothing_restated(tmp_path: Path) -> None:
    close_october(tmp_path)
    story(tmp_path, shifted(october(), NOVEMBER))
    close_month(tmp_path, NOVEMBER, today=LATE_TODAY)
    assert ledger(tmp_path, NOVEMBER) == []


def test_late_events_are_posted_once_and_in_the_next_month(tmp_path: Path) -> None:
    close_october(tmp_path)
    october_then = {
        file: file.read_bytes() for file in (tmp_path / "closes" / OCTOBER).rglob("*.csv")
    }
    # 100 tokens for 10.00 arrive late: 3.00 were booked as missing calls, now they are metered.
    late = usage(100, "10.00", tenant_id="late")
    moved = {
        "fct_invoice_bridge_monthly": [
            {"amount": "10", "quantity": 100},
            {
                "step": 31,
                "component": "quantity_variance",
                "cause": "missing_calls",
                "amount": "-10",
                "quantity": -100,
            },
        ]
    }
    story(tmp_path, late, moved, shifted(october(), NOVEMBER))
    close_month(tmp_path, NOVEMBER, today=LATE_TODAY)
    posted = ledger(tmp_path, NOVEMBER)
    assert {row["billing_month"] for row in posted} == {OCTOBER}
    assert {row["posted_month"] for row in posted} == {NOVEMBER}
    assert sums(posted) == {
        ("ledger", "late_events"): Decimal(10),
        ("bridge", "follows"): Decimal(0),
        ("chargeback", "follows"): Decimal(0),
    }
    (line,) = [row for row in posted if row["figure"] == "ledger"]
    assert (line["tenant"], line["restatement_amount"]) == ("late", "10.000000000000")
    # The closed month is untouched, and December has nothing left to post.
    assert all(file.read_bytes() == content for file, content in october_then.items())
    story(tmp_path, late, moved, shifted(october(), NOVEMBER), shifted(october(), DECEMBER))
    close_month(tmp_path, DECEMBER, today=LATE_TODAY)
    assert ledger(tmp_path, DECEMBER) == []


def test_snapshot_plus_all_restatements_is_today(tmp_path: Path) -> None:
    close_october(tmp_path)
    first = usage(100, "10.00", tenant_id="late")
    story(tmp_path, first, shifted(october(), NOVEMBER))
    close_month(tmp_path, NOVEMBER, today=LATE_TODAY)
    second = usage(7, "0.700000000001", tenant_id="later")
    story(tmp_path, first, second, shifted(october(), NOVEMBER), shifted(october(), DECEMBER))
    close_month(tmp_path, DECEMBER, today=LATE_TODAY)
    # What October would be closed as today, worked out in a folder of its own.
    fresh = tmp_path / "fresh"
    story(fresh, first, second)
    close_month(fresh, OCTOBER, today=TODAY)
    snapshot = read_snapshot((tmp_path / "closes" / OCTOBER / "snapshot/figures.csv").read_bytes())
    posted = posted_so_far(
        [
            (tmp_path / "closes" / month / "restatements.csv").read_bytes()
            for month in (NOVEMBER, DECEMBER)
        ],
        OCTOBER,
    )
    today = read_snapshot((fresh / "closes" / OCTOBER / "snapshot/figures.csv").read_bytes())
    for key in snapshot.keys() | posted.keys() | today.keys():
        was, moved, now = (part.get(key, NOTHING) for part in (snapshot, posted, today))
        assert was.amount + moved.amount == now.amount, key
        assert was.quantity + moved.quantity == now.quantity, key
    assert len(posted) > 2


def test_a_cost_its_source_corrected_is_no_repricing_of_ours(tmp_path: Path) -> None:
    close_october(tmp_path)
    rows = merged(october(), shifted(october(), NOVEMBER))
    (claude,) = [
        row
        for row in rows["int_metered_usage_daily"]
        if row.get("model") == "claude" and str(row["cost_date"]).startswith(OCTOBER)
    ]
    claude |= {"cost_usd": "55.00", "meter": "provider_reported"}
    write_warehouse(tmp_path, rows)
    close_month(tmp_path, NOVEMBER, today=LATE_TODAY)
    reasons = {line["reason"] for line in ledger(tmp_path, NOVEMBER) if line["figure"] == "ledger"}
    assert "restated_by_source" in reasons and "repricing" not in reasons


def test_repricing_and_remapping_are_told_apart(tmp_path: Path) -> None:
    close_october(tmp_path)
    rows = merged(october(), shifted(october(), NOVEMBER))
    (claude,) = [
        row
        for row in rows["int_metered_usage_daily"]
        if row.get("model") == "claude" and str(row["cost_date"]).startswith(OCTOBER)
    ]
    claude["cost_usd"] = "55.00"  # type: ignore[index]
    rows["cost_centers"] = [{"cost_center": "CC-NEW", "feature": "chat"}]
    write_warehouse(tmp_path, rows)
    close_month(tmp_path, NOVEMBER, today=LATE_TODAY)
    found = sums(ledger(tmp_path, NOVEMBER))
    assert found[("ledger", "repricing")] == Decimal(5)
    assert found[("ledger", "remapping")] == 0
    assert found[("chargeback", "follows")] == 0
    journal = read_rows((tmp_path / "closes" / NOVEMBER / "journal_entries.csv").read_bytes())
    reclass = {
        row["cost_center"]: Decimal(row["debit"]) - Decimal(row["credit"])
        for row in journal
        if row["entry_type"] == "reclass"
        and row["period"] == OCTOBER
        and row["invoice_id"] == "INV-1"
    }
    # acme 75.63, globex/chat 37.815, globex/search 12.605 and no centre now. The odd cent goes to
    # the first of equal remainders, and "(no cost center)" now stands before "CC-NEW".
    assert reclass == {
        "CC-APPS": Decimal("-75.63"),
        "CC-GLOBEX": Decimal("-50.42"),
        "CC-NEW": Decimal("113.44"),
        "(no cost center)": Decimal("12.61"),
    }


def test_a_late_invoice_is_posted_and_booked(tmp_path: Path) -> None:
    close_october(tmp_path)
    late = invoice([cell(73, "fees_and_adjustments", "7.77")], "7.77", invoice_id="INV-LATE")
    story(tmp_path, late, shifted(october(), NOVEMBER))
    close_month(tmp_path, NOVEMBER, today=LATE_TODAY)
    assert sums(ledger(tmp_path, NOVEMBER)) == {
        ("bridge", "late_invoice"): Decimal("7.77"),
        ("chargeback", "late_invoice"): Decimal("7.77"),
    }


def test_an_invoice_that_is_gone_is_taken_back(tmp_path: Path) -> None:
    close_october(tmp_path)
    rows = merged(october(), shifted(october(), NOVEMBER))
    for table in ("fct_invoice_bridge_monthly", "fct_invoices_monthly"):
        rows[table] = [row for row in rows[table] if row.get("invoice_id") != "INV-2"]
    write_warehouse(tmp_path, rows)
    close_month(tmp_path, NOVEMBER, today=LATE_TODAY, reason="INV-2 is withdrawn")
    assert sums(ledger(tmp_path, NOVEMBER)) == {
        ("bridge", "invoice_changed"): Decimal("-50.01"),
        ("chargeback", "invoice_changed"): Decimal("-50.01"),
    }


KEYS = st.builds(FigureKey, st.just("ledger"), st.sampled_from(["a", "b", "=c", "-d"]))
FIGURES = st.dictionaries(
    KEYS,
    st.builds(
        Figure,
        st.decimals(-(10**9), 10**9, places=12),
        st.decimals(-(10**9), 10**9, places=6),
    ),
)


@given(FIGURES, st.lists(FIGURES, min_size=1, max_size=4))
def test_any_history_adds_up_and_is_posted_once(
    snapshot: dict[FigureKey, Figure], days: list[dict[FigureKey, Figure]]
) -> None:
    files: list[bytes] = []
    for number, today in enumerate(days):
        posted = posted_so_far(files, OCTOBER)
        lines = restate(f"2027-{number + 1:02}", OCTOBER, snapshot, posted, today)
        files.append(restatements_bytes(lines))
        after = posted_so_far(files, OCTOBER)
        for key in snapshot.keys() | after.keys() | today.keys():
            was, moved, now = (part.get(key, NOTHING) for part in (snapshot, after, today))
            assert was.amount + moved.amount == now.amount
            assert was.quantity + moved.quantity == now.quantity
        assert restate("2028-01", OCTOBER, snapshot, after, today) == []
