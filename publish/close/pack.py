"""The files of a close, made in memory from the marts and the closes before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from publish import __version__
from publish.close.chargeback import AllocationRule, ChargebackLine, Rules, chargeback
from publish.close.figures import (
    FigureKey,
    Figures,
    figures_of,
    read_snapshot,
    snapshot_bytes,
)
from publish.close.inputs import NOT_INVOICED, Invoice, Month, last_day, read_month
from publish.close.journal import (
    Account,
    Accrual,
    JournalLine,
    accrual_entries,
    invoice_entries,
    journal_bytes,
    reversal_entries,
)
from publish.close.manifest import Manifest, code_digest, read_manifest, sealed, sha256
from publish.close.restatements import (
    Restatement,
    posted_so_far,
    restate,
    restatements_bytes,
)
from publish.close.reviews import bridge_bytes, read_reviews, reconciliation_rows, settled
from publish.close.summary import Summary, summary_html
from publish.close.totals import control_totals
from publish.csv_files import csv_bytes, read_rows

BRIDGE = "invoice_bridge.csv"
CHARGEBACK = "chargeback_lines.csv"
JOURNAL = "journal_entries.csv"
RECONCILIATION = "reconciliation.csv"
RESTATEMENTS = "restatements.csv"
SUMMARY = "summary.html"
SNAPSHOT = "snapshot/figures.csv"

TOLERATED_STEPS = {"unexplained": (60,), "coverage": (31, 32), "price": (41, 42)}

CHARGEBACK_HEADER = (
    "period",
    "cost_center",
    "project",
    "workload",
    "tenant",
    "basis",
    "allocation_key",
    "quantity",
    "amount_cents",
    "currency",
    "invoice_id",
    "issuer",
)


@dataclass(frozen=True)
class Draft:
    """A close that could be written.

    Attributes:
        month: the month as the marts have it.
        open_items: why it is not ready; empty when it is.
        files: every file by its path in the folder, but the manifest.
        manifest: the manifest without its digest.
    """

    month: Month
    open_items: Sequence[str]
    files: Mapping[str, bytes]
    manifest: Manifest

    @property
    def sealed_files(self) -> dict[str, bytes]:
        """Every file with the manifest."""
        return {**self.files, "manifest.json": sealed(self.manifest)}


def draft_close(
    connection: duckdb.DuckDBPyConnection,
    closes: Path,
    month: str,
    earlier: Sequence[str],
    *,
    open_items: Sequence[str],
    current: Month,
    reason: str,
    reviewed_by: str,
) -> Draft:
    """Makes the files of a close.

    Args:
        connection: the warehouse.
        closes: folder of the closes.
        month: the month to close.
        earlier: the months closed before it.
        open_items: why it is not ready; goes into the summary and the manifest.
        current: the month's figures.
        reason: why it is closed all the same.
        reviewed_by: who looked at it.
    """
    rules = _read_rules(connection, month)
    accounts = _read_accounts(connection, month)
    lines = chargeback(current, rules)
    figures = figures_of(current, lines)
    restated, restated_invoices = _restate_earlier(connection, closes, month, earlier)
    accruals = _read_accruals(connection, month, earlier)
    journal = _journal(
        closes, month, earlier, current, figures, restated, restated_invoices, accruals, accounts
    )
    header, rows = reconciliation_rows(connection, month)
    files = {
        BRIDGE: bridge_bytes(
            current,
            read_reviews(connection, month),
            _read_tolerances(connection, current),
            reviewed_by,
        ),
        CHARGEBACK: _chargeback_bytes(lines),
        JOURNAL: journal_bytes(journal),
        RECONCILIATION: csv_bytes(header, rows),
        RESTATEMENTS: restatements_bytes(restated),
        SNAPSHOT: snapshot_bytes(figures),
    }
    totals = control_totals(files)
    previous = _previous(closes, earlier)
    manifest: Manifest = {
        "billing_month": month,
        "closed_at": _closed_at(connection, month),
        "reason": reason,
        "reviewed_by": reviewed_by,
        "open_items": list(open_items),
        "previous": previous,
        "inputs": {
            "figures": sha256(files[SNAPSHOT]),
            "invoices": sha256(repr([_booked(invoice) for invoice in current.invoices]).encode()),
            "reconciliation": sha256(csv_bytes([], settled(header, rows))),
            "restatements": sha256(files[RESTATEMENTS]),
            "journal": sha256(files[JOURNAL]),
        },
        "versions": _versions(connection),
        "control_totals": totals,
    }
    files[SUMMARY] = summary_html(
        Summary(
            month=current,
            reason=reason,
            reviewed_by=reviewed_by,
            closed_at=manifest["closed_at"],
            open_items=open_items,
            restated=restated,
            journal=journal,
            chargeback=lines,
            reconciliation=[dict(zip(header, row, strict=True)) for row in rows],
            control_totals=totals,
            input_digest=sha256(repr(sorted(manifest["inputs"].items())).encode()),
            previous=previous,
        )
    ).encode()
    manifest["files"] = {
        name: {
            "bytes": len(content),
            "rows": _row_count(name, content),
            "sha256": sha256(content),
        }
        for name, content in sorted(files.items())
    }
    return Draft(current, open_items, files, manifest)


def _restate_earlier(
    connection: duckdb.DuckDBPyConnection, closes: Path, month: str, earlier: Sequence[str]
) -> tuple[list[Restatement], dict[str, Month]]:
    ledgers = [(closes / name / RESTATEMENTS).read_bytes() for name in earlier]
    restated: list[Restatement] = []
    months: dict[str, Month] = {}
    for closed in earlier:
        today = read_month(connection, closed)
        months[closed] = today
        restated += restate(
            month,
            closed,
            read_snapshot((closes / closed / SNAPSHOT).read_bytes()),
            posted_so_far(ledgers, closed),
            figures_of(today, chargeback(today, _read_rules(connection, closed))),
        )
    return restated, months


def _journal(  # noqa: PLR0917 -- one call, all of them names
    closes: Path,
    month: str,
    earlier: Sequence[str],
    current: Month,
    figures: Figures,
    restated: Sequence[Restatement],
    restated_months: Mapping[str, Month],
    accruals: Sequence[Accrual],
    accounts: Mapping[str, Account],
) -> list[JournalLine]:
    lines = (
        reversal_entries(month, (closes / earlier[-1] / JOURNAL).read_bytes()) if earlier else []
    )
    moved: dict[str, dict[FigureKey, Decimal]] = defaultdict(dict)
    for line in restated:
        if line.amount and line.key.invoice_id not in ("", NOT_INVOICED):
            moved[line.billing_month][line.key] = line.amount
    for period, movements in sorted(moved.items()):
        for invoice in _invoices_of(movements, restated_months[period]):
            lines += invoice_entries(month, period, invoice, movements, accounts)
    whole = {key: figure.amount for key, figure in figures.items()}
    for invoice in current.invoices:
        lines += invoice_entries(month, month, invoice, whole, accounts)
    return lines + accrual_entries(month, accruals, accounts)


def _invoices_of(movements: Mapping[FigureKey, Decimal], today: Month) -> list[Invoice]:
    """The invoices that moved, also those that are gone."""
    known = {invoice.key: invoice for invoice in today.invoices}
    found: dict[tuple[str, ...], Invoice] = {}
    for key in sorted(movements):
        name = key[1:5]
        found[name] = known.get(name) or Invoice(
            *(key.provider, key.billing_account_id, key.invoice_id, key.currency),
            *(Decimal(0), "superseded", None, None),
            functional_currency=key.currency,
            booked_rate=Decimal(1),
            reference_invoice_id=None,
            source_hash="",
        )
    return list(found.values())


def _read_rules(connection: duckdb.DuckDBPyConnection, month: str) -> Rules:
    rows = connection.execute(
        "select provider, component, allocation_key, effective_cost from seeds.allocation_rules "
        "where ? >= coalesce(valid_from, date '0001-01-01') "
        "and ? < coalesce(valid_to, date '9999-12-31') order by valid_from nulls first",
        [last_day(month), last_day(month)],
    ).fetchall()
    return {(row[0], row[1]): AllocationRule(row[2], row[3]) for row in rows}


def _read_accounts(connection: duckdb.DuckDBPyConnection, month: str) -> dict[str, Account]:
    rows = connection.execute(
        "select posting_role, gl_account, gl_account_name, entity from seeds.gl_accounts "
        "where ? >= coalesce(valid_from, date '0001-01-01') "
        "and ? < coalesce(valid_to, date '9999-12-31') order by valid_from nulls first",
        [last_day(month), last_day(month)],
    ).fetchall()
    return {row[0]: Account(*row[1:]) for row in rows}


def _read_accruals(
    connection: duckdb.DuckDBPyConnection, month: str, earlier: Sequence[str]
) -> list[Accrual]:
    """Estimates of this month and earlier closed ones whose usage no invoice has charged yet."""
    months = [*earlier, month]
    rows = connection.execute(
        """
        select
            provider, coalesce(billing_account_id, '(unmapped)'), billing_month,
            estimate_usd, low_usd, high_usd, method
        from marts.fct_accruals_monthly
        where
            list_contains(?, billing_month) and estimate_usd is not null
            and scored_against is null
        order by all
        """,
        [months],
    ).fetchall()
    return [Accrual(*row) for row in rows]


def _read_tolerances(
    connection: duckdb.DuckDBPyConnection, month: Month
) -> dict[tuple[str, str, int], Decimal]:
    """What each step of an invoice may be, in its currency."""
    limits = {
        row[0]: (row[1], row[2])
        for row in connection.execute(
            "select check_name, amount_limit, share_limit from seeds.reconciliation_tolerances"
        ).fetchall()
    }
    found: dict[tuple[str, str, int], Decimal] = {}
    for invoice in month.invoices:
        for check, steps in TOLERATED_STEPS.items():
            if check in limits:
                amount, share = limits[check]
                allowed = max(amount, share * abs(invoice.total))
                found |= {(invoice.provider, invoice.invoice_id, step): allowed for step in steps}
    return found


def _closed_at(connection: duckdb.DuckDBPyConnection, month: str) -> str:
    """When the newest invoice of the month landed; the month's last day when there is none.

    Never the clock on the wall: the same inputs are the same bytes.
    """
    row = connection.execute(
        "select max(landed_at) from staging.stg_invoices__invoice_lines where billing_month = ?",
        [month],
    ).fetchone()
    if row is None or row[0] is None:
        return f"{last_day(month).isoformat()}T23:59:59Z"
    return str(row[0].strftime("%Y-%m-%dT%H:%M:%SZ"))


def _versions(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Prices, mappings and code the figures were made with."""
    seeds: dict[str, str] = {}
    for (name,) in connection.execute(
        "select table_name from information_schema.tables where table_schema = 'seeds' order by 1"
    ).fetchall():
        rows = connection.execute(f'select * from seeds."{name}" order by all').fetchall()
        seeds[name] = sha256(repr(rows).encode())
    return {"tokenhouse": __version__, "code": code_digest(), "seeds": seeds}


