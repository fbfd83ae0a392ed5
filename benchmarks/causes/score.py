"""Strict scores: the first cause, place and change an incident names, against what was planted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class KindScore:
    """Planted causes of one kind.

    Attributes:
        found: an alert opened inside it.
        right: of those found, the right driver first.
        alone: of those found, without it nothing would have opened in its hours: one cause.
        right_alone: of those, the right driver first.
        places: of those found, how many had a dimension value of their own; right_places: named
            first.
    """

    kind: str
    injected: int
    found: int
    right: int
    alone: int
    right_alone: int
    places: int
    right_places: int


@dataclass(frozen=True)
class Score:
    """What the explanations of found incidents are worth.

    Attributes:
        merged: of those found, in an incident that had opened before.
        changes: of those found, begun by a planted change; right, wrong and no change linked.
        changeless: of those found, begun by none; wrong_links: linked to one all the same.
        strangers: linked to a change of another feature.
        mistakes: incidents with one cause by kind and what it was called instead.
    """

    kinds: tuple[KindScore, ...]
    merged: int
    changes: int
    right_links: int
    wrong_links_of_changes: int
    changeless: int
    wrong_links: int
    strangers: int
    mistakes: tuple[tuple[str, str, int], ...]

    @property
    def found(self) -> int:
        """Incidents found."""
        return sum(kind.found for kind in self.kinds)

    @property
    def right_share(self) -> float:
        """Share of the incidents found that name the right cause first."""
        return sum(kind.right for kind in self.kinds) / max(self.found, 1)

    @property
    def alone(self) -> int:
        """Incidents found that have the planted cause alone."""
        return sum(kind.alone for kind in self.kinds)

    @property
    def right_alone_share(self) -> float:
        """Share of the incidents with one cause that name it first."""
        return sum(kind.right_alone for kind in self.kinds) / max(self.alone, 1)

    @property
    def right_place_share(self) -> float:
        """Share of those with a place of their own that name it first."""
        places = sum(kind.places for kind in self.kinds)
        return sum(kind.right_places for kind in self.kinds) / max(places, 1)


def score(connection: duckdb.DuckDBPyConnection) -> Score:
    """Scores the tables sql/score.sql reads."""
    connection.execute((SQL / "score.sql").read_text())
    kinds = connection.execute(
        """
        select
            kind,
            count(*),
            count(*) filter (where is_found),
            count(*) filter (where is_found and is_right),
            count(*) filter (where is_found and is_alone),
            count(*) filter (where is_found and is_alone and is_right),
            count(*) filter (where is_found and has_place),
            count(*) filter (where is_found and has_place and is_right_place)
        from judged
        group by kind order by kind
        """
    ).fetchall()
    [(merged, changes, right_links, wrong_links_of_changes, changeless, wrong_links, strangers)] = (
        connection.execute(
            """
        select
            count(*) filter (where is_merged),
            count(planted_change_id),
            count(*) filter (where linked_change_id = planted_change_id),
            count(*) filter (where linked_change_id != planted_change_id),
            count(*) filter (where planted_change_id is null),
            count(*) filter (where planted_change_id is null and linked_change_id is not null),
            count(*) filter (where changes.feature != judged.feature)
        from judged
        left join changes
            on
                judged.organisation = changes.organisation
                and judged.linked_change_id = changes.change_id
        where is_found
        """
        ).fetchall()
    )
    mistakes = connection.execute(
        """
        select kind, coalesce(likely_cause, '(none)'), count(*)
        from judged
        where is_found and is_alone and not is_right
        group by all order by count(*) desc, kind, 2
        """
    ).fetchall()
    return Score(
        tuple(KindScore(*row) for row in kinds),
        merged,
        changes,
        right_links,
        wrong_links_of_changes,
        changeless,
        wrong_links,
        strangers,
        tuple(mistakes),
    )
