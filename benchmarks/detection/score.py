"""Strict scores: what opened inside an incident, against what opens in clean weeks anyway."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class KindScore:
    """Incidents of one kind: injected, found, and the median hours until the alert."""

    kind: str
    injected: int
    found: int
    placebo: float
    hours: float | None


@dataclass(frozen=True)
class Score:
    """What a tier of rules is worth.

    Attributes:
        recall: share of incidents inside which an alert opened.
        placebo: share of clean weeks in which one opened in the same hours.
        precision: share of opened alerts that lie in an incident.
        false_alerts: opened in a clean workload-week.
        hours: median hours from an incident's start to the end of the hour that fired.
        averted: share of the incidents' dollars that were still ahead when the alert opened.
    """

    incidents: int
    clean_weeks: int
    recall: float
    placebo: float
    precision: float
    false_alerts: float
    hours: float | None
    averted: float
    kinds: tuple[KindScore, ...]

    @property
    def lift(self) -> float:
        """Recall that chance does not explain."""
        return self.recall - self.placebo


def score(connection: duckdb.DuckDBPyConnection) -> Score:
    """Scores the tables `fired`, `incidents`, `excess` and `workload_weeks`."""
    connection.execute((SQL / "score.sql").read_text())
    [(incidents, recall, placebo, hours)] = connection.execute(
        """
        select
            count(*),
            coalesce(avg(cast(opened_hour is not null as integer)), 0),
            coalesce(avg(placebo_share), 0),
            median(hours_to_detect)
        from found
        left join placebos using (organisation, workload, week_number)
        """
    ).fetchall()
    [(clean_weeks, false_alerts)] = connection.execute(
        """
        select count(distinct (organisation, workload, week_number)), count(hour_number)
        from (
            select clean_weeks.*, opened.hour_number
            from clean_weeks
            left join opened
                on clean_weeks.organisation = opened.organisation
                and clean_weeks.workload = opened.workload
                and opened.hour_number // 168 = clean_weeks.week_number
        )
        """
    ).fetchall()
    [(precision,)] = connection.execute(
        """
        select coalesce(avg(cast(exists(
            select 1 from found
            where found.organisation = opened.organisation and found.workload = opened.workload
                and opened.hour_number >= start_hour and opened.hour_number < end_hour
        ) as integer)), 0)
        from opened
        where hour_number >= (select min(week_number) * 168 from workload_weeks)
        """
    ).fetchall()
    [(averted,)] = connection.execute(
        "select coalesce(sum(averted_usd) / nullif(sum(excess_usd), 0), 0) from dollars"
    ).fetchall()
    kinds = connection.execute(
        """
        select kind, count(*), count(opened_hour), avg(placebo_share), median(hours_to_detect)
        from found
        left join placebos using (organisation, workload, week_number)
        group by kind order by kind
        """
    ).fetchall()
    return Score(
        incidents,
        clean_weeks,
        recall,
        placebo,
        precision,
        false_alerts / max(clean_weeks, 1),
        hours,
        float(averted),
        tuple(KindScore(*row) for row in kinds),
    )
