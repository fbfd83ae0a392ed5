"""What customers pay and what may be spent: rows for the seeds, scaled to what the company costs.

Planted: a customer on a flat fee below what it costs, one whose contract nobody entered, one
budget that runs out before its month is over. All others pay well above cost.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

import polars as pl

from pipeline.simulate.company import Tenant
from pipeline.simulate.incidents import DAY, Window
from pipeline.simulate.outcomes.costs import usd

LOSING, UNKNOWN, UPGRADED = 3, 10, 12  # ranks of tenants
LOSING_FEE = Decimal("0.5")  # of what 30 average days of it cost
USUAL_FEE = Decimal("2.5")
EXHAUSTED_BUDGET = "agents-monthly"
Row = dict[str, str]


def plan_of(rank: int) -> str:
    """The price plan of a tenant by its size."""
    return "enterprise" if rank < 8 else "pro" if rank < 25 else "starter"


@dataclass(frozen=True)
class Spend:
    """What was spent where, exactly.

    Attributes:
        calls: every call with ``cost``, ``named_tenant``, ``named_feature`` and ``team``.
    """

    calls: pl.DataFrame
    window: Window

    def total(self, *where: pl.Expr) -> Decimal:
        """The known cost of the calls that meet all conditions."""
        met = pl.all_horizontal(pl.lit(True), *where)
        return usd(int(self.calls.select(pl.col("cost").filter(met).sum()).item()))

    @property
    def month_ms(self) -> int:
        """Begin of the last month, or of the period if that is later."""
        first = self.day(self.window.end_ms - 1).replace(day=1)
        start = dt.datetime(first.year, first.month, 1, tzinfo=dt.UTC)
        return max(self.window.start_ms, int(start.timestamp() * 1000))

    def last_month(self, *where: pl.Expr) -> Decimal:
        """Known cost since the last month began."""
        return self.total(pl.col("started_ms") >= self.month_ms, *where)

    def monthly(self, *where: pl.Expr, since_ms: int | None = None) -> Decimal:
        """What 30 average days cost."""
        since = self.window.start_ms if since_ms is None else since_ms
        days = max(1, (self.window.end_ms - since) // DAY)
        return self.total(*where) * 30 / days

    @staticmethod
    def day(epoch_ms: int) -> dt.date:
        """A moment's UTC day."""
        return dt.datetime.fromtimestamp(epoch_ms / 1000, dt.UTC).date()


def plans() -> list[Row]:
    """Limits of the plans; the starter's was raised when the public price list changed."""
    names = ("plan", "daily_limit_usd", "hourly_limit_usd", "monthly_limit_usd",
             "valid_from", "valid_to")  # fmt: skip
    return [
        dict(zip(names, values, strict=True))
        for values in (
            ("starter", "3", "", "", "", "2026-10-01"),
            ("starter", "5", "", "", "2026-10-01", ""),
            ("pro", "50", "", "", "", ""),
            ("enterprise", "", "", "", "", ""),
        )
    ]


def contracts(spend: Spend, customers: tuple[Tenant, ...]) -> list[Row]:
    """A contract per tenant from its first day; none where its revenue is unknown."""
    window = spend.window
    rows: list[Row] = []
    for rank, customer in enumerate(customers):
        if rank == UNKNOWN:
            continue
        since = window.day_at(customer.starts_at_share)
        own = pl.col("named_tenant") == customer.tenant_id
        month = spend.monthly(own, since_ms=since)
        began = spend.day(since).isoformat()
        row = _contract(customer.tenant_id, plan_of(rank), _rounded(USUAL_FEE * month), began)
        if rank == LOSING:
            # it loses in the months before its scripted weekend too
            calm = spend.monthly(own, pl.col("origin") != "weekend_burn")
            hourly = _rounded(month / 720 * 8)
            flat = (calm * LOSING_FEE).quantize(Decimal("0.01"))
            row |= {"monthly_fee_usd": format(flat, "f"), "hourly_limit_usd": hourly}
        elif rank < LOSING:  # the largest pay a base and what they use beyond it
            row |= {
                "monthly_fee_usd": _rounded(Decimal("1.5") * month),
                "included_usage_usd": _rounded(Decimal("0.5") * month),
                "overage_rate": "1.25",
                "revenue_source": "contract",
            }
        rows.append(row)
        if rank == UPGRADED:
            middle = spend.day(window.day_at(0.5)).isoformat()
            rows[-1] = row | {"plan": "starter", "valid_to": middle}
            rows.append(row | {"valid_from": middle})
    return rows


def _contract(tenant_id: str, plan: str, fee: str, valid_from: str) -> Row:
    return {
        "tenant_id": tenant_id,
        "plan": plan,
        "monthly_fee_usd": fee,
        "included_usage_usd": "",
        "overage_rate": "",
        "hourly_limit_usd": "",
        "revenue_source": "billing",
        "valid_from": valid_from,
        "valid_to": "",
    }


def _rounded(amount: Decimal) -> str:
    """Up to whole dollars, five at least: what a price list says."""
    return format(max(Decimal(5), amount.to_integral_value(ROUND_CEILING)), "f")


def budgets(spend: Spend, customers: tuple[Tenant, ...]) -> list[Row]:
    """Budgets of several scopes and periods; one runs out before the month is over."""
    feature, largest = pl.col("named_feature"), customers[0].tenant_id
    ample = Decimal("1.8")
    org = ample * spend.monthly(pl.lit(True))
    copilot = ample * spend.monthly(feature == "copilot")
    replies = spend.monthly(feature == "smart_reply") / 10
    tenant = ample * spend.monthly(pl.col("named_tenant") == largest)
    research = spend.monthly(feature == "agent_research") / 60
    since = spend.day(spend.month_ms).replace(day=1).isoformat()
    return [
        _budget("org-monthly", "org *", "month", org),
        _budget(EXHAUSTED_BUDGET, "team agents", "month", exhausted_budget(spend))
        | {"valid_from": since},
        _budget("copilot-monthly", "feature copilot", "month", copilot),
        _budget("smart-reply-daily", "feature smart_reply", "day", replies),
        _budget("largest-tenant-monthly", f"tenant {largest}", "month", tenant),
        _budget("research-hourly", "workflow wf_agent_research", "hour", research),
    ]


def exhausted_budget(spend: Spend) -> Decimal:
    """A budget that half of the days left use up, at the pace of the month so far."""
    spent = spend.last_month(pl.col("team") == "agents")
    last = spend.day(spend.window.end_ms - 1)
    following = (last.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    left = (following - last).days - 1
    gone = (spend.window.end_ms - spend.month_ms) // DAY
    share = Decimal(left) / (2 * gone) if left else Decimal("-0.05")
    return (spent * (1 + share)).quantize(Decimal("0.01"))


def _budget(budget_id: str, scope: str, period: str, amount: Decimal) -> Row:
    scope_type, scope_id = scope.split(" ")
    return {
        "budget_id": budget_id,
        "scope_type": scope_type,
        "scope_id": scope_id,
        "period": period,
        "budget_usd": format(amount.quantize(Decimal("0.01")), "f"),
        "owner": "platform" if scope_type == "org" else "product",
        "valid_from": "",
        "valid_to": "",
    }


def whole_months(window: Window) -> list[str]:
    """Months all of whose days lie in the period."""
    days = [Spend.day(at) for at in range(window.start_ms, window.end_ms, DAY)]
    found = []
    for first in (day for day in days if day.day == 1):
        last = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
        if last <= days[-1]:
            found.append(first.strftime("%Y-%m"))
    return found
