"""Invoices of the months that are over, from what the exports charge and the contracts say."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from pipeline.simulate.providers import anthropic, google, openai
from pipeline.simulate.providers.books import Books, total
from pipeline.simulate.providers.calendar import Calendar
from pipeline.simulate.providers.charges import Charge, cents
from pipeline.simulate.providers.invoices import Invoice, InvoiceLine
from pipeline.simulate.providers.money import booked_rate, units_per_usd
from pipeline.simulate.providers.plants import Planted

ACCOUNTS = {
    "openai": "org-brightdesk",
    "anthropic": "brightdesk",
    "google": google.ACCOUNT,
    "cohere": "brightdesk-cohere",
}
CURRENCIES = {"cohere": "CAD"}
SUPPORT_FEE = Decimal("250.00")
TAX_SHARE = Decimal("0.0825")


def invoice_month(books: Books, provider: str, month: str, *, is_last: bool) -> None:
    """The invoice of a month, with what is no usage; its rounding is planted too."""
    own = books.of(provider, month)
    if not own:
        return
    currency = CURRENCIES.get(provider, "USD")
    rate = units_per_usd(currency, month)
    first = max(f"{month}-01", books.calendar.first.isoformat())
    invoice = Invoice(
        provider, ACCOUNTS[provider], month, f"{provider[:2].upper()}-{month}", first, currency,
        booked_rate(currency, month) if currency != "USD" else None,
    )  # fmt: skip
    by_sku: dict[tuple[str, str, str], list[Charge]] = defaultdict(list)
    for charge in own:
        by_sku[charge.sku].append(charge)
    billed = Decimal(0)
    exported = _exported(books, provider, month)
    for sku, charges in sorted(by_sku.items()):
        amount = cents(total(c.amount for c in charges) * rate)
        billed += amount
        quantity = sum(c.quantity for c in charges)
        description = f"{_billed_name(sku[0])} {sku[1].replace('_', ' ')}"
        named = (_billed_name(sku[0]), *sku[1:])
        invoice.lines.append(InvoiceLine("usage", description, amount, named, quantity))
    books.invoices.append(invoice)
    if provider == "cohere":  # no export: the lines are compared with our own figures
        rounding = billed - total(c.amount for c in own) * rate
        books.plant(
            Planted(provider, month, 42, "rounding", rounding, "lines in cents of another currency")
        )
    else:
        rounding = billed - exported
        books.plant(
            Planted(provider, month, 50, "", rounding, "invoice lines are rounded to the cent")
        )
    _add_terms(books, invoice, own, billed, is_last=is_last)


def _add_terms(
    books: Books, invoice: Invoice, own: list[Charge], billed: Decimal, *, is_last: bool
) -> None:
    """Credits, fees, taxes and minimums of a provider's contract."""
    provider, month = invoice.provider, invoice.month

    def plant(step: int, category: str, what: str, amount: Decimal) -> None:
        books.plant(
            Planted(provider, month, step, category, invoice.add(category, what, amount), what)
        )

    if provider == "openai":
        plant(73, "fee", "Premium support", SUPPORT_FEE)
        plant(74, "tax", "Sales tax 8.25 %", billed * TAX_SHARE)
    if provider == "google":
        credits = total(google.credit_of(charge) for charge in own)
        plant(71, "credit", "Startup program", credits)
    if provider == "anthropic":
        minimum = (int(billed) // 500 + 1) * Decimal(500)
        what = f"Minimum of {minimum} not reached"
        plant(72, "commitment_true_up", what, minimum - billed)
    if provider == "anthropic" and is_last:
        note = replace(invoice, number=f"CN-{month}", reference=invoice.number, lines=[])
        what = "Credit for errors of the service"
        amount = note.add("credit_note", what, -billed * Decimal("0.01"))
        books.plant(Planted(provider, month, 71, "credit_note", amount, what))
        books.invoices.append(note)


def _exported(books: Books, provider: str, month: str) -> Decimal:
    """What the cost export says of a month; the console's is rounded row by row."""
    own = books.of(provider, month)
    exact = total(charge.amount for charge in own)
    if provider != "anthropic" or month != console_month(books.calendar):
        return exact
    rounded = anthropic.console_total(own)
    what = "the console rounds each row to the cent"
    books.plant(Planted(provider, month, 42, "rounding", rounded - exact, what))
    return rounded


def console_month(calendar: Calendar) -> str:
    """The month that only the console has: the first, where there are several."""
    return calendar.closed[0] if len(calendar.closed) > 1 else ""


def _billed_name(model: str) -> str:
    return openai.BILLED.get(model) or anthropic.BILLED.get(model) or model
