"""Closing a month: the pack against figures worked out by hand, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from publish.cli import app
from publish.close.close import close_month
from publish.csv_files import read_rows
from publish.errors import PublishError, RefusedError
from tests.support.close_factory import cell, invoice, merged, usage, write_warehouse
from tests.support.close_story import TODAY, october, shifted, story

MONTH = "2026-10"


def pack(data: Path, name: str, month: str = MONTH) -> list[dict[str, str]]:
    return read_rows((data / "closes" / month / name).read_bytes())


def files_of(data: Path, month: str = MONTH) -> dict[str, bytes]:
    folder = data / "closes" / month
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def refused(data: Path, month: str = MONTH, **given: object) -> str:
    with pytest.raises(RefusedError) as caught:
        close_month(data, month, **({"today": TODAY} | given))  # type: ignore[arg-type]
    assert not (data / "closes" / month / "new").exists()
    return str(caught.value)


def test_chargeback_lines_are_the_hand_made_ones(tmp_path: Path) -> None:
    story(tmp_path)
    close_month(tmp_path, MONTH, today=TODAY)
    # acme used 60 % of INV-1, globex/chat 30 %, globex/search 10 %. Direct: 100 + 3 - 2 = 101.
    found = {
        (row["cost_center"], row["workload"], row["tenant"], row["allocation_key"]): int(
            row["amount_cents"]
        )
        for row in pack(tmp_path, "chargeback_lines.csv")
        if row["invoice_id"] == "INV-1"
    }
    assert found == {
        ("CC-APPS", "chat", "acme", ""): 6060,
        ("CC-APPS", "chat", "acme", "untracked_keys:ledger_cost"): 600,
        ("CC-APPS", "chat", "acme", "unexplained:ledger_cost"): 3,
        ("CC-APPS", "chat", "acme", "credits:ledger_cost"): -300,
        ("CC-APPS", "chat", "acme", "tax:ledger_cost"): 1200,
        # Tenant is the narrower rule: globex pays its own chat.
        ("CC-GLOBEX", "chat", "globex", ""): 3030,
        ("CC-GLOBEX", "chat", "globex", "untracked_keys:ledger_cost"): 300,
        # 5 cents over 3, 1.5 and 0.5: the odd cent goes to the first half.
        ("CC-GLOBEX", "chat", "globex", "unexplained:ledger_cost"): 2,
        ("CC-GLOBEX", "chat", "globex", "credits:ledger_cost"): -150,
        ("CC-GLOBEX", "chat", "globex", "tax:ledger_cost"): 600,
        ("CC-GLOBEX", "search", "globex", ""): 1010,
        ("CC-GLOBEX", "search", "globex", "untracked_keys:ledger_cost"): 100,
        ("CC-GLOBEX", "search", "globex", "credits:ledger_cost"): -50,
        ("CC-GLOBEX", "search", "globex", "tax:ledger_cost"): 200,
    }
    assert sum(found.values()) == 12605


def test_journal_entries_are_the_hand_made_ones(tmp_path: Path) -> None:
    story(tmp_path)
    close_month(tmp_path, MONTH, today=TODAY)
    lines = {
        (row["entry_type"], row["gl_account"], row["cost_center"], row["memo"]): Decimal(
            row["debit"]
        )
        - Decimal(row["credit"])
        for row in pack(tmp_path, "journal_entries.csv")
        if row["invoice_id"] == "INV-1"
    }
    central = "(central)"
    assert lines == {
        ("invoice", "6100", central, "usage expense"): Decimal("111.05"),
        ("invoice", "6130", central, "credits"): Decimal("-5.00"),
        ("invoice", "1410", central, "tax"): Decimal("20.00"),
        ("invoice", "2000", central, "invoice total"): Decimal("-126.05"),
        ("variance", "6180", central, "quantity variance"): Decimal("3.00"),
        ("variance", "6180", central, "untracked keys"): Decimal("10.00"),
        ("variance", "6185", central, "discount or overcharge"): Decimal("-2.00"),
        ("variance", "6190", central, "unexplained"): Decimal("0.05"),
        ("variance", "6100", central, "to variance accounts"): Decimal("-11.05"),
        ("reclass", "6900", "CC-APPS", "charged to"): Decimal("75.63"),
        ("reclass", "6900", "CC-GLOBEX", "charged to"): Decimal("50.42"),
        ("reclass", "6900", central, "charged out"): Decimal("-126.05"),
    }


def test_a_foreign_invoice_balances_in_both_currencies(tmp_path: Path) -> None:
    # 3 x 0.05 EUR at 1.1: 0.055 each rounds to 0.06 (half to even of 5.5 is 6), 0.15 x 1.1 = 0.165
    # rounds to 0.16: the lines are 0.18, the total 0.16, so 0.02 goes to FX rounding.
    write_warehouse(
        tmp_path,
        invoice(
            [
                cell(60, "unexplained", "0.05"),
                cell(73, "fees_and_adjustments", "0.05"),
                cell(74, "tax", "0.05"),
            ],
            "0.15",
            currency="EUR",
            booked_rate="1.1",
            functional_currency="USD",
        ),
    )
    close_month(tmp_path, MONTH, today=TODAY)
    entry = [row for row in pack(tmp_path, "journal_entries.csv") if row["entry_type"] == "invoice"]
    assert [row["functional_amount"] for row in entry] == ["0.06", "0.06", "0.06", "-0.16", "-0.02"]
    assert entry[-1]["gl_account"] == "7900"
    assert (entry[-1]["debit"], entry[-1]["credit"]) == ("0.00", "0.00")
    assert {row["fx_rate"] for row in entry} == {"1.100000000000"}


def test_every_entry_balances_to_the_cent(tmp_path: Path) -> None:
    story(tmp_path)
    close_month(tmp_path, MONTH, today=TODAY)
    sums: dict[str, list[Decimal]] = {}
    for row in pack(tmp_path, "journal_entries.csv"):
        entry = sums.setdefault(row["entry_id"], [Decimal(0), Decimal(0), Decimal(0)])
        entry[0] += Decimal(row["debit"])
        entry[1] += Decimal(row["credit"])
        entry[2] += Decimal(row["functional_amount"])
        assert Decimal(row["debit"]) >= 0 <= Decimal(row["credit"])
    assert len(sums) == 5
    assert all(debit == credit and not rest for debit, credit, rest in sums.values())


def test_usage_the_ledger_never_saw_is_allocated_not_lost(tmp_path: Path) -> None:
    write_warehouse(
        tmp_path,
        merged(
            usage(10, "1.00"),
            invoice(
                [
                    {"amount": "1"},
                    {
                        "step": 42,
                        "component": "discount_or_overcharge",
                        "amount": "2",
                        "model": "gpt-ghost",
                    },
                ],
                "3",
            ),
        ),
    )
    close_month(tmp_path, MONTH, today=TODAY)
    assert [
        (row["basis"], row["allocation_key"], row["amount_cents"])
        for row in pack(tmp_path, "chargeback_lines.csv")
    ] == [("allocated", "usage_without_ledger:ledger_cost", "200"), ("direct", "", "100")]


def test_an_invoice_without_any_usage_still_has_its_lines(tmp_path: Path) -> None:
    write_warehouse(tmp_path, invoice([cell(73, "fees_and_adjustments", "9.99")], "9.99"))
    close_month(tmp_path, MONTH, today=TODAY)
    (line,) = pack(tmp_path, "chargeback_lines.csv")
    assert (line["cost_center"], line["amount_cents"]) == ("(no cost center)", "999")


def test_a_cost_centre_may_pay_a_component_alone(tmp_path: Path) -> None:
    rule = {
        "provider": "openai",
        "component": "tax",
        "allocation_key": "cost_center:CC-TAX",
        "effective_cost": "billed",
    }
    story(tmp_path, {"allocation_rules": [rule]})
    close_month(tmp_path, MONTH, today=TODAY)
    taxed = [
        (row["cost_center"], row["amount_cents"])
        for row in pack(tmp_path, "chargeback_lines.csv")
        if row["allocation_key"].startswith("tax:")
    ]
    assert taxed == [("CC-TAX", "2000")]


def test_the_same_inputs_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        story(tmp_path / name)
        close_month(tmp_path / name, MONTH, today=TODAY)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    before = files_of(tmp_path / "one")
    again = close_month(tmp_path / "one", MONTH, today=TODAY + dt.timedelta(days=400))
    assert not again.is_new
    assert files_of(tmp_path / "one") == before


def test_signing_the_month_off_is_no_change(tmp_path: Path) -> None:
    story(tmp_path)
    close_month(tmp_path, MONTH, today=TODAY)
    rows = october()
    for row in rows["fct_invoices_monthly"] + rows["fct_invoice_reconciliation_monthly"]:
        row["status"] = "signed_off"  # type: ignore[index]
    write_warehouse(tmp_path, rows)
    assert not close_month(tmp_path, MONTH, today=TODAY).is_new


def test_a_closed_month_never_changes(tmp_path: Path) -> None:
    story(tmp_path)
    close_month(tmp_path, MONTH, today=TODAY)
    before = files_of(tmp_path)
    story(tmp_path, usage(1, "0.000001"))
    message = refused(tmp_path, reason="I insist")
    assert "a closed month never changes" in message
    assert "figures" in message
    assert files_of(tmp_path) == before


def test_a_month_that_is_not_over_is_refused(tmp_path: Path) -> None:
    story(tmp_path)
    assert "not over" in refused(tmp_path, today=dt.date(2026, 10, 31))
    assert not (tmp_path / "closes").exists()
    assert close_month(tmp_path, MONTH, today=dt.date(2026, 11, 1)).is_new


def test_every_reason_is_listed_and_a_reason_lifts_them(tmp_path: Path) -> None:
    story(
        tmp_path,
        usage(7, "7.00", provider="mistral"),
        {
            "fct_invoice_bridge_monthly": [
                {
                    "provider": "aws",
                    "billing_account_id": "123",
                    "invoice_id": "(not invoiced)",
                    "amount": "12.5",
                }
            ]
        },
        invoice([cell(60, "unexplained", "4")], "4", invoice_id="INV-3", status="variance"),
        invoice(
            [cell(74, "tax", "1")],
            "1",
            invoice_id="INV-4",
            currency="GBP",
            functional_currency="USD",
        ),
    )
    message = refused(tmp_path)
    assert "aws, account 123: 12.50 USD used and no invoice yet" in message
    assert "mistral: 7.00 USD metered and neither export nor invoice" in message
    assert "invoice INV-3 of openai is variance: explain it in" in message
    assert "INV-4 of openai is in GBP and no booked_rate to USD" in message
    closed = close_month(tmp_path, MONTH, today=TODAY, reason="auditors are waiting")
    assert closed.manifest["reason"] == "auditors are waiting"
    assert len(closed.manifest["open_items"]) == 4


def test_a_bridge_that_does_not_sum_is_refused_whatever_the_reason(tmp_path: Path) -> None:
    story(tmp_path, {"fct_invoice_bridge_monthly": [cell(60, "unexplained", "0.01")]})
    message = refused(tmp_path, reason="please")
    assert "the bridge of invoice INV-1 of openai sums to 126.06" in message


def test_months_are_closed_in_order(tmp_path: Path) -> None:
    story(tmp_path)
    close_month(tmp_path, MONTH, today=TODAY)
    assert "months are closed in order" in refused(tmp_path, "2026-09", reason="please")


def test_a_missing_account_is_named(tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect(str(story(tmp_path))) as connection:
        connection.execute("delete from seeds.gl_accounts where posting_role = 'tax'")
    with pytest.raises(PublishError, match="no account for posting_role tax"):
        close_month(tmp_path, MONTH, today=TODAY)
    assert not (tmp_path / "closes").exists()


def test_reviews_and_the_reviewer_are_in_the_bridge(tmp_path: Path) -> None:
    review = {
        "model": "gpt-4o",
        "token_class": "input",
        "reason_code": "lost-logs",
        "note": "ticket 7",
        "reviewed_by": "Kim",
        "reviewed_at": "2026-11-04",
    }
    story(tmp_path, {"reconciliation_reviews": [review]})
    close_month(tmp_path, MONTH, today=TODAY, reviewed_by="Lee")
    by_component = {
        row["component"]: row
        for row in pack(tmp_path, "invoice_bridge.csv")
        if row["invoice_id"] == "INV-1"
    }
    assert by_component["quantity_variance"]["reviewed_by"] == "Kim"
    assert by_component["quantity_variance"]["note"] == "ticket 7"
    assert by_component["tax"]["reviewed_by"] == "Lee"
    assert by_component["quantity_variance"]["sku"] == "gpt-4o/input/standard"


def test_a_formula_in_a_name_does_not_reach_the_spreadsheet(tmp_path: Path) -> None:
    story(tmp_path, usage(1, "0.00", tenant_id="=HYPERLINK(1)", project_id="@p"))
    close_month(tmp_path, MONTH, today=TODAY)
    for name, content in files_of(tmp_path).items():
        if name.endswith(".csv"):
            assert not re.search(rb'(^|,)"?[=@]', content, re.MULTILINE), name
    assert b"'=HYPERLINK(1)" in files_of(tmp_path)["snapshot/figures.csv"]


def test_the_summary_is_one_page_without_script_or_outside(tmp_path: Path) -> None:
    story(tmp_path, usage(1, "0.00", tenant_id="<script>alert(1)</script>", feature="chat"))
    close_month(tmp_path, MONTH, today=TODAY, reviewed_by="<b>Lee</b>")
    page = files_of(tmp_path)["summary.html"].decode()
    assert "<script" not in page and "http" not in page and "url(" not in page
    assert "&lt;b&gt;Lee" in page
    assert "126.05" in page and "find the missing calls" in page and "<svg" in page
    assert "size: A4" in page


def test_the_commands_end_with_the_documented_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKENHOUSE_DATA", str(tmp_path))
    run = CliRunner().invoke
    assert run(app, ["close", "--month", MONTH]).exit_code == 2
    assert run(app, ["close", "--month", "October"]).exit_code == 2
    story(tmp_path, invoice([cell(74, "tax", "1")], "1", invoice_id="INV-9", status="variance"))
    result = run(app, ["close", "--month", MONTH])
    assert result.exit_code == 1
    assert "INV-9" in result.output and "Traceback" not in result.output
    assert run(app, ["close", "--month", MONTH, "--reason", "known"]).exit_code == 0
    assert "nothing written" in run(app, ["close", "--month", MONTH]).output
    assert run(app, ["verify", "--month", MONTH]).exit_code == 0
    assert run(app, ["verify", "--month", "2026-09"]).exit_code == 2
    assert json.loads(files_of(tmp_path)["manifest.json"])["closed_at"] == "2026-11-03T08:00:00Z"


def test_a_fee_on_its_own_invoice_does_not_end_the_accrual_of_usage(tmp_path: Path) -> None:
    accrual = {"provider": "aws", "billing_account_id": "123", "estimate_usd": "12.34"}
    fee = invoice(
        [cell(73, "fees_and_adjustments", "5", provider="aws", billing_account_id="123")],
        "5", provider="aws", billing_account_id="123", invoice_id="AWS-FEE",
    )  # fmt: skip
    for scored_against, entries in ((None, 1), ("AWS-1", 0)):
        data = tmp_path / str(scored_against)
        data.mkdir()
        row = accrual | {"scored_against": scored_against}
        story(data, fee, {"fct_accruals_monthly": [row]})
        close_month(data, MONTH, today=TODAY, reason="the fee alone is here")
        lines = pack(data, "journal_entries.csv")
        booked = {line["entry_id"] for line in lines if line["entry_type"] == "accrual"}
        assert len(booked) == entries


def test_an_accrual_is_booked_and_turned_round_next_month(tmp_path: Path) -> None:
    accrual = {
        "provider": "aws",
        "billing_account_id": "123",
        "estimate_usd": "12.345",
        "low_usd": "11",
        "high_usd": "14",
    }
    waiting = {
        "provider": "aws",
        "billing_account_id": "123",
        "invoice_id": "(not invoiced)",
        "amount": "12.345",
    }
    opened = {"fct_accruals_monthly": [accrual], "fct_invoice_bridge_monthly": [waiting]}
    story(tmp_path, opened)
    close_month(tmp_path, MONTH, today=TODAY, reason="aws is late")
    booked = [
        row for row in pack(tmp_path, "journal_entries.csv") if row["entry_type"] == "accrual"
    ]
    assert [(row["gl_account"], row["debit"], row["credit"]) for row in booked] == [
        ("6100", "12.34", "0.00"),
        ("2150", "0.00", "12.34"),
    ]
    assert "between 11.00 and 14.00" in booked[0]["memo"]

    # November: aws has invoiced October after all, 12.40.
    late = invoice(
        [{"amount": "12.4"}], "12.4", provider="aws", billing_account_id="123", invoice_id="AWS-1"
    )
    story(tmp_path, late, shifted(october(), "2026-11"))
    close_month(tmp_path, "2026-11", today=dt.date(2026, 12, 2))
    november = pack(tmp_path, "journal_entries.csv", "2026-11")
    turned = [row for row in november if row["entry_type"] == "reversal"]
    assert [(row["gl_account"], row["debit"], row["credit"]) for row in turned] == [
        ("6100", "0.00", "12.34"),
        ("2150", "12.34", "0.00"),
    ]
    assert {row["reversal_of"] for row in turned} == {booked[0]["entry_id"]}
    assert turned[0]["posting_date"] == "2026-11-01"
    late_booked = [row for row in november if row["invoice_id"] == "AWS-1"]
    assert {row["period"] for row in late_booked} == {MONTH}
    assert sum(Decimal(row["credit"]) for row in late_booked if row["gl_account"] == "2000") == (
        Decimal("12.40")
    )
