"""Control totals: sums that must tie, worked out from the files alone.

A close writes them into its manifest; a verification works them out again and looks that they
agree with each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from publish.csv_files import read_rows


def control_totals(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The totals of the CSV files of a close, as exact text."""
    bridge: dict[str, Decimal] = defaultdict(Decimal)
    stated: dict[str, Decimal] = defaultdict(Decimal)
    for row in read_rows(files["invoice_bridge.csv"]):
        name = f"{row['issuer']}/{row['invoice_id']}/{row['currency']}"
        target = stated if row["step"] == "90" else bridge
        target[name] += Decimal(row["amount"])
    cents: dict[str, int] = defaultdict(int)
    for row in read_rows(files["chargeback_lines.csv"]):
        cents[f"{row['issuer']}/{row['invoice_id']}/{row['currency']}"] += int(row["amount_cents"])
    debits: dict[str, Decimal] = defaultdict(Decimal)
    credit_sums: dict[str, Decimal] = defaultdict(Decimal)
    functional: dict[str, Decimal] = defaultdict(Decimal)
    for row in read_rows(files["journal_entries.csv"]):
        debits[row["entry_id"]] += Decimal(row["debit"])
        credit_sums[row["entry_id"]] += Decimal(row["credit"])
        functional[row["entry_id"]] += Decimal(row["functional_amount"] or 0)
    restated: dict[str, Decimal] = defaultdict(Decimal)
    for row in read_rows(files["restatements.csv"]):
        restated[f"{row['billing_month']}/{row['figure']}"] += Decimal(row["restatement_amount"])
    return {
        "bridge": _texts(bridge),
        "invoice_totals": _texts(stated),
        "chargeback_cents": {name: str(value) for name, value in sorted(cents.items())},
        "journal_debits": _texts(debits),
        "journal_credits": _texts(credit_sums),
        "journal_functional": _texts(functional),
        "restatements": _texts(restated),
    }


def loose_ends(totals: Mapping[str, Any]) -> list[str]:
    """Every total that does not tie with another."""
    found = []
    for name, total in totals["invoice_totals"].items():
        steps = totals["bridge"].get(name, "0")
        if Decimal(steps) != Decimal(total):
            found.append(f"invoice_bridge.csv: {name} sums to {steps}, its total is {total}")
        if "/(not invoiced)/" in name:
            continue
        cents = totals["chargeback_cents"].get(name, "0")
        if Decimal(cents) != round(Decimal(total) * 100):
            found.append(f"chargeback_lines.csv: {name} sums to {cents} cents, not {total}")
    for entry, debit in totals["journal_debits"].items():
        credit = totals["journal_credits"][entry]
        if Decimal(debit) != Decimal(credit):
            found.append(f"journal_entries.csv: {entry} has debits {debit}, credits {credit}")
        if Decimal(totals["journal_functional"][entry]):
            found.append(
                f"journal_entries.csv: {entry} is off by {totals['journal_functional'][entry]} "
                "in the functional currency"
            )
    return found


def _texts(sums: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: f"{value:f}" for name, value in sorted(sums.items())}
