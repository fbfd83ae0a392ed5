"""Which routes a state change concerns."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from publish.alerts.inputs import FALLBACK
from publish.alerts.records import Change, Route, severity_rank


def routes_of(change: Change, routes: Sequence[Route]) -> list[Route]:
    """The routes of the lowest priority that take the change; all of them, if several share it.

    A change that none takes is printed.
    """
    taking = [route for route in routes if takes(route, change)]
    first = min((route.priority for route in taking), default=None)
    return [route for route in taking if route.priority == first] or [FALLBACK]


def takes(route: Route, change: Change) -> bool:
    """Whether a route is for this change; patterns as of file names, `*` for any."""
    return (
        (change.tier in route.tiers or (change.tier == "" and bool(route.tiers)))
        and severity_rank(change.severity) >= severity_rank(route.min_severity)
        and fnmatchcase(change.owner, route.owner)
        and fnmatchcase(change.workload, route.workload)
    )
