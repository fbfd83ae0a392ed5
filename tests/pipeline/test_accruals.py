"""Accruals of sixty simulated closes: does the range hold the invoice that comes later?

Each account has its own habits: how much of its usage our log misses, how the invoice differs from
the export (discount, noise, tax, a credit now and then), whether there is an export at all. Four to
nine months are over and invoiced; the last is closed with some of its days exported. Output tokens
of gpt-4o-mini cost 0.60 USD a million, so a dollar is a whole number of tokens.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.lake_factory import Lake, Row, call
from tests.support.provider_factory import Bills, cost, invoice
from tests.support.warehouse import build_lake, query

ENDS = ("fct_accruals_monthly",)

ACCOUNTS = 60
CLOSING = "2026-10"
DAYS = ("05", "12", "19", "26")
MODEL = "gpt-4o-mini-2024-07-18"
CENT, PICODOLLAR = Decimal("0.01"), Decimal("0.000000000001")


@dataclass
class Month:
    """What our log, the export and the invoice say of a month, in dollars."""

    name: str
    logged: dict[str, int] = field(default_factory=dict)
    exported: dict[str, Decimal] = field(default_factory=dict)
    usage: Decimal = Decimal(0)
    other: Decimal = Decimal(0)

    @property
    def invoiced(self) -> Decimal:
        """The total of the invoice."""
        return self.usage + self.other


@dataclass
class Account:
    """One account, the months it has been invoiced for and the one that is closed."""

    name: str
    has_export: bool
    months: list[Month]
    exported_days: int

    @property
    def closing(self) -> Month:
        """The month that is closed."""
        return self.months[-1]


def accounts(seed: int) -> list[Account]:
    """Accounts with habits of their own."""
    chance = random.Random(seed)
    return [_account(f"org-{number:02d}", chance) for number in range(ACCOUNTS)]


def _account(name: str, chance: random.Random) -> Account:
    level = chance.uniform(100, 5_000)
    missed, spread = chance.uniform(-0.02, 0.08), chance.choice([0.0, 0.01, 0.03])
    factor, noise = chance.choice([0.95, 1.0, 1.02]), chance.choice([0.0, 0.01, 0.03])
    tax = chance.choice([0.0, 0.0, 0.2])
    credit_chance = chance.choice([0.0, 0.1])
    months = []
    for number in range(10 - chance.randint(4, 9), 11):
        month = Month(f"2026-{number:02d}")
        for day in DAYS:
            charged = level * chance.lognormvariate(0, 0.4)
            month.logged[day] = round(charged * (1 - chance.gauss(missed, spread)) / 0.60)
            month.exported[day] = Decimal(charged).quantize(PICODOLLAR)
        total = float(sum(month.exported.values()))
        usage = total * factor * (1 + chance.gauss(0, noise))
        other = usage * (tax - (0.05 if chance.random() < credit_chance else 0))
        month.usage = Decimal(usage).quantize(CENT)
        month.other = Decimal(other).quantize(CENT)
        months.append(month)
    return Account(name, chance.random() < 0.7, months, chance.randint(0, len(DAYS)))


def _calls(account: Account) -> Iterator[Row]:
    for month in account.months:
        for day, tokens in month.logged.items():
            yield call(
                f"{account.name}-{month.name}-{day}",
                f"{month.name}-{day} 10:00",
                uncached_input_tokens=0,
                output_tokens=tokens * 1_000_000,
                project_id=f"proj-{account.name}",
                api_key_id=f"key-{account.name}",
            )


def _exports(account: Account, month: Month, days: tuple[str, ...]) -> Iterator[Row]:
    for day in days if account.has_export else ():
        yield cost(
            f"{month.name}-{day}",
            f"{MODEL}, output",
            str(month.exported[day]),
            billing_account_id=account.name,
            project_id=f"proj-{account.name}",
            api_key_id=None,
        )


def _invoice(account: Account, month: Month) -> Iterator[Row]:
    said = {
        "invoice_id": f"INV-{account.name}-{month.name}",
        "billing_account_id": account.name,
        "billing_month": month.name,
        "project_id": f"proj-{account.name}",
    }
    tokens = sum(month.exported.values()) / Decimal("0.60") * 1_000_000
    line = {"model": MODEL, "meter": "output", "quantity": f"{tokens:.0f}", "unit": "tokens"}
    yield invoice(1, str(month.usage), **said, **line)
    if month.other:
        category = "tax" if month.other > 0 else "credit"
        yield invoice(2, str(month.other), **said, line_category=category)


Accrual = tuple[Decimal, Decimal, Decimal, int, str | None, Decimal | None]


def _accruals(data: Path) -> dict[str, Accrual]:
    """Estimate, range, earlier scores, invoice and error of the closed month, by account."""
    rows = query(
        data,
        "select billing_account_id, estimate_usd, low_usd, high_usd, scored_month_count,"
        " scored_against, error_usd from marts.fct_accruals_monthly"
        f" where billing_month = '{CLOSING}'",
    )
    return {row[0]: row[1:] for row in rows}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Account]]:
    """A warehouse on the day of sixty closes."""
    data = tmp_path_factory.mktemp("accruals")
    drawn = accounts(seed=7)
    Lake(data).land(row for account in drawn for row in _calls(account))
    bills = Bills(data)
    for account in drawn:
        past, closing = account.months[:-1], account.closing
        rows = [row for month in past for row in _exports(account, month, DAYS)]
        rows += [row for month in past for row in _invoice(account, month)]
        rows += _exports(account, closing, DAYS[: account.exported_days])
        bills.land(rows)
    build_lake(data, *ENDS)
    return data, drawn


def test_the_range_of_a_close_holds_the_later_invoice_in_four_of_five(
    closed: tuple[Path, list[Account]],
) -> None:
    data, drawn = closed
    accruals = _accruals(data)
    assert len(accruals) == ACCOUNTS
    held = []
    for account in drawn:
        estimate, low, high, scored_months, scored_against, _ = accruals[account.name]
        assert scored_months == len(account.months) - 1 >= 4
        assert scored_against is None
        assert low <= estimate <= high
        held.append(low <= account.closing.invoiced <= high)
    assert sum(held) >= 0.8 * ACCOUNTS, sum(held)


def test_the_estimate_is_scored_by_the_invoice_that_arrives(
    closed: tuple[Path, list[Account]],
) -> None:
    data, drawn = closed
    before = _accruals(data)
    bills = Bills(data)
    bills.land(row for account in drawn for row in _invoice(account, account.closing))
    build_lake(data, *ENDS)
    after = _accruals(data)
    for account in drawn:
        estimate, _, _, _, scored_against, error = after[account.name]
        assert scored_against == f"INV-{account.name}-{CLOSING}"
        assert error == account.closing.invoiced - estimate
        assert after[account.name][:4] == before[account.name][:4], account.name
