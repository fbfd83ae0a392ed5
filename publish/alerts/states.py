"""What people say about incidents: data/alerts/states.csv, dated, in addition to the seed.

    incident_id,state,from_at,reason,by

The next build reads it (`lake.incident_states`); until then delivery itself stops reminding and
escalating. Rows are added, never changed: the latest of an incident holds.
"""

from __future__ import annotations

import csv
import datetime as dt
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from publish.alerts.errors import AlertsError
from publish.alerts.records import instant
from publish.csv_files import csv_bytes, read_rows

COLUMNS = ("incident_id", "state", "from_at", "reason", "by")
STATES = ("acknowledged", "expected", "resolved")


@dataclass(frozen=True)
class State:
    """What somebody said of an incident, and from when it holds."""

    incident_id: str
    state: str
    from_at: dt.datetime
    reason: str
    by: str


def read_states(file: Path) -> list[State]:
    """The rows of the file, in order; none when it is not there.

    Raises:
        AlertsError: a row that is not one of ours.
    """
    if not file.exists():
        return []
    try:
        rows = read_rows(file.read_bytes())
        return [
            State(
                row["incident_id"], row["state"], instant(row["from_at"]), row["reason"], row["by"]
            )
            for row in rows
        ]
    except (KeyError, ValueError, TypeError, AttributeError, csv.Error) as error:
        raise AlertsError(
            f"{file}: {error}. Its columns are {','.join(COLUMNS)}; from_at is ISO 8601"
        ) from error


def latest_states(states: Sequence[State], now: dt.datetime) -> dict[str, State]:
    """The state that holds of each incident."""
    holding: dict[str, State] = {}
    for state in sorted(states, key=lambda each: each.from_at):
        if state.from_at <= now:
            holding[state.incident_id] = state
    return holding


def add_state(file: Path, state: State) -> bool:
    """Adds a row; returns False when the same already holds.

    The file is written beside its place and renamed: a build sees the old or the new one.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with _alone(file.with_suffix(".lock")):
        states = read_states(file)
        holding = latest_states(states, state.from_at).get(state.incident_id)
        if holding is not None and holding.state == state.state:
            return False
        rows = [
            (each.incident_id, each.state, _text(each.from_at), each.reason, each.by)
            for each in [*states, state]
        ]
        draft = file.with_suffix(".csv.tmp")
        with draft.open("wb") as stream:
            stream.write(csv_bytes(COLUMNS, rows))
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
    return True


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
