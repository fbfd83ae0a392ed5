"""The rows of ``rpt_weekly_review``, put back together by subject."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One figure with what it is compared with."""

    money: Decimal | None
    money_before: Decimal | None
    low: Decimal | None
    high: Decimal | None
    number: float | None
    number_before: float | None
    change: float | None


NO_FIGURE = Figure(None, None, None, None, None, None, None)


@dataclass
class Subject:
    """What a section says of one tenant, workflow, feature, model or budget."""

    rank: int
    kind: str
    name: str
    period_start: dt.date | None
    status: str | None
    note: str | None = None
    figures: dict[str, Figure] = field(default_factory=dict)

    def __getitem__(self, metric: str) -> Figure:
        """A figure; one that is not known where the review has none."""
        return self.figures.get(metric, NO_FIGURE)


@dataclass(frozen=True)
class Review:
    """A whole review; ``week_start`` is None while no week is complete."""

    week_start: dt.date | None
    sections: Mapping[str, Sequence[Subject]]

    def section(self, name: str) -> Sequence[Subject]:
        """The subjects of a section in their order, none where it is empty."""
        return self.sections.get(name, ())

    def features(self, name: str) -> Iterator[Subject]:
        """The subjects of a section that are features."""
        return (subject for subject in self.section(name) if subject.kind == "feature")


def read_review(rows: Sequence[Mapping[str, Any]]) -> Review:
    """Makes a review of the report's rows."""
    sections: dict[str, dict[int, Subject]] = {}
    for row in sorted(rows, key=lambda row: (row["section"], row["section_rank"])):
        subjects = sections.setdefault(row["section"], {})
        subject = subjects.setdefault(
            row["section_rank"],
            Subject(
                row["section_rank"],
                row["subject_type"],
                row["subject"],
                row["period_start_date"],
                row["status"],
            ),
        )
        subject.note = subject.note or row["note"]
        subject.figures[row["metric"]] = Figure(
            row["value_usd"],
            row["previous_value_usd"],
            row["low_usd"],
            row["high_usd"],
            row["value_number"],
            row["previous_value_number"],
            row["change_share"],
        )
    return Review(
        max((row["week_start_date"] for row in rows if row["week_start_date"]), default=None),
        {name: list(subjects.values()) for name, subjects in sections.items()},
    )
