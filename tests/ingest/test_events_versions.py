"""Events delivered again: duplicates, versions, revocations; by file, by id, across dates."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import pytest

from ingest.compact import compact
from ingest.lake import Lake
from tests.support.events import EventLake, change, counts, event, ndjson

T1, T2, T3 = "2026-10-06T00:00:00Z", "2026-10-07T00:00:00Z", "2026-10-08T00:00:00Z"


@pytest.fixture
def lake(tmp_path: Path) -> EventLake:
    return EventLake(tmp_path)


def values(lake: EventLake, where: str = "is_current") -> list[int]:
    return [value for (value,) in lake.rows("cast(value as int)", where)]


def test_a_file_lands_once(lake: EventLake) -> None:
    file = lake.write("a.ndjson", ndjson(event("e1"), event("e2"), "broken"))
    [first] = lake.land(file)
    [again] = lake.land(file)
    assert counts(first) == (3, 2, 0, 1)
    assert (counts(again), again.already_landed) == ((3, 0, 2, 1), True)
    assert len(lake.rows(where="true")) == 2
    assert len(Lake(lake.data / "raw").landings()) == 1


def test_files_that_overlap_land_each_event_once(lake: EventLake) -> None:
    one = lake.write("a.ndjson", ndjson(event("e1"), event("e2")))
    two = lake.write("b.ndjson", ndjson(event("e2"), event("e3"), event("e3")))
    first, second = lake.land(one, two)  # one commit
    assert (counts(first), counts(second)) == ((2, 2, 0, 0), (3, 1, 2, 0))
    assert counts(lake.put("c.ndjson", event("e3"), event("e4"))) == (2, 1, 1, 0)
    assert [row for (row,) in lake.rows("event_id", "true")] == ["e1", "e2", "e3", "e4"]


def test_other_content_is_a_newer_version_and_the_older_is_kept(lake: EventLake) -> None:
    lake.put("a.ndjson", event(value=1), event("e2", value=9))
    corrected = lake.put("b.ndjson", event(value=2))
    assert (corrected.rows_landed, corrected.rows_superseding) == (1, 1)
    assert values(lake) == [2, 9]
    assert values(lake, "not is_current") == [1]


def test_a_version_may_move_to_any_other_date(lake: EventLake) -> None:
    lake.put("a.ndjson", event(), event("other"))
    moved = lake.put("b.ndjson", event(occurred_at="2026-02-01T00:00:00Z"))
    assert moved.touched_dates == {"2026-10-05", "2026-02-01"}
    assert lake.rows("event_id, event_date") == [
        ("e1", dt.date(2026, 2, 1)),
        ("other", dt.date(2026, 10, 5)),
    ]
    assert len(lake.rows(where="true")) == 3


@pytest.mark.parametrize("order", list(itertools.permutations([(1, T1), (2, T2), (1, T3)])))
@pytest.mark.parametrize("is_one_file", [True, False])
def test_the_latest_observation_counts_in_whatever_order_it_lands(
    lake: EventLake, order: tuple[tuple[int, str], ...], is_one_file: bool
) -> None:
    rows = [event(value=value, observed_at=at) for value, at in order]
    if is_one_file:
        lake.put("a.ndjson", *rows)
    else:
        for number, row in enumerate(rows):
            lake.put(f"{number}.ndjson", row)
    # what looked like no news when it landed is news once another version lies between
    was_no_news = not is_one_file and order[2] == (2, T2)
    assert values(lake) == [2 if was_no_news and order[0] == (1, T1) else 1]
    assert lake.put("again.ndjson", *rows).rows_landed == was_no_news
    assert values(lake) == [1]


def test_saying_the_same_again_later_is_no_news(lake: EventLake) -> None:
    lake.put("a.ndjson", event(observed_at=T1))
    assert counts(lake.put("b.ndjson", event(observed_at=T2), event())) == (2, 0, 2, 0)


def test_without_observation_the_later_arrival_counts(lake: EventLake) -> None:
    lake.put("a.ndjson", event(value=1), event(value=2))
    assert values(lake) == [2]
    lake.put("b.ndjson", event(value=3))
    assert values(lake) == [3]
    # what was superseded does not come back with an old file
    assert counts(lake.put("c.ndjson", event(value=1))) == (1, 0, 1, 0)
    assert values(lake) == [3]
    # nor beside versions that say when they were observed
    lake.put(
        "e2.ndjson", event("e2", value=1, observed_at=T1), event("e2", value=2, observed_at=T2)
    )
    assert counts(lake.put("e2c.ndjson", event("e2", value=1))) == (1, 0, 1, 0)
    # and one that says when it was observed, in the past, arrived later all the same
    lake.put("d.ndjson", event(value=4, observed_at=T1))
    assert values(lake) == [4, 2]


def test_an_event_is_revoked_and_restored(lake: EventLake) -> None:
    lake.put("a.ndjson", event(observed_at=T1))
    lake.put("b.ndjson", event(observed_at=T2, is_revoked=True))
    assert lake.rows("is_revoked") == [(True,)]
    lake.put("c.ndjson", event(observed_at=T3, is_revoked=False))
    assert lake.rows("is_revoked") == [(False,)]


def test_a_revocation_may_be_no_more_than_an_id(lake: EventLake) -> None:
    lake.put("a.ndjson", event(value=5), event("e2"), {"event_id": "e2", "revoked": True})
    result = lake.put(
        "b.ndjson", {"id": "e1", "is_revoked": "true"}, {"id": "unheard", "isRevoked": 1}
    )
    assert counts(result) == (2, 1, 0, 1)
    said = "event_id, event_name, task_id, cast(value as int), is_revoked, cast(event_date as text)"
    assert lake.rows(said) == [
        ("e1", "task_succeeded", "t1", 5, True, "2026-10-05"),
        ("e2", "task_succeeded", "t1", None, True, "2026-10-05"),
    ]
    assert lake.refused() == [(2, "missing_field", "event_name", None)]


def test_an_event_may_revoke_or_supersede_another(lake: EventLake) -> None:
    lake.put(
        "a.ndjson",
        event("e1"),
        {"event_id": "r1", "revokesEventId": "e1", "time": T1},
        event("e2", supersedes_event_id="e0"),
    )
    assert lake.rows("event_id, event_name, revokes_event_id, supersedes_event_id") == [
        ("e1", "task_succeeded", None, None),
        ("e2", "task_succeeded", None, "e0"),
        ("r1", "revocation", "e1", None),
    ]


def test_an_event_without_id_is_known_by_what_it_speaks_of(lake: EventLake) -> None:
    zoned = event(None, occurred_at="2026-10-05T12:00:00+02:00")
    assert counts(lake.put("a.ndjson", event(None), zoned)) == (2, 1, 1, 0)
    # its value is what it says, another task is another event
    corrected = lake.put("b.ndjson", event(None, value=3), event(None, task_id="t2"))
    assert (corrected.rows_landed, corrected.rows_superseding) == (2, 1)
    # where nothing is named, the value tells two events apart
    loose = [event(None, task_id=None, value=value) for value in (1, 2, 2)]
    told_apart = lake.put("c.ndjson", *loose)
    assert (counts(told_apart), told_apart.rows_superseding) == ((3, 2, 1, 0), 0)


def test_a_dry_run_says_the_same_and_writes_nothing(lake: EventLake) -> None:
    lake.put("a.ndjson", event(value=1))
    rows = [event(value=2), event("e2"), event(value=1), "broken"]
    planned = lake.put("b.ndjson", *rows, dry_run=True)
    assert (counts(planned), values(lake, "true")) == ((4, 2, 1, 1), [1])
    assert lake.refused() == []
    assert counts(lake.put("b.ndjson", *rows)) == counts(planned)


def test_batches_and_files_keep_their_lines(lake: EventLake) -> None:
    rows = [event(f"e{n:03}") if n % 10 else "broken" for n in range(300)]
    result = lake.put("a.ndjson", *rows, batch_bytes=2_000)
    assert counts(result) == (300, 270, 0, 30)
    assert [line for line, *_ in lake.refused()] == list(range(1, 301, 10))
    assert all(line == int(name[1:]) + 1 for name, line in lake.rows("event_id, source_line"))


def test_compaction_keeps_versions_and_is_counted_by_status(lake: EventLake) -> None:
    for value in (1, 2, 3):
        lake.put(f"{value}.ndjson", event(value=value))
        lake.put(f"{value}c.ndjson", change(version=value), source="changes")
    before = lake.rows(where="true"), lake.rows(where="true", source="changes")
    merged = compact(Lake(lake.data / "raw"))
    assert (merged.files_before, merged.files_after) == (6, 2)
    assert (lake.rows(where="true"), lake.rows(where="true", source="changes")) == before
    assert counts(lake.put("again.ndjson", event(value=2))) == (1, 0, 1, 0)
    assert values(lake) == [3]
