"""Everything the providers send: exports of every day, invoices of the months that are over.

What differs from our log, or from our prices, is planted in ``plants``, ``terms`` and
``invoicing``, each with its exact amount; the truth file lists all of it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from pipeline.simulate.company import Tenant
from pipeline.simulate.delivery import Output
from pipeline.simulate.incidents import Window
from pipeline.simulate.providers import anthropic, google, openai
from pipeline.simulate.providers.books import Books, metered, total
from pipeline.simulate.providers.calendar import Calendar
from pipeline.simulate.providers.charges import charges_of
from pipeline.simulate.providers.invoices import write_invoice
from pipeline.simulate.providers.invoicing import console_month, invoice_month
from pipeline.simulate.providers.money import units_per_usd
from pipeline.simulate.providers.plants import CALLS_A_UNIT, Plan, plant_usage
from pipeline.simulate.providers.terms import plant_prices, plant_standing, plant_tools
from pipeline.simulate.providers.usage import CELL, COUNTS, PROVIDERS, billed_calls, summed

SOURCES = (
    "openai-usage", "openai-costs", "anthropic-usage", "anthropic-costs", "gcp-billing", "invoices",
)  # fmt: skip
LEAST_DAYS = 7  # of the period in a month, for faults to be planted in it
Json = dict[str, Any]


def bill(
    output: Output, calls: pl.DataFrame, window: Window, customers: tuple[Tenant, ...]
) -> Json:
    """Write every export and invoice; the providers' part of the truth.

    Args:
        output: where the files go.
        calls: every call of the company.
        window: the period.
        customers: the tenants.
    """
    books = _books(billed_calls(calls, customers), Calendar.of(window))
    days = [
        (books.calendar.first + dt.timedelta(days=n)).isoformat()
        for n in range(len(books.calendar))
    ]
    restated = _write_openai(output, books, days)
    _write_anthropic(output, books, days)
    google.write_export(output, books.of("google"))
    for invoice in books.invoices:
        write_invoice(output, invoice)
    return _truth(books, restated)


def _books(calls: pl.DataFrame, calendar: Calendar) -> Books:
    months = [m for m in calendar.closed if len(calendar.days(m)) >= LEAST_DAYS]
    logged = summed(calls)
    plan = Plan(calls, calendar, months[-1] if months else "")
    if months:
        plant_usage(plan)
    usage = summed(pl.concat([logged.select(*CELL, *COUNTS), *plan.changes]))
    books = Books(calendar, logged, usage, charges_of(usage), plan.planted)
    if months:
        free, dearer = plan.day(0.5), plan.day(0.7)
        books.restated_day = plan.day(0.9)
        known = (pl.col("day") == books.restated_day) & (pl.col("hour") < 14)
        others = books.usage.filter(pl.col("day") != books.restated_day)
        books.early = pl.concat([others, summed(calls.filter(known))])
        plant_prices(books, plan.month, free, dearer)
        plant_tools(books, plan.month, max(1, calls.height // CALLS_A_UNIT))
    plant_standing(books)
    for month in calendar.closed:
        for provider in PROVIDERS:
            invoice_month(books, provider, month, is_last=month == plan.month)
    return books


def _write_openai(output: Output, books: Books, days: list[str]) -> Json:
    own = pl.col("provider") == "openai"
    openai.write_searches(output, books.searches, days)
    if books.early is None or books.restated_day is None:
        openai.write_usage(output, books.usage.filter(own), days)
        openai.write_costs(output, books.of("openai"), days)
        return {}
    day = books.restated_day
    at_first = books.early.filter(own)
    charged = [charge for charge in books.of("openai") if charge.day != day]
    charged_first = [charge for charge in charges_of(at_first.filter(pl.col("day") == day))]
    openai.write_usage(output, at_first, days)
    openai.write_restated_usage(
        output, books.usage.filter(own & (pl.col("day") == day)), day.isoformat()
    )
    openai.write_costs(output, charged + charged_first, days)
    charged_last = [charge for charge in books.of("openai") if charge.day == day]
    openai.write_restated_costs(output, charged_last, day.isoformat())
    return {
        "provider": "openai",
        "day": day.isoformat(),
        "cost_before": format(total(c.amount for c in charged_first), "f"),
        "cost": format(total(c.amount for c in charged_last), "f"),
    }


def _write_anthropic(output: Output, books: Books, days: list[str]) -> None:
    usage = books.usage.filter(pl.col("provider") == "anthropic")
    anthropic.write_usage(output, usage, days)
    console = console_month(books.calendar)
    charges = books.of("anthropic")
    by_api = [charge for charge in charges if charge.month != console]
    anthropic.write_costs(output, by_api, [day for day in days if day[:7] != console])
    if console:
        own = [charge for charge in charges if charge.month == console]
        anthropic.write_console(output, own, console)


def _truth(books: Books, restated: Json) -> Json:
    months = []
    for month in books.calendar.closed:
        for provider in PROVIDERS:
            invoices = [i for i in books.invoices if (i.provider, i.month) == (provider, month)]
            if not invoices:
                continue
            currency = invoices[0].currency
            usd = metered(books.logged, provider, month)
            months.append(
                {
                    "provider": provider,
                    "billing_month": month,
                    "currency": currency,
                    "metered_cost": format(usd * units_per_usd(currency, month), "f"),
                    "invoices": {i.number: format(i.total, "f") for i in invoices},
                }
            )
    planted = sorted(books.planted, key=lambda p: (p.provider, p.month, p.step, p.cause))
    return {
        "months": months,
        "planted": [entry.as_json() for entry in planted],
        "restated": restated,
    }
