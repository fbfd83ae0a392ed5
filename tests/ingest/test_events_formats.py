"""Product events in every shape they come in: lines, documents, tables, Langfuse, OTel."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from ingest.errors import InputError
from ingest.sources.langfuse import to_call_logs
from tests.support.events import AT, EventLake, attributes, counts, event, ndjson

SHARED = Path(__file__).parents[2] / ".." / "shared" / "fixtures"
SAID = "event_id, event_name, task_id, cast(value as varchar)"
ONE = [("e1", "task_succeeded", "t1", "0.500000000000")]


@pytest.fixture
def lake(tmp_path: Path) -> EventLake:
    return EventLake(tmp_path)


def put(lake: EventLake, name: str, content: bytes | str, **options: Any) -> tuple[int, ...]:
    [result] = lake.land(lake.write(name, content), **options)
    return counts(result)


ROW = event(value=0.5)
CSV = f"Event ID,event name,Occurred At,taskId,value\ne1,task_succeeded,{AT},t1,0.5\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.ndjson", ndjson(ROW)),
        ("a.ndjson", b"\xef\xbb\xbf" + ndjson(ROW).replace(b"\n", b"\r\n")),
        ("a.jsonl.gz", gzip.compress(ndjson(ROW), mtime=0)),
        ("a.ndjson.zst", zstandard.compress(ndjson(ROW))),
        ("a.json", json.dumps([ROW])),
        ("a.json", json.dumps([ROW], indent=2)),
        ("a.json", json.dumps(ROW, indent=2)),
        ("a.json", json.dumps({"data": [ROW], "meta": {"page": 1}})),
        ("a.json", json.dumps({"events": [ROW]}, indent=2)),
        ("a.ndjson", json.dumps([ROW]) + "\n" + json.dumps({"data": []}) + "\n"),
        ("a.csv", CSV),
        ("a.csv", "\ufeff" + CSV.replace("\n", "\r\n")),
        ("a.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
    ],
)
def test_an_event_reads_the_same_in_every_shape(
    lake: EventLake, name: str, content: bytes | str
) -> None:
    assert put(lake, name, content) == (1, 1, 0, 0)
    assert lake.rows(SAID) == ONE
    # and is the same event to one that came as a plain line
    assert lake.put("same.ndjson", ROW).rows_duplicate == 1


def test_parquet_keeps_its_types_exact(lake: EventLake) -> None:
    import datetime as dt
    from decimal import Decimal

    path = lake.write("a.parquet", b"")
    at, exact = dt.datetime(2026, 10, 5, 10, 0), Decimal("0.000000789012")
    rows = [
        {"id": "e1", "event": "x", "time": at, "value": exact, "tags": {"a": 1}},
        {"id": "e2", "event": "x", "time": at, "value": None, "tags": None},
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), path)
    [result] = lake.land(path)
    assert counts(result) == (2, 2, 0, 0)
    assert lake.rows("event_id, cast(occurred_at as text), cast(value as text), tags") == [
        ("e1", "2026-10-05 10:00:00+00", "0.000000789012", '{"a":"1"}'),
        ("e2", "2026-10-05 10:00:00+00", None, None),
    ]
    doubles = lake.write("b.parquet", b"")
    nan = [
        {"id": f"d{n}", "event": "x", "time": at, "value": v}
        for n, v in enumerate([0.1, float("nan")])
    ]
    pq.write_table(pa.Table.from_pylist(nan), doubles)
    lake.land(doubles)
    assert lake.rows("cast(value as text)", "event_id = 'd0'") == [("0.100000000000",)]
    assert lake.refused() == [(2, "wrong_type", "value", "nan")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.ndjson", ""),
        ("a.ndjson", "\n \n\n"),
        ("a.csv", ""),
        ("a.csv", "event_id,event_name,occurred_at\n"),
        ("a.json", "[]"),
    ],
)
def test_a_file_without_events_lands_as_such(lake: EventLake, name: str, content: str) -> None:
    assert put(lake, name, content) == (0, 0, 0, 0)
    [again] = lake.land(lake.files / name)
    assert again.already_landed
    assert lake.rows(where="true") == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.parquet", b"no parquet"),
        ("a.parquet", b""),
        ("a.ndjson.gz", gzip.compress(ndjson(ROW), mtime=0)[:-9]),
        ("a.json", b'[{"event_id": "e1",\n'),
        ("a.csv", b'event_id,event_name\n"e1,x\n'),
        ("a.csv", b"event_id,event_name,event_id\n"),
        ("a.csv", b"event_id\n\xff\n"),
    ],
)
def test_an_unreadable_file_lands_nothing(lake: EventLake, name: str, content: bytes) -> None:
    good = lake.write("0.ndjson", ndjson(ROW))
    with pytest.raises(InputError, match="a\\."):
        lake.land(good, lake.write(name, content))
    assert lake.rows(where="true") == []
    assert lake.refused() == []


def test_a_row_of_another_width_is_refused_with_its_line(lake: EventLake) -> None:
    assert put(lake, "a.csv", f"id,event,time\ne1,x,{AT}\n\ne2,x\n,,\ne3,x,never\n") == (3, 1, 0, 2)
    assert lake.quarantine("source_line, reason, field, value, raw_text") == [
        (4, "malformed_row", None, "e2,x", "e2,x"),
        (6, "bad_timestamp", "occurred_at", "never", '{"id": "e3", "event": "x", "time": "never"}'),
    ]


SCORE = {
    "id": "s1",
    "traceId": "tr1",
    "observationId": "ob1",
    "sessionId": "se1",
    "name": "quality",
    "value": 0.5,
    "dataType": "NUMERIC",
    "source": "EVAL",
    "comment": "Ann said it was great",
    "authorUserId": "ann",
    "timestamp": "2026-10-05T10:00:00.000Z",
    "createdAt": "2026-10-05T10:00:09.000Z",
    "updatedAt": "2026-10-05T11:00:00.000Z",
    "configId": None,
    "metadata": {},
}
SCORED = "event_id, dialect, event_name, cast(value as text), label, operation_id, trace_id"
SCORED += ", session_id, cast(occurred_at as text), cast(observed_at as text)"
KEYS = ("ob1", "tr1", "se1", "2026-10-05 10:00:00+00", "2026-10-05 11:00:00+00")


@pytest.mark.parametrize(
    ("said", "value", "label"),
    [
        ({}, "0.500000000000", None),
        ({"dataType": "CATEGORICAL", "value": 2, "stringValue": "good"}, "2.000000000000", "good"),
        ({"dataType": "CATEGORICAL", "value": "good"}, None, "good"),
        ({"dataType": "BOOLEAN", "value": 1, "stringValue": "True"}, "1.000000000000", "True"),
        ({"dataType": "BOOLEAN", "value": True}, "1.000000000000", None),
        ({"dataType": "TEXT", "value": None, "stringValue": "Ann said"}, None, None),
    ],
)
@pytest.mark.parametrize("is_page", [True, False])
def test_a_langfuse_score_is_an_event(
    lake: EventLake, said: dict[str, Any], value: str | None, label: str | None, is_page: bool
) -> None:
    score = SCORE | said
    page = {"data": [score], "meta": {"page": 1, "totalItems": 1}}
    assert put(lake, "a.json", json.dumps(page if is_page else score)) == (1, 1, 0, 0)
    assert lake.rows(SCORED) == [("s1", "langfuse", "quality", value, label, *KEYS)]
    assert "Ann" not in str(lake.rows())


def test_a_langfuse_export_in_snake_case_and_utc_without_zone(lake: EventLake) -> None:
    snake = {re.sub("([A-Z])", r"_\1", key).lower(): value for key, value in SCORE.items()}
    row = snake | {
        "timestamp": "2026-10-05 10:00:00.000",
        "updated_at": "2026-10-05T11:00:00",
        "metadata": {"customer": "acme", "feature": "chat"},
    }
    cells = {key: json.dumps(v) if isinstance(v, dict) else v for key, v in row.items()}
    header = ",".join(cells)
    quoted = ",".join('"' + str(v if v is not None else "").replace('"', '""') + '"'
                      for v in cells.values())  # fmt: skip
    assert put(lake, "a.csv", f"{header}\n{quoted}\n") == (1, 1, 0, 0)
    assert lake.rows(f"{SCORED}, tenant_id, feature") == [
        ("s1", "langfuse", "quality", "0.500000000000", None, *KEYS, "acme", "chat")
    ]
    assert lake.put("a.ndjson", row).rows_duplicate == 1


def test_a_score_names_the_operation_of_the_call_that_langfuse_exports() -> None:
    [log] = to_call_logs({"id": "ob1", "type": "GENERATION", "usage_details": {"input": 1}})
    assert isinstance(log, dict)
    assert log["operation_id"] == "ob1"


def evaluation(**said: Any) -> dict[str, Any]:
    """A log record as the GenAI conventions define the event."""
    values = {
        "gen_ai.evaluation.name": "Relevance",
        "gen_ai.evaluation.score.value": 0.5,
        "gen_ai.evaluation.score.label": "relevant",
        "gen_ai.evaluation.explanation": "Ann said it was great",
        "gen_ai.response.id": "chatcmpl-1",
        "task_id": "t1",
    }
    record = {
        "timeUnixNano": "1791194400000000000",
        "observedTimeUnixNano": "1791198000000000000",
        "eventName": "gen_ai.evaluation.result",
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "attributes": attributes(values),
    }
    return {name: value for name, value in (record | said).items() if value is not None}


def logs(*records: dict[str, Any]) -> dict[str, Any]:
    resource = {"attributes": attributes({"tenant.id": "acme", "service.name": "judge"})}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": list(records)}]}]}


EVALUATED = "dialect, event_name, cast(value as text), label, request_id, trace_id, task_id"
EVALUATED += ", tenant_id, cast(occurred_at as text), cast(observed_at as text)"
RELEVANCE = (
    "otel", "Relevance", "0.500000000000", "relevant", "chatcmpl-1",
    "5b8efff798038103d269b633813fc60c", "t1", "acme", "2026-10-05 10:00:00+00",
)  # fmt: skip


def test_an_otel_evaluation_is_an_event(lake: EventLake) -> None:
    other = evaluation(eventName="gen_ai.client.inference.operation.details")
    result = lake.put("a.jsonl", logs(evaluation(), other), logs(evaluation()))
    assert counts(result) == (3, 1, 1, 1)
    assert lake.rows(EVALUATED) == [(*RELEVANCE, "2026-10-05 11:00:00+00")]
    assert [row[:3] for row in lake.refused()] == [(1, "not_an_evaluation", "event.name")]
    assert "Ann" not in str(lake.rows()) + str(lake.quarantine("*"))


def test_an_evaluation_on_a_span_takes_what_the_span_says(lake: EventLake) -> None:
    record = evaluation(eventName=None, name="gen_ai.evaluation.result", traceId=None)
    record["attributes"] = [a for a in record["attributes"] if "response.id" not in a["key"]]
    del record["observedTimeUnixNano"], record["spanId"]
    span = {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "name": "chat",
        "attributes": attributes({"gen_ai.response.id": "chatcmpl-1", "tenant.id": "acme"}),
        "events": [record, {"name": "exception", "timeUnixNano": "1791194400000000000"}],
    }
    page = {"resourceSpans": [{"scopeSpans": [{"spans": [span, {"spanId": "b"}]}]}]}
    assert counts(lake.put("a.jsonl", page)) == (2, 1, 0, 1)
    assert lake.rows(EVALUATED) == [(*RELEVANCE, None)]


@pytest.mark.skipif(not SHARED.exists(), reason="no ../shared/fixtures")
def test_traces_without_evaluations_are_accounted_for(lake: EventLake) -> None:
    for path in sorted((SHARED / "otel").glob("*.jsonl")):
        [result] = lake.land(path)
        assert result.rows_read == result.rows_quarantined > 0
    assert {reason for (reason,) in lake.quarantine("reason")} == {"not_an_evaluation"}
