"""summary.html: the close on one page for people. No script, nothing from outside, prints on A4."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

from publish.close.chargeback import TOTAL_STEP, ChargebackLine
from publish.close.inputs import NOT_INVOICED, BridgeRow, Invoice, Month, first_day
from publish.close.journal import JournalLine
from publish.close.readiness import GOOD_STATUSES
from publish.close.restatements import Restatement
from publish.close.waterfall import NARROW, WIDE, Step, waterfall_svg

LISTED_VARIANCES = 5
LISTED_INVOICES = 2
LISTED_OPEN = 4
METERED_STEP = 10
UNEXPLAINED_STEP = 60
STYLE = Path(__file__).with_name("summary.css")


@dataclass(frozen=True)
class Summary:
    """Everything the page shows."""

    month: Month
    reason: str
    reviewed_by: str
    closed_at: str
    open_items: Sequence[str]
    restated: Sequence[Restatement]
    journal: Sequence[JournalLine]
    chargeback: Sequence[ChargebackLine]
    reconciliation: Sequence[Mapping[str, Any]]
    control_totals: Mapping[str, Any]
    input_digest: str
    previous: Mapping[str, str] | None


def summary_html(summary: Summary) -> str:
    """The page."""
    title = f"{first_day(summary.month.name):%B %Y}"
    sections = [
        _head(summary, title),
        *(_figures(summary, currency) for currency in _currencies(summary.month)),
        _providers(summary.month),
        _bridges(summary.month),
        _variances(summary),
        f'<div class="columns"><div>{_open(summary)}{_cost_centers(summary)}</div>'
        f"<div>{_restated(summary)}{_ties(summary)}</div></div>",
        _foot(summary),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Month close {escape(summary.month.name)}</title>\n"
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        + "\n".join(section for section in sections if section)
        + "\n</body>\n</html>\n"
    )


def _head(summary: Summary, title: str) -> str:
    is_clean = not summary.open_items
    badge = (
        '<span class="badge">closed</span>'
        if is_clean
        else f'<span class="badge warn">closed with {len(summary.open_items)} open '
        f"item{'s' if len(summary.open_items) > 1 else ''}</span>"
    )
    moment = dt.datetime.fromisoformat(summary.closed_at)
    reviewer = f"<br>reviewed by {escape(summary.reviewed_by)}" if summary.reviewed_by else ""
    reason = (
        f'<p class="note"><b>Closed all the same:</b> {escape(summary.reason)}</p>'
        if summary.reason
        else ""
    )
    return (
        f'<header><div><div class="product">Tokenhouse month close</div><h1>{title}</h1></div>'
        f'<div class="meta">{badge}<br>inputs as of {moment:%-d %B %Y, %H:%M} UTC{reviewer}</div>'
        f"</header>{reason}"
    )


def _figures(summary: Summary, currency: str) -> str:
    rows = _invoiced(summary.month, currency)
    total = _total(rows)
    metered = _total(rows, METERED_STEP)
    unexplained = _total(rows, UNEXPLAINED_STEP)
    boxes = [
        (f"{total:,.2f}", f"invoiced, {currency}"),
        (f"{metered:,.2f}", f"metered by us, {currency}"),
        (f"{total - metered:+,.2f}", f"difference, {_share(total - metered, metered)} of metered"),
        (f"{unexplained:,.2f}", f"unexplained, {_share(unexplained, total)} of it"),
    ]
    return (
        '<div class="figures">'
        + "".join(
            f'<div class="figure"><b>{value}</b><span>{escape(label)}</span></div>'
            for value, label in boxes
        )
        + "</div>"
    )


def _providers(month: Month) -> str:
    groups: dict[tuple[str, str], list[Invoice]] = defaultdict(list)
    for invoice in month.invoices:
        groups[(invoice.provider, invoice.currency)].append(invoice)
    rows = []
    for (provider, currency), invoices in sorted(groups.items()):
        keys = {invoice.key for invoice in invoices}
        cells = [
            row
            for row in month.bridge
            if (row.provider, row.billing_account_id, row.invoice_id, row.currency) in keys
        ]
        metered = _total(cells, METERED_STEP)
        total = sum((invoice.total for invoice in invoices), Decimal(0))
        unsettled = [invoice for invoice in invoices if invoice.status not in GOOD_STATUSES]
        state = f"{len(unsettled)} out of tolerance" if unsettled else "settled"
        named = (
            ", ".join(invoice.invoice_id for invoice in invoices)
            if len(invoices) <= LISTED_INVOICES
            else f"{len(invoices)} invoices"
        )
        rows.append(
            f"<tr><td>{escape(provider)}</td><td>{escape(named)}</td>"
            f'<td class="number">{metered:,.2f}</td><td class="number">{total:,.2f}</td>'
            f'<td class="number">{total - metered:+,.2f}</td>'
            f'<td class="number">{_total(cells, UNEXPLAINED_STEP):,.2f}</td>'
            f"<td>{escape(currency)}</td>"
            f'<td><span class="badge{" warn" if unsettled else ""}">{state}</span></td></tr>'
        )
    return (
        "<h2>Providers</h2><table><thead><tr><th>Provider</th><th>Invoices</th>"
        '<th class="number">Metered</th><th class="number">Invoiced</th>'
        '<th class="number">Difference</th><th class="number">Unexplained</th><th></th>'
        "<th>State</th></tr></thead><tbody>"
        + ("".join(rows) or '<tr><td colspan="8" class="none">No invoice this month.</td></tr>')
        + "</tbody></table>"
    )


def _bridges(month: Month) -> str:
    currencies = _currencies(month)
    if len(currencies) == 1:
        return _bridge(month, currencies[0], WIDE)
    drawn = "".join(f"<div>{_bridge(month, each, NARROW)}</div>" for each in currencies)
    return f'<div class="columns">{drawn}</div>'


def _bridge(month: Month, currency: str, width: int) -> str:
    sums: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for row in _invoiced(month, currency):
        if row.step != TOTAL_STEP:
            sums[(row.step, row.component)] += row.amount
    steps = [
        Step(component.replace("_", " "), amount, is_level=step == METERED_STEP)
        for (step, component), amount in sorted(sums.items())
        if amount or step == METERED_STEP
    ]
    total = sum(sums.values(), Decimal(0))
    drawing = waterfall_svg([*steps, Step("invoice total", total, is_level=True)], currency, width)
    return (
        f"<h2>From metered to invoiced <small>{escape(currency)}, all invoices</small>"
        f"</h2>{drawing}"
    )


def _variances(summary: Summary) -> str:
    lines = [row for row in summary.reconciliation if row.get("variance")]
    lines.sort(key=lambda row: (-abs(row["variance"]), str(row["provider"]), str(row["model"])))
    rows = [
        f"<tr><td>{escape(str(row['model']))}<small>{escape(str(row['provider']))} · "
        f"{escape(str(row['token_class']).replace('_', ' '))}</small></td>"
        f'<td class="number">{row["variance"]:+,.2f}</td>'
        f"<td>{escape(str(row['verdict']))}</td>"
        f"<td>{escape(str(row['next_action'] or ''))}</td></tr>"
        for row in lines[:LISTED_VARIANCES]
    ]
    rest = lines[LISTED_VARIANCES:]
    more = (
        f'<p class="none">{len(rest)} smaller ones, '
        f"{sum((abs(row['variance']) for row in rest), Decimal(0)):,.2f} in all, are in "
        "reconciliation.csv.</p>"
        if rest
        else ""
    )
    if not rows:
        return "<h2>Variances</h2><p class='none'>None: every line is as metered.</p>"
    return (
        "<h2>Largest variances <small>what they are, and what to do next</small></h2>"
        '<table><thead><tr><th>Model and meter</th><th class="number">Variance</th>'
        "<th>Verdict</th><th>Next action</th></tr></thead><tbody>"
        + "".join(rows)
        + f"</tbody></table>{more}"
    )


def _open(summary: Summary) -> str:
    accrued = [
        f"accrued for {escape(line.vendor)}, {line.period}: {line.debit:,.2f} "
        f"{escape(line.currency)} ({escape(line.memo)})"
        for line in summary.journal
        if line.entry_type == "accrual" and line.debit
    ]
    items = [escape(item) for item in summary.open_items] + accrued
    listed = "".join(f"<li>{item}</li>" for item in items[:LISTED_OPEN])
    if len(items) > LISTED_OPEN:
        listed += f"<li>and {len(items) - LISTED_OPEN} more: open_items in manifest.json</li>"
    return "<h2>What is open</h2>" + (
        f"<ul>{listed}</ul>" if items else '<p class="none">Nothing.</p>'
    )


def _cost_centers(summary: Summary) -> str:
    cents: dict[tuple[str, str], int] = defaultdict(int)
    for line in summary.chargeback:
        cents[(line.cost_center, line.currency)] += line.amount_cents
    ranked = sorted(cents.items(), key=lambda item: (-abs(item[1]), item[0]))
    rows = "".join(
        f'<tr><td>{escape(center)}</td><td class="number">{Decimal(amount).scaleb(-2):,.2f} '
        f"{escape(currency)}</td></tr>"
        for (center, currency), amount in ranked[:LISTED_OPEN]
    )
    if left := ranked[LISTED_OPEN:]:
        rows += f'<tr><td colspan="2" class="none">and {len(left)} more</td></tr>'
    return f"<h2>Charged to</h2><table><tbody>{rows}</tbody></table>" if rows else ""


def _restated(summary: Summary) -> str:
    sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for line in summary.restated:
        if line.key.figure != "chargeback":
            sums[(line.billing_month, line.key.figure, line.reason)] += line.amount
    rows = "".join(
        f"<tr><td>{month}</td><td>{figure}, {reason.replace('_', ' ')}</td>"
        f'<td class="number">{amount:+,.2f}</td></tr>'
        for (month, figure, reason), amount in sorted(sums.items())
    )
    return "<h2>Restated from closed months</h2>" + (
        f"<table><tbody>{rows}</tbody></table>" if rows else '<p class="none">Nothing.</p>'
    )


def _ties(summary: Summary) -> str:
    totals = summary.control_totals
    entries = totals["journal_debits"]
    debits = sum((Decimal(value) for value in entries.values()), Decimal(0))
    invoices = len(totals["invoice_totals"])
    rows = [
        f"{invoices} bridge{'' if invoices == 1 else 's'} sum to the invoice total",
        f"{len(summary.chargeback)} chargeback lines sum to the invoices, to the cent",
        f"{len(entries)} journal entries balance: debits {debits:,.2f} = credits",
        f"{len(summary.restated)} restatement lines = today − snapshot − posted before",
    ]
    return (
        '<h2>Control totals</h2><table class="ties"><tbody>'
        + "".join(f"<tr><td>✓</td><td>{row}</td></tr>" for row in rows)
        + "</tbody></table>"
    )


def _foot(summary: Summary) -> str:
    before = (
        f"<br>follows {summary.previous['billing_month']} <code>{summary.previous['digest']}</code>"
        if summary.previous
        else ""
    )
    return (
        f"<footer>inputs <code>{summary.input_digest}</code>{before}<br>"
        f"<code>make verify MONTH={escape(summary.month.name)}</code> proves every byte of this "
        "folder against manifest.json.</footer>"
    )


def _currencies(month: Month) -> list[str]:
    return sorted({row.currency for row in month.bridge if row.invoice_id != NOT_INVOICED})


def _invoiced(month: Month, currency: str) -> list[BridgeRow]:
    return [
        row for row in month.bridge if row.currency == currency and row.invoice_id != NOT_INVOICED
    ]


def _total(rows: Sequence[BridgeRow], step: int | None = None) -> Decimal:
    return sum(
        (
            row.amount
            for row in rows
            if row.step != TOTAL_STEP and (step is None or row.step == step)
        ),
        Decimal(0),
    )


def _share(part: Decimal, whole: Decimal) -> str:
    return f"{part / whole * 100:.1f} %" if whole else "no share"
