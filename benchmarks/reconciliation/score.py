"""Holds a built warehouse against what was planted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import duckdb

from benchmarks.reconciliation.companies import MONTH, Company, Sku

HALF_A_CENT = Decimal("0.005")
# The classes of requirements.md part 3 item 2, told here a second time on purpose.
CLASS_OF = {
    "missing_calls": "data issue",
    "duplicate_calls": "data issue",
    "aborted_streams": "data issue",
    "cache_split": "data issue",
    "cache_write_split": "data issue",
    "tier_mix": "data issue",
    "tool_fees": "data issue",
    "tokens_undercounted": "data issue",
    "mixed": "data issue",
    "unpriced_usage": "price",
    "wrong_price": "price",
    "price_change": "price",
    "unit_error": "price",
    "overcharge": "price",
    "untracked_keys": "real consumption",
    "day_cut": "timing",
    "discount": "contract",
    "usage_not_billed": "contract",
    "cost_not_exported": "contract",
    "prepaid_credits": "contract",
}


@dataclass
class Score:
    """What was found of what was planted.

    Attributes:
        invoices: how many there are.
        exact: how many bridges sum to the stated total to the last digit.
        planted: causes planted, by company and step.
        recovered: how many of them came out to the cent.
        spurious: causes that came out and were not planted.
        lines: reconciliation lines judged.
        verdicts: how many have the right verdict.
        problems: one sentence for each thing that is not right.
    """

    invoices: int = 0
    exact: int = 0
    planted: int = 0
    recovered: int = 0
    spurious: int = 0
    lines: int = 0
    verdicts: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_perfect(self) -> bool:
        """Whether every bridge is exact and every cause recovered, and nothing else."""
        return self.exact == self.invoices and self.recovered == self.planted and self.spurious == 0


def score(warehouse: Path, companies: Sequence[Company]) -> Score:
    """Compares bridges, causes and verdicts of every company."""
    result = Score()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        _score_sums(connection, companies, result)
        _score_causes(connection, companies, result)
        _score_verdicts(connection, companies, result)
    return result


def _score_sums(
    connection: duckdb.DuckDBPyConnection, companies: Sequence[Company], result: Score
) -> None:
    rows = connection.execute(
        """
        select
            invoice_id,
            sum(case when step < 90 then amount else 0 end),
            sum(case when step = 90 then amount else 0 end)
        from marts.fct_invoice_bridge_monthly
        where billing_month = ?
        group by invoice_id
        """,
        [MONTH],
    ).fetchall()
    sums = {row[0]: (row[1], row[2]) for row in rows}
    for company in companies:
        for invoice_id, total in company.totals.items():
            result.invoices += 1
            if sums.get(invoice_id) == (total, total):
                result.exact += 1
            else:
                result.problems.append(f"{invoice_id}: {sums.get(invoice_id)} for {total}")


def _score_causes(
    connection: duckdb.DuckDBPyConnection, companies: Sequence[Company], result: Score
) -> None:
    rows = connection.execute(
        """
        select billing_account_id, step, cause, sum(amount)
        from marts.fct_invoice_bridge_monthly
        where billing_month = ? and step not in (10, 90) and cause <> 'rounding'
        group by billing_account_id, step, cause
        """,
        [MONTH],
    ).fetchall()
    found: dict[str, dict[tuple[int, str], Decimal]] = defaultdict(dict)
    for account, step, cause, amount in rows:
        found[account][step, cause] = amount
    for company in companies:
        theirs = found[company.account]
        planted = {place: amount for place, amount in company.expected.items() if amount}
        for place, amount in planted.items():
            result.planted += 1
            if abs(theirs.get(place, Decimal(0)) - amount) < HALF_A_CENT:
                result.recovered += 1
            else:
                result.problems.append(
                    f"{company.account} {place}: {theirs.get(place)} for {amount},"
                    f" planted {company.faults}"
                )
        for place, amount in theirs.items():
            if place not in planted and abs(amount) >= HALF_A_CENT:
                result.spurious += 1
                result.problems.append(
                    f"{company.account} {place}: {amount} was not planted, {company.faults}"
                )


def _score_verdicts(
    connection: duckdb.DuckDBPyConnection, companies: Sequence[Company], result: Score
) -> None:
    rows = connection.execute(
        """
        select billing_account_id, model, token_class, service_tier, verdict, metered_cost
        from marts.fct_invoice_reconciliation_monthly
        where
            billing_month = ?
            and model <> '(invoice)'
            and token_class not in ('requests', '(all)')
        """,
        [MONTH],
    ).fetchall()
    by_account = {company.account: company for company in companies}
    for account, model, meter, tier, verdict, metered in rows:
        expected = expected_verdict(by_account[account], (model, meter, tier), metered)
        result.lines += 1
        if verdict == expected:
            result.verdicts += 1
        else:
            result.problems.append(
                f"{account} {model} {meter} {tier}: {verdict} for {expected},"
                f" planted {by_account[account].faults}"
            )


def expected_verdict(company: Company, sku: Sku, metered: Decimal) -> str:
    """The class of the largest planted cause, if it is beyond the tolerance."""
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for (_, cause), amount in company.sku_causes.get(sku, {}).items():
        amounts[cause] += abs(amount)
    if not amounts:
        return "matched"
    cause, distance = max(amounts.items(), key=lambda item: item[1])
    tolerance = max(Decimal("0.02"), Decimal("0.001") * abs(metered))
    return CLASS_OF[cause] if distance > tolerance else "matched"
