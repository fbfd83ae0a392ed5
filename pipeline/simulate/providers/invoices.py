"""Invoices as finance keeps them: a CSV a provider and month, a line a model, meter and tier."""

from __future__ import annotations

import calendar
import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from pipeline.simulate.delivery import Output
from pipeline.simulate.providers.charges import cents

HEADER = (
    "invoice_id", "issuer", "billing_account_id", "billing_month", "period_start_on",
    "period_end_on", "issued_on", "line_number", "line_category", "description", "model",
    "token_class", "service_tier", "quantity", "unit", "unit_price", "amount", "currency",
    "booked_rate", "functional_currency", "reference_invoice_id", "invoice_total",
    "invoice_status",
)  # fmt: skip
Sku = tuple[str, str, str]  # model, meter, tier


@dataclass(frozen=True)
class InvoiceLine:
    """A line of an invoice."""

    category: str
    description: str
    amount: Decimal
    sku: Sku = ("", "", "")
    quantity: int | None = None
    unit_price: Decimal | None = None


@dataclass
class Invoice:
    """An invoice of a provider's month.

    Attributes:
        first_day: the first day charged, where the account began within the month.
        booked_rate: dollars for one of its currency, as booked.
    """

    provider: str
    account: str
    month: str
    number: str
    first_day: str
    currency: str = "USD"
    booked_rate: Decimal | None = None
    reference: str = ""
    lines: list[InvoiceLine] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """The stated total: the sum of its lines."""
        return sum((line.amount for line in self.lines), Decimal(0))

    def add(self, category: str, description: str, amount: Decimal) -> Decimal:
        """Add a line that is no usage; its amount in cents is returned."""
        line = InvoiceLine(category, description, cents(amount))
        self.lines.append(line)
        return line.amount


def write_invoice(output: Output, invoice: Invoice) -> None:
    """Write an invoice as a file of its own."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(HEADER)
    year, month = int(invoice.month[:4]), int(invoice.month[5:])
    last = f"{invoice.month}-{calendar.monthrange(year, month)[1]:02d}"
    issued = f"{year + month // 12}-{month % 12 + 1:02d}-03"
    total = format(invoice.total, "f")
    for number, line in enumerate(invoice.lines, start=1):
        model, meter, tier = line.sku
        rate = "" if invoice.booked_rate is None else format(invoice.booked_rate, "f")
        price = "" if line.unit_price is None else format(line.unit_price, "f")
        unit = "" if line.quantity is None else "units" if "search" in meter else "tokens"
        writer.writerow(
            (
                invoice.number, invoice.provider, invoice.account, invoice.month,
                invoice.first_day, last, issued, number, line.category, line.description, model,
                meter, tier, "" if line.quantity is None else line.quantity, unit, price,
                format(line.amount, "f"), invoice.currency, rate,
                "USD" if invoice.booked_rate is not None else "", invoice.reference, total,
                "issued",
            )
        )  # fmt: skip
    name = f"invoices/{invoice.provider}-{invoice.number.lower()}.csv"
    output.write(name, buffer.getvalue().encode(), Counter(landed=len(invoice.lines)))
