"""Small companies whose bridges are worked out by hand, through the whole build.

gpt-4o-mini costs 0.15 a million input tokens and 0.60 a million output tokens in October 2026.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from benchmarks.reconciliation.draw import companies
from benchmarks.reconciliation.raw import land_companies, write_seeds
from benchmarks.reconciliation.score import score
from tests.support.lake_factory import Lake, at, call
from tests.support.provider_factory import Bills, cost, invoice, usage
from tests.support.warehouse import build_lake, query

ENDS = ("fct_invoice_reconciliation_monthly", "fct_invoices_monthly", "fct_accruals_monthly")

MODEL = "gpt-4o-mini-2024-07-18"
Step = tuple[int, str, Decimal]


def logged(event_id: str, day: str, **fields: object) -> dict[str, object]:
    """A call of 1 million input and 1 million output tokens: 0.15 + 0.60."""
    tokens = {"uncached_input_tokens": 1_000_000, "output_tokens": 1_000_000}
    keys = {"api_key_id": "key-1", "project_id": "proj-1"}
    return call(event_id, f"{day} 10:00", **(tokens | keys | fields))


def counted(day: str, calls: int, **fields: object) -> list[dict[str, object]]:
    """What OpenAI counts for so many of those calls."""
    return [
        usage(day, "input", calls * 1_000_000, **fields),
        usage(day, "output", calls * 1_000_000, **fields),
        usage(day, "requests", calls, **fields),
    ]


def charged(day: str, calls: int) -> list[dict[str, object]]:
    """What OpenAI charges for them, at the list."""
    return [
        cost(day, f"{MODEL}, input", str(Decimal("0.15") * calls), api_key_id=None),
        cost(day, f"{MODEL}, output", str(Decimal("0.60") * calls), api_key_id=None),
    ]


def steps(data: Path, month: str = "2026-10") -> list[Step]:
    """Amounts of the bridge by step and cause, without the ledger's own and the total."""
    return [
        (row[0], row[1], row[2].normalize())
        for row in query(
            data,
            f"""
            select step, cause, sum(amount) as amount
            from marts.fct_invoice_bridge_monthly
            where billing_month = '{month}' and step not in (10, 90)
            group by step, cause
            having sum(amount) <> 0
            order by step, cause
            """,
        )
    ]


def totals(data: Path) -> dict[str, Decimal]:
    """The last step of each invoice."""
    statement = "select invoice_id, amount from marts.fct_invoice_bridge_monthly where step = 90"
    return {row[0]: row[1].normalize() for row in query(data, statement)}


def test_a_missing_call_an_untracked_key_a_tax_and_a_rounding(tmp_path: Path) -> None:
    """Ours 0.75; a call more on our key 0.75, one on a key we do not log 0.75; tax 0.20."""
    Lake(tmp_path).land([logged("a", "2026-10-03")])
    bills = Bills(tmp_path)
    bills.land([*counted("2026-10-03", 2), *counted("2026-10-03", 1, api_key_id="key-9")])
    bills.land(charged("2026-10-03", 3))
    bills.land(
        [
            invoice(1, "0.45", model=MODEL, meter="input", invoice_total="2.44"),
            invoice(2, "1.80", model=MODEL, meter="output", invoice_total="2.44"),
            invoice(3, "0.20", line_category="tax", invoice_total="2.44"),
        ]
    )
    build_lake(tmp_path, *ENDS)

    assert steps(tmp_path) == [
        (31, "missing_calls", Decimal("0.75")),
        (32, "untracked_keys", Decimal("0.75")),
        (74, "tax", Decimal("0.2")),
        (80, "total_rounding", Decimal("-0.01")),
    ]
    assert totals(tmp_path) == {"INV-1": Decimal("2.44")}
    verdicts = query(
        tmp_path,
        """
        select token_class, verdict, metered_request_count, exported_request_count, status
        from marts.fct_invoice_reconciliation_monthly
        where token_class in ('input', 'output', 'tax')
        order by token_class
        """,
    )
    assert verdicts == [
        ("input", "data issue", Decimal(1), Decimal(3), "variance"),
        ("output", "data issue", Decimal(1), Decimal(3), "variance"),
        ("tax", "contract", None, None, "variance"),
    ]
    assert query(tmp_path, "select status from marts.fct_invoices_monthly") == [("variance",)]


