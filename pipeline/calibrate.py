"""Replays history and proposes how wide the page rules' limits should be, by noise class.

Every scored hour says up to which margin it would still fire; an hour fires at a margin below
that. So one pass over the stored scores replays all margins. Alerts at most twelve hours apart
are one; hours of incidents that somebody confirmed are left out, because they are no false alerts.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

MARGINS = tuple(round(0.6 + 0.1 * step, 1) for step in range(25))
WIDEST = MARGINS[-1]
SMALLEST_CHANGES = (
    ("unit cost in 3 h", "unit_cost_3h"),
    ("unit cost in 24 h", "unit_cost_24h"),
    ("cost in 3 h", "cost_record_3h"),
    ("cost in 24 h", "cost_record_24h"),
)

_REPLAY = """
create or replace temp table replayed as
select
    scores.workload,
    scores.hour_number,
    max(scores.noise_class) as noise_class,
    max(
        case
            when scores.call_count < rules.min_call_count then 0
            when scores.excess_usd < scores.floor_value and scores.floor_value > 0 then 0
            when scores.excess_usd is null and scores.floor_value > 0 then 0
            when scores.observed <= rules.absolute_limit then 0
            when cast(scores.observed as double)
                <= cast(rules.record_limit as double) * cast(scores.max_observed as double) then 0
            else least(
                coalesce(scores.z_score / cast(rules.deviation_limit as double), 99),
                coalesce(
                    (cast(scores.observed as double) / nullif(scores.usual, 0) - 1)
                    / nullif(cast(rules.relative_limit as double), 0),
                    99
                )
            )
        end
    ) as widest_margin
from intermediate.int_metric_scores_hourly as scores
inner join seeds.alert_rules as rules using (rule_id)
left join seeds.incident_states as states
    on
        scores.workload = states.workload
        and states.state in ('resolved', 'expected')
        and make_timestamptz(scores.hour_number * 3600000000) >= states.excluded_from
        and make_timestamptz(scores.hour_number * 3600000000) < states.excluded_to
where
    scores.tier = 'page'
    and scores.history_state = 'full'
    and scores.workload is not null
    and states.workload is null
group by scores.workload, scores.hour_number
"""

_ALERTS = """
with fired as (
    select
        margins.margin,
        replayed.noise_class,
        replayed.hour_number - lag(replayed.hour_number) over (
            partition by margins.margin, replayed.workload order by replayed.hour_number
        ) as hours_since
    from replayed
    inner join (select unnest(?::double[]) as margin) as margins
        on replayed.widest_margin > margins.margin
)

select noise_class, margin, count(*)
from fired
where coalesce(hours_since, 999) > 13
group by noise_class, margin
"""

_HISTORY = """
select
    noise_class,
    count(distinct workload),
    count(distinct (workload, hour_number)) / 168.0
from replayed
group by noise_class
order by noise_class
"""

_SMALLEST = """
select
    workload,
    any_value(noise_class order by hour_number desc),
    rule_id,
    median(limit_value / case
        when metric like 'unit_cost_index%' then 1 else nullif(cast(observed as double), 0)
    end) - 1
from intermediate.int_metric_scores_hourly
where
    history_state = 'full'
    and entity_type = 'workload'
    and hour_number > (select max(hour_number) from intermediate.int_metrics_hourly) - 168
    and rule_id in (select unnest(?::varchar[]))
group by workload, rule_id
order by workload, rule_id
"""


@dataclass(frozen=True)
class Proposal:
    """What replay says about the workloads of one noise class.

    Attributes:
        weeks: workload-weeks with a full history.
        alerts: alerts a workload-week at the rules' own limits (margin 1).
        margin: the smallest that keeps the budget; None when even the widest does not.
        expected: alerts a workload-week at it.
    """

    noise_class: str
    workloads: int
    weeks: float
    alerts: float
    margin: float | None
    expected: float


def propose(connection: duckdb.DuckDBPyConnection, budget: float) -> list[Proposal]:
    """Replays every margin over the whole history of the warehouse."""
    connection.execute(_REPLAY)
    counts = {
        (noise_class, margin): count
        for noise_class, margin, count in connection.execute(_ALERTS, [list(MARGINS)]).fetchall()
    }
    proposals = []
    for noise_class, workloads, weeks in connection.execute(_HISTORY).fetchall():
        rates = {margin: counts.get((noise_class, margin), 0) / float(weeks) for margin in MARGINS}
        kept = [margin for margin in MARGINS if rates[margin] <= budget]
        margin = kept[0] if kept else None
        proposals.append(
            Proposal(
                noise_class, workloads, float(weeks), rates[1.0], margin, rates[margin or WIDEST]
            )
        )
    return proposals


def smallest_changes(
    connection: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, str], dict[str, float]]:
    """By workload and noise class: how much a rule needs, as a share, at the limits of last week.

    A change smaller than this is not seen, whatever it costs; so say it before somebody relies
    on an alert that cannot come.
    """
    found: dict[tuple[str, str], dict[str, float]] = {}
    rules = [rule for _, rule in SMALLEST_CHANGES]
    for workload, noise_class, rule, share in connection.execute(_SMALLEST, [rules]).fetchall():
        if share is not None:
            found.setdefault((workload, noise_class or "unknown"), {})[rule] = share
    return found


def write_margins(file: Path, proposals: list[Proposal], rules: list[str], note: str) -> None:
    """Writes alert_margins.csv: a row per page rule and noise class that has a proposal."""
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(["rule_id", "noise_class", "margin", "note"])
        for proposal in proposals:
            if proposal.margin is not None and proposal.margin != 1:
                writer.writerows(
                    [rule, proposal.noise_class, proposal.margin, note] for rule in rules
                )


def show(
    console: Console,
    proposals: list[Proposal],
    changes: dict[tuple[str, str], dict[str, float]],
    budget: float,
) -> None:
    """Prints what was proposed and what each workload can see."""
    table = Table(title=f"page alerts a workload-week; budget {budget:g}")
    for column in ("noise", "workloads", "weeks", "now", "margin", "expected then"):
        table.add_column(column, justify="left" if column == "noise" else "right")
    for row in proposals:
        table.add_row(
            row.noise_class,
            str(row.workloads),
            f"{row.weeks:.1f}",
            f"{row.alerts:.2f}",
            "none keeps it" if row.margin is None else f"{row.margin:g}",
            f"{row.expected:.2f}",
        )
    console.print(table)
    seen = Table(title="smallest change that is seen, at the limits of the last week")
    for column in ("workload", "noise", *(name for name, _ in SMALLEST_CHANGES)):
        seen.add_column(column, justify="left" if column in ("workload", "noise") else "right")
    for (workload, noise_class), shares in changes.items():
        cells = [f"+{shares[rule]:.0%}" if rule in shares else "-" for _, rule in SMALLEST_CHANGES]
        seen.add_row(workload, noise_class, *cells)
    console.print(seen)
