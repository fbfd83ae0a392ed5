"""Journal entries: what finance books for a closed month.

Every entry balances to the cent in its own currency, and in the functional currency at the booked
rate, with the rounding difference on an account of its own. `debit` and `credit` are never
negative; `functional_amount` is signed, debits positive.

    invoice   Dr usage, commitment, fees, credits, tax   Cr accounts payable
    variance  Dr the variance account of a bridge step    Cr usage
    reclass   Dr internal chargeback of a cost centre     Cr internal chargeback, central
    accrual   Dr usage                                    Cr accrued liabilities
    reversal  an accrual of the last close, turned round
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from publish.close.cents import CENT, cents_of, largest_remainder, money
from publish.close.figures import FigureKey
from publish.close.inputs import NOT_INVOICED, Invoice, first_day, last_day
from publish.csv_files import csv_bytes, read_rows
from publish.errors import PublishError

CENTRAL = "(central)"
EXPENSE_ROLES = {71: "credits", 72: "commitment_expense", 73: "fees_expense", 74: "tax"}
VARIANCE_ROLES = {
    31: "usage_variance",
    32: "usage_variance",
    41: "price_variance",
    42: "price_variance",
    50: "unexplained_variance",
    60: "unexplained_variance",
}
HEADER = (
    "entry_id",
    "entry_type",
    "posting_date",
    "period",
    "entity",
    "gl_account",
    "cost_center",
    "project",
    "vendor",
    "invoice_id",
    "line_no",
    "debit",
    "credit",
    "currency",
    "fx_rate",
    "functional_amount",
    "memo",
    "reversal_of",
    "source_hash",
)


@dataclass(frozen=True)
class Account:
    """A general ledger account."""

    number: str
    name: str
    entity: str


Accounts = Mapping[str, Account]


@dataclass(frozen=True)
class Accrual:
    """What a provider will probably invoice for a month."""

    provider: str
    billing_account_id: str
    billing_month: str
    estimate_usd: Decimal
    low_usd: Decimal | None
    high_usd: Decimal | None
    method: str


@dataclass(frozen=True)
class JournalLine:
    """One line of an entry; columns as in the file."""

    entry_id: str
    entry_type: str
    posting_date: str
    period: str
    entity: str
    gl_account: str
    cost_center: str
    project: str
    vendor: str
    invoice_id: str
    line_no: int
    debit: Decimal
    credit: Decimal
    currency: str
    fx_rate: Decimal | None
    functional_amount: Decimal | None
    memo: str
    reversal_of: str
    source_hash: str


@dataclass(frozen=True)
class _Part:
    """A signed amount of an entry; debits positive."""

    role: str
    cents: int
    memo: str
    cost_center: str = CENTRAL
    project: str = ""


def invoice_entries(
    posted_month: str,
    period: str,
    invoice: Invoice,
    movements: Mapping[FigureKey, Decimal],
    accounts: Accounts,
) -> list[JournalLine]:
    """The invoice, variance and reclass entries of one invoice.

    Args:
        posted_month: the month being closed.
        period: the month the invoice is for.
        invoice: the invoice.
        movements: its figures, or what changed in them since the period was closed.
        accounts: the accounts of every role.
    """
    mine = {
        key: amount
        for key, amount in movements.items()
        if key[1:5]
        == (
            invoice.provider,
            invoice.billing_account_id,
            invoice.invoice_id,
            invoice.currency,
        )
    }
    by_step: dict[int, Decimal] = defaultdict(Decimal)
    components: dict[int, str] = {}
    centers: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for key, amount in mine.items():
        if key.figure == "bridge":
            by_step[int(key.step)] += amount
            components[int(key.step)] = key.component
        elif key.figure == "chargeback":
            centers[(key.cost_center, key.project)] += amount
    booker = _Booker(posted_month, period, invoice, accounts)
    return [
        *booker.entry("invoice", _invoice_parts(by_step)),
        *booker.entry("variance", _variance_parts(by_step, components)),
        *booker.entry("reclass", _reclass_parts(centers)),
    ]


def accrual_entries(
    posted_month: str, accruals: Iterable[Accrual], accounts: Accounts
) -> list[JournalLine]:
    """Estimates of what is used and not invoiced yet."""
    lines: list[JournalLine] = []
    for accrual in accruals:
        cents = cents_of(accrual.estimate_usd)
        booker = _Booker(posted_month, accrual.billing_month, _stand_in(accrual), accounts)
        memo = f"estimate by {accrual.method}"
        if accrual.low_usd is not None and accrual.high_usd is not None:
            memo += f", between {accrual.low_usd:.2f} and {accrual.high_usd:.2f}"
        lines += booker.entry(
            "accrual",
            [
                _Part("usage_expense", cents, memo),
                _Part("accrued_liabilities", -cents, memo),
            ],
        )
    return lines


def reversal_entries(posted_month: str, last_journal: bytes) -> list[JournalLine]:
    """The accruals of the last close, turned round on the first day of this month."""
    lines = []
    for row in read_rows(last_journal):
        if row["entry_type"] != "accrual":
            continue
        functional = row["functional_amount"]
        lines.append(
            JournalLine(
                entry_id=f"{posted_month}-reversal-{row['entry_id']}",
                entry_type="reversal",
                posting_date=first_day(posted_month).isoformat(),
                period=row["period"],
                entity=row["entity"],
                gl_account=row["gl_account"],
                cost_center=row["cost_center"],
                project=row["project"],
                vendor=row["vendor"],
                invoice_id=row["invoice_id"],
                line_no=int(row["line_no"]),
                debit=Decimal(row["credit"]),
                credit=Decimal(row["debit"]),
                currency=row["currency"],
                fx_rate=Decimal(row["fx_rate"]) if row["fx_rate"] else None,
                functional_amount=-Decimal(functional) if functional else None,
                memo=f"reversal: {row['memo']}",
                reversal_of=row["entry_id"],
                source_hash=row["source_hash"],
            )
        )
    return lines


def journal_bytes(lines: Sequence[JournalLine]) -> bytes:
    """The journal file of a close."""
    return csv_bytes(HEADER, ([getattr(line, name) for name in HEADER] for line in lines))


def _invoice_parts(by_step: Mapping[int, Decimal]) -> list[_Part]:
    total = cents_of(sum(by_step.values(), Decimal(0)))
    roles: dict[str, Fraction] = defaultdict(Fraction)
    for step, amount in by_step.items():
        roles[EXPENSE_ROLES.get(step, "usage_expense")] += Fraction(amount) * 100
    names = sorted(roles)
    cents = largest_remainder(total, [roles[name] for name in names])
    parts = [
        _Part(name, amount, name.replace("_", " "))
        for name, amount in zip(names, cents, strict=True)
    ]
    return [*parts, _Part("accounts_payable", -total, "invoice total")]


def _variance_parts(by_step: Mapping[int, Decimal], components: Mapping[int, str]) -> list[_Part]:
    parts = [
        _Part(role, cents_of(by_step[step]), components[step].replace("_", " "))
        for step, role in VARIANCE_ROLES.items()
        if by_step.get(step)
    ]
    moved = sum(part.cents for part in parts)
    return [*parts, _Part("usage_expense", -moved, "to variance accounts")]


def _reclass_parts(centers: Mapping[tuple[str, str], Decimal]) -> list[_Part]:
    parts = [
        _Part("internal_chargeback", cents_of(amount), "charged to", center, project)
        for (center, project), amount in sorted(centers.items())
    ]
    return [
        *parts,
        _Part("internal_chargeback", -sum(part.cents for part in parts), "charged out"),
    ]


def _stand_in(accrual: Accrual) -> Invoice:
    """An accrual is booked like an invoice that is not there yet."""
    return Invoice(
        provider=accrual.provider,
        billing_account_id=accrual.billing_account_id,
        invoice_id=NOT_INVOICED,
        currency="USD",
        total=accrual.estimate_usd,
        status="open",
        issued_on=None,
        due_on=None,
        functional_currency="USD",
        booked_rate=Decimal(1),
        reference_invoice_id=None,
        source_hash="",
    )


class _Booker:
    """Turns signed parts into the lines of a balanced entry."""

    def __init__(
        self, posted_month: str, period: str, invoice: Invoice, accounts: Accounts
    ) -> None:
        self._posted_month = posted_month
        self._period = period
        self._invoice = invoice
        self._accounts = accounts

    def entry(self, entry_type: str, parts: Sequence[_Part]) -> list[JournalLine]:
        booked = [part for part in parts if part.cents]
        if not booked:
            return []
        lines = [self._line(entry_type, number, part) for number, part in enumerate(booked, 1)]
        functional = [
            line.functional_amount for line in lines if line.functional_amount is not None
        ]
        difference = sum(functional, Decimal(0))
        if difference:
            rounding = self._line(
                entry_type, len(lines) + 1, _Part("fx_rounding", 0, "rounding at the booked rate")
            )
            lines.append(replace(rounding, functional_amount=-difference))
        return lines

    def _line(self, entry_type: str, number: int, part: _Part) -> JournalLine:
        if (account := self._accounts.get(part.role)) is None:
            raise PublishError(
                f"gl_accounts.csv has no account for posting_role {part.role} on "
                f"{last_day(self._posted_month)}; add one"
            )
        invoice = self._invoice
        amount = money(part.cents)
        rate = invoice.booked_rate
        name = "-".join(
            part
            for part in (invoice.provider, invoice.billing_account_id, invoice.invoice_id)
            if part != NOT_INVOICED
        )
        return JournalLine(
            entry_id=f"{self._posted_month}-{entry_type}-{name}-{self._period}",
            entry_type=entry_type,
            posting_date=last_day(self._posted_month).isoformat(),
            period=self._period,
            entity=account.entity,
            gl_account=account.number,
            cost_center=part.cost_center,
            project=part.project,
            vendor=invoice.provider,
            invoice_id=invoice.invoice_id,
            line_no=number,
            debit=max(amount, money(0)),
            credit=max(-amount, money(0)),
            currency=invoice.currency,
            fx_rate=rate,
            functional_amount=None if rate is None else _functional(amount, rate),
            memo=part.memo,
            reversal_of="",
            source_hash=invoice.source_hash,
        )


def _functional(amount: Decimal, rate: Decimal) -> Decimal:
    return (amount * rate).quantize(CENT, rounding=ROUND_HALF_EVEN)