def test_a_month_without_an_invoice_is_open_and_accrued(tmp_path: Path) -> None:
    """One day exported at 0.75, one only in the ledger at 0.75: accrue 1.50."""
    Lake(tmp_path).land([logged("a", "2026-10-03"), logged("b", "2026-10-04")])
    bills = Bills(tmp_path)
    bills.land(counted("2026-10-03", 1))
    bills.land(charged("2026-10-03", 1))
    build_lake(tmp_path, *ENDS)

    assert steps(tmp_path) == []
    assert totals(tmp_path) == {"(not invoiced)": Decimal("1.5")}
    accrued = query(
        tmp_path,
        "select estimate_usd, low_usd, high_usd, method, scored_against"
        " from marts.fct_accruals_monthly",
    )
    assert [tuple(map(str, row)) for row in accrued] == [
        ("1.500000000000", "1.350000000000", "1.650000000000", "export and ledger", "None")
    ]
    assert query(tmp_path, "select distinct status from marts.fct_invoices_monthly") == [("open",)]


def test_a_close_signs_off_and_a_credit_note_supersedes(tmp_path: Path) -> None:
    Lake(tmp_path).land([logged("a", "2026-10-03")])
    bills = Bills(tmp_path)
    bills.land([*counted("2026-10-03", 1), *charged("2026-10-03", 1)])
    bills.land([invoice(1, "0.75", landed_at=at("2026-11-02"))])
    bills.close_month("2026-10", "2026-11-05 00:00")
    build_lake(tmp_path, *ENDS)
    status = "select invoice_id, status from marts.fct_invoices_monthly order by 1"
    assert query(tmp_path, status) == [("INV-1", "signed_off")]

    note = {"invoice_id": "CN-1", "reference_invoice_id": "INV-1", "line_category": "credit_note"}
    bills.land([invoice(1, "-0.10", landed_at=at("2026-11-09"), **note)])
    build_lake(tmp_path, *ENDS)
    assert query(tmp_path, status) == [("CN-1", "matched"), ("INV-1", "superseded")]
    assert steps(tmp_path) == [(71, "credit_note", Decimal("-0.1"))]
    assert totals(tmp_path) == {"INV-1": Decimal("0.75"), "CN-1": Decimal("-0.1")}


def test_usage_without_a_key_does_not_hide_keys_we_do_not_log(tmp_path: Path) -> None:
    """Two calls of ours, one without a key; key-9 used 3 calls, a playground 4.

    The nameless call is one of key-9's: 2 calls of key-9 and 4 of the playground at 0.75 are left.
    """
    Lake(tmp_path).land([logged("a", "2026-10-03"), logged("b", "2026-10-03", api_key_id=None)])
    bills = Bills(tmp_path)
    bills.land(
        [
            *counted("2026-10-03", 1),
            *counted("2026-10-03", 3, api_key_id="key-9"),
            *counted("2026-10-04", 4, api_key_id=None),
            *counted("2026-10-04", 1, api_key_id="key-9"),
        ]
    )
    bills.land([*charged("2026-10-03", 4), *charged("2026-10-04", 5)])
    build_lake(tmp_path, *ENDS)

    assert steps(tmp_path) == [(32, "untracked_keys", Decimal("5.25"))]


def test_a_tool_charged_without_a_model_meets_our_own_searches(tmp_path: Path) -> None:
    """Ours: 2 searches at 0.01. Theirs: 3, without a key; one call more, without a model."""
    searches = {"model": "gpt-4o-mini-2024-07-18", "dataset": "web_search_calls"}
    Lake(tmp_path).land([logged("a", "2026-10-03", web_search_requests=2)])
    bills = Bills(tmp_path)
    bills.land(
        [
            *counted("2026-10-03", 2),
            usage("2026-10-03", "web_search", 3, api_key_id=None, **searches),
            usage("2026-10-03", "tool_model_requests", 2, api_key_id=None, **searches),
        ]
    )
    bills.land([*charged("2026-10-03", 2), cost("2026-10-03", "web search tool calls", "0.03")])
    build_lake(tmp_path, *ENDS)

    assert steps(tmp_path) == [(31, "missing_calls", Decimal("0.76"))]


def test_a_class_of_a_summary_invoice_without_a_model_finds_it(tmp_path: Path) -> None:
    """Only one model has input and output: a cent too much on one class is that class's."""
    Lake(tmp_path).land([logged("a", "2026-10-03")])
    bills = Bills(tmp_path)
    bills.land([*counted("2026-10-03", 1), *charged("2026-10-03", 1)])
    bills.land([invoice(1, "0.15", meter="input"), invoice(2, "0.70", meter="output")])
    build_lake(tmp_path, *ENDS)

    assert steps(tmp_path) == [(50, "export_invoice_difference", Decimal("0.1"))]


def test_planted_causes_are_recovered(tmp_path: Path) -> None:
    """Every fault alone and a dozen companies with several, as the benchmark has 200."""
    drawn = companies(44, seed=11)
    land_companies(tmp_path, drawn)
    build_lake(tmp_path, seeds=write_seeds(tmp_path / "seeds"))
    result = score(tmp_path / "warehouse.duckdb", drawn)

    assert result.problems == []
    assert result.is_perfect
    assert result.verdicts == result.lines > 300