def _previous(closes: Path, earlier: Sequence[str]) -> dict[str, str] | None:
    if not earlier:
        return None
    manifest = read_manifest(closes / earlier[-1])
    return {"billing_month": earlier[-1], "digest": manifest["digest"]}


def _booked(invoice: Invoice) -> tuple[Any, ...]:
    """What of an invoice is booked; its status is not."""
    return (
        *(invoice.provider, invoice.billing_account_id, invoice.invoice_id, invoice.currency),
        *(str(invoice.total), str(invoice.booked_rate), invoice.functional_currency),
        *(str(invoice.issued_on), str(invoice.due_on), invoice.reference_invoice_id),
        invoice.source_hash,
    )


def _chargeback_bytes(lines: Sequence[ChargebackLine]) -> bytes:
    return csv_bytes(
        CHARGEBACK_HEADER,
        (
            (
                line.period,
                line.cost_center,
                line.project,
                line.workload,
                line.tenant,
                line.basis,
                line.allocation_key,
                line.quantity,
                line.amount_cents,
                line.currency,
                line.invoice_id,
                line.provider,
            )
            for line in lines
        ),
    )


def _row_count(name: str, content: bytes) -> int | None:
    # Fields may hold line feeds, so lines are not rows.
    if not name.endswith(".csv"):
        return None
    return len(read_rows(content))
