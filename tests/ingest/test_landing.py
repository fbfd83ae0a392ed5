"""Landing end to end on small files: what lands, what is refused, what is a version."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard

from ingest.errors import InputError
from ingest.fields import KNOWN_KEYS, fields_sql
from ingest.inputs import find_files
from ingest.lake import Lake
from ingest.landing import Landing
from ingest.parse import macros, typed_sql
from ingest.results import FileResult
from ingest.schemas import CALLS
from ingest.settings import Settings


def call(event_id: str | None = "e1", **fields: Any) -> dict[str, Any]:
    """A valid log line, with what the test wants different."""
    log: dict[str, Any] = {
        "timestamp": "2026-08-01T10:00:00Z",
        "event_id": event_id,
        "provider": "openai",
        "model": "gpt-4o-mini",
        "tenant_id": "acme",
        "input_tokens": 100,
        "output_tokens": 20,
    }
    return {key: value for key, value in {**log, **fields}.items() if value is not None}


def ndjson(*records: dict[str, Any] | str | bytes) -> bytes:
    lines = [
        r if isinstance(r, bytes) else r.encode() if isinstance(r, str) else json.dumps(r).encode()
        for r in records
    ]
    return b"\n".join(lines) + b"\n"


class Yard:
    """A lake in a temporary folder and a way to land bytes in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(folder / "data", b"secret")
        self.lake = Lake(self.settings.raw)

    def write(self, name: str, content: bytes) -> Path:
        path = self.folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def land(self, *paths: Path, source: str = "calls", **options: Any) -> list[FileResult]:
        landing = Landing(source, self.settings, **options)
        return list(landing.run(find_files([str(path) for path in paths])))

    def put(self, content: bytes, name: str = "a.ndjson", **options: Any) -> FileResult:
        [result] = self.land(self.write(name, content), **options)
        assert result.balanced
        return result

    def rows(self, columns: str = "*", where: str = "is_current") -> list[tuple[Any, ...]]:
        files = [
            str(self.lake.folder(CALLS) / file.path)
            for day in self.lake.files(self.lake.open(CALLS)).values()
            for file in day
        ]
        if not files:
            return []
        con = duckdb.connect()
        con.execute("set TimeZone = 'UTC'")
        return con.execute(
            f"select {columns} from read_parquet({files!r}, hive_partitioning = true)"
            f" where {where} order by event_id, component_index, source_line"
        ).fetchall()

    def refused(self) -> list[tuple[int, str, str | None, str]]:
        folder = self.settings.quarantine
        if not list(folder.glob("**/*.parquet")):
            return []
        return duckdb.sql(
            "select source_line, reason, field, raw_text"
            f" from read_parquet('{folder}/**/*.parquet') order by source_file, source_line"
        ).fetchall()


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def counts(result: FileResult) -> tuple[int, int, int, int]:
    return (
        result.rows_read,
        result.rows_landed,
        result.rows_duplicate,
        result.rows_quarantined,
    )


def test_a_call_lands_with_its_classes(yard: Yard) -> None:
    line = call(cached_input_tokens=30, reasoning_tokens=5, cost_usd=0.00125, user_id="ann")
    assert counts(yard.put(ndjson(line))) == (1, 1, 0, 0)
    [row] = yard.rows(
        "event_date, uncached_input_tokens, cache_read_tokens, output_tokens, reasoning_tokens,"
        " source_cost_usd::varchar, started_at::varchar, outcome, user_id_hash, source_line"
    )
    # HMAC-SHA256('secret', 'ann'), computed with openssl
    assert row == (
        dt.date(2026, 8, 1), 70, 30, 20, 5, "0.001250000000", "2026-08-01 10:00:00+00",
        "success", "aad4e6199b77de3305e568999486a8be", 1,
    )  # fmt: skip


def test_camel_case_that_appears_late_in_a_file_is_read(yard: Yard) -> None:
    snake = [call(f"e{number:04}") for number in range(500)]
    late = {
        "timestamp": "2026-08-01T10:00:00Z", "eventId": "z", "provider": "openai",
        "model": "gpt-4o", "tenantId": "late", "inputTokens": 7, "outputTokens": 1,
    }  # fmt: skip
    assert counts(yard.put(ndjson(*snake, late))) == (501, 501, 0, 0)
    assert yard.rows("tenant_id, uncached_input_tokens", "event_id = 'z'") == [("late", 7)]


@pytest.mark.parametrize(
    ("line", "reason", "field"),
    [
        ('{"timestamp": "2026-08-01T10:00:00Z", "prov', "malformed_json", None),
        ("[1, 2]", "malformed_json", None),
        ('{"hello": 1}', "missing_field", "timestamp"),
        (json.dumps(call(timestamp=None)), "missing_field", "timestamp"),
        (json.dumps(call(provider=None)), "missing_field", "provider"),
        (json.dumps(call(model=None)), "missing_field", "model"),
        (json.dumps(call(timestamp="2026-08-01T10:00:00")), "bad_timestamp", "timestamp"),
        (json.dumps(call(timestamp="yesterday")), "bad_timestamp", "timestamp"),
        (json.dumps(call(timestamp="1999-01-01T00:00:00Z")), "impossible_time", "timestamp"),
        (json.dumps(call(timestamp="2999-01-01T00:00:00Z")), "impossible_time", "timestamp"),
        (json.dumps(call(outcome="banana")), "unknown_enum", "outcome"),
        (json.dumps(call(tenant_id={"a": 1})), "wrong_type", "tenant_id"),
        (json.dumps(call(tenant_id="x" * 300)), "wrong_type", "tenant_id"),
        (json.dumps(call(input_tokens="many")), "wrong_type", "input_tokens"),
        (json.dumps(call(input_tokens=12.7)), "wrong_type", "input_tokens"),
        (json.dumps(call(input_tokens=-1)), "negative_count", "input_tokens"),
        (json.dumps(call(output_tokens=10**15)), "absurd_count", "output_tokens"),
        (json.dumps(call(latency_ms=-4)), "negative_count", "latency_ms"),
        (json.dumps(call(attempt="first")), "wrong_type", "attempt"),
        (json.dumps(call(cost_usd="free")), "wrong_type", "cost_usd"),
        (json.dumps(call(is_batch="maybe")), "wrong_type", "is_batch"),
        (json.dumps(call(cached_input_tokens=200)), "contradictory_buckets", "cached_input_tokens"),
        (json.dumps(call(total_tokens=7)), "contradictory_buckets", "total_tokens"),
        (json.dumps(call(input_tokens=None, output_tokens=None)), "missing_usage", "usage"),
    ],
)
def test_a_bad_row_is_kept_with_its_reason(
    yard: Yard, line: str, reason: str, field: str | None
) -> None:
    result = yard.put(ndjson(call("ok"), line, call("ok2")))
    assert counts(result) == (3, 2, 0, 1)
    assert yard.refused() == [(2, reason, field, line)]


@pytest.mark.parametrize(
    ("stated", "instant"),
    [
        ("2026-08-01T10:00:00.123456Z", "2026-08-01 10:00:00.123456+00"),
        ("2026-08-01T10:00:00.123456789Z", "2026-08-01 10:00:00.123456+00"),
        ("2026-08-01T10:00:00+02:00", "2026-08-01 08:00:00+00"),
        ("2026-08-01 10:00:00-0530", "2026-08-01 15:30:00+00"),
        (1785578400, "2026-08-01 10:00:00+00"),
        (1785578400.25, "2026-08-01 10:00:00.25+00"),
        (1785578400123, "2026-08-01 10:00:00.123+00"),
        (1785578400123.5, "2026-08-01 10:00:00.1235+00"),
        (1785578400123456, "2026-08-01 10:00:00.123456+00"),
        ("1785578400123456789", "2026-08-01 10:00:00.123456+00"),
        ("99999999999999999999", None),
        ("1785578400123456789.5", None),
        ("12345", None),
        ("2026-08-01", None),
        ("2026-08-01T25:00:00Z", None),
        ("2026-08-01T10:00:00 Europe/Berlin", None),
    ],
)
def test_an_instant_is_read_with_its_zone_or_not_at_all(
    yard: Yard, stated: Any, instant: str | None
) -> None:
    yard.put(ndjson(call("a", timestamp=stated)))
    assert yard.rows("started_at::varchar") == ([(instant,)] if instant else [])


def test_lines_no_reader_likes_are_all_accounted_for(yard: Yard) -> None:
    content = ndjson(
        call("a"), b"", b"   ", b"\xff\xfe", b'{"a": "\x00"}', b"\x01\x02\x03\x04", b'{"x":\r1}',
        b"null", b"5", b'{"a":1}{"b":2}', call("b"),
    )  # fmt: skip
    result = yard.put(content)
    assert counts(result) == (9, 2, 0, 7)
    assert [line for line, *_ in yard.refused()] == [4, 5, 6, 7, 8, 9, 10]
    assert yard.rows("event_id, source_line") == [("a", 1), ("b", 11)]


@pytest.mark.parametrize(
    "broken",
    ['{"a":1,"b":', '{"timestamp":"2026-08-01T10:00:00Z","tags":[1,2', '{"event_id":"x', '{"a":{'],
)
def test_a_line_that_breaks_off_takes_no_neighbour_with_it(yard: Yard, broken: str) -> None:
    lines = [call("a"), broken, call("b"), broken, broken, call("c"), call("d"), broken]
    assert counts(yard.put(ndjson(*lines))) == (8, 4, 0, 4)
    assert [row[0] for row in yard.rows("event_id")] == ["a", "b", "c", "d"]
    assert [line for line, *_ in yard.refused()] == [2, 4, 5, 8]


@pytest.mark.parametrize(
    "late",
    [
        {"promptTokenCount": 7, "candidatesTokenCount": 2, "totalTokenCount": 9},
        r'{"prompt\u0054okenCount": 7, "candidates\u0054okenCount": 2, "total\u0054okenCount": 9}',
    ],
)
def test_a_usage_key_that_appears_late_in_a_file_is_read(
    yard: Yard, late: dict[str, int] | str
) -> None:
    told = {"input_tokens": None, "output_tokens": None}
    usual = {"prompt_tokens": 5, "completion_tokens": 1}
    early = [call(f"e{number}", usage=usual, **told) for number in range(300)]
    yard.put(ndjson(*early, call("late", usage=late, **told)))
    [row] = yard.rows("uncached_input_tokens, output_tokens, usage_dialect", "event_id = 'late'")
    assert row == (7, 2, "gemini")


@pytest.mark.parametrize("field", ["attempt", "http_status"])
def test_a_count_too_large_for_its_column_stops_no_other_row(yard: Yard, field: str) -> None:
    result = yard.put(ndjson(call("good"), call("bad", **{field: 3_000_000_000})))
    assert (result.rows_landed, result.rows_quarantined) == (1, 1)


def test_two_halves_of_an_object_are_not_put_together(yard: Yard) -> None:
    whole = json.dumps(call("x"))
    cut = whole.index('"provider"')
    content = ndjson(call("a"), whole[:cut], whole[cut:], call("b"), '{"a":6,"b":', '{"x":1}}')
    assert counts(yard.put(content)) == (6, 2, 0, 4)


def test_windows_line_ends_and_a_byte_order_mark(yard: Yard) -> None:
    content = b"\xef\xbb\xbf" + ndjson(call("a"), call("b")).replace(b"\n", b"\r\n")
    assert counts(yard.put(content)) == (2, 2, 0, 0)


def test_the_last_line_needs_no_line_end(yard: Yard) -> None:
    assert counts(yard.put(ndjson(call("a"), call("b"))[:-1])) == (2, 2, 0, 0)


def test_an_empty_file_is_a_file_without_rows(yard: Yard) -> None:
    assert counts(yard.put(b"")) == (0, 0, 0, 0)


@pytest.mark.parametrize("chunk_bytes", [1, 300, 10_000])
def test_chunks_do_not_change_what_lands(yard: Yard, chunk_bytes: int) -> None:
    lines = [call(f"e{n % 40:02}", output_tokens=n % 40) for n in range(120)] + ["broken"]
    result = yard.put(ndjson(*lines), chunk_bytes=chunk_bytes)
    assert counts(result) == (121, 40, 80, 1)
    assert len(yard.rows()) == 40
    assert yard.refused() == [(121, "malformed_json", None, "broken")]


def test_compressed_files_land_like_plain_ones(yard: Yard) -> None:
    plain = ndjson(*[call(f"e{n}") for n in range(50)])
    packed = yard.write("a.ndjson.gz", gzip.compress(plain))
    squeezed = yard.write("b.ndjson.zst", zstandard.compress(plain))
    first, second = yard.land(packed, squeezed)
    assert counts(first) == (50, 50, 0, 0)
    assert counts(second) == (50, 0, 50, 0)


def test_a_cut_off_archive_lands_nothing(yard: Yard) -> None:
    plain = ndjson(*[call(f"e{n}", tenant_id=f"t{n * 7919}") for n in range(5000)])
    path = yard.write("a.ndjson.gz", gzip.compress(plain)[:-2000])
    with pytest.raises(InputError, match="damaged or cut off"):
        yard.land(path, chunk_bytes=100_000)
    assert yard.rows() == []
    assert yard.lake.landings() == []


@pytest.mark.parametrize("source", ["calls", "responses", "otlp", "litellm", "langfuse"])
@pytest.mark.parametrize("name", ["x.ndjson.gz", "x.ndjson.zst", "x.csv.gz", "x.csv", "x.parquet"])
def test_a_file_that_is_not_what_its_name_says_is_refused_whole(
    yard: Yard, source: str, name: str
) -> None:
    path = yard.write(name, b"\xff\xfenot what it says")
    with pytest.raises(InputError, match=re.escape(name)):
        yard.land(path, source=source)
    assert yard.lake.landings() == []


def test_landing_the_same_file_again_changes_nothing(yard: Yard) -> None:
    content = ndjson(call("a"), "broken", call("b"))
    yard.put(content)
    before = yard.rows()
    again = yard.put(content)
    assert counts(again) == (3, 0, 2, 1)
    assert again.already_landed
    assert yard.rows() == before
    assert len(yard.refused()) == 1


def test_the_same_rows_under_another_name_are_duplicates(yard: Yard) -> None:
    yard.put(ndjson(call("a"), call("b")))
    result = yard.put(ndjson(call("b"), call("c"), call("a")), "b.ndjson")
    assert counts(result) == (3, 1, 2, 0)
    assert [row[0] for row in yard.rows("event_id")] == ["a", "b", "c"]


def test_a_correction_supersedes_and_the_old_version_is_kept(yard: Yard) -> None:
    yard.put(ndjson(call("a", output_tokens=20), call("b")))
    result = yard.put(ndjson(call("a", output_tokens=25)), "fix.ndjson")
    assert (counts(result), result.rows_superseding) == ((1, 1, 0, 0), 1)
    assert yard.rows("event_id, output_tokens") == [("a", 25), ("b", 20)]
    assert yard.rows("event_id, output_tokens", "not is_current") == [("a", 20)]
    # delivering the superseded version once more is a duplicate, not a newer version
    again = yard.put(ndjson(call("a", output_tokens=20), call("x")), "old.ndjson")
    assert counts(again) == (2, 1, 1, 0)
    assert yard.rows("output_tokens", "event_id = 'a' and is_current") == [(25,)]


def test_the_later_observed_version_wins_whatever_the_order(yard: Yard) -> None:
    late = call("a", output_tokens=9, observed_at="2026-08-02T00:00:00Z")
    early = call("a", output_tokens=99, observed_at="2026-08-01T12:00:00Z")
    yard.put(ndjson(late))
    yard.put(ndjson(early), "early.ndjson")
    assert yard.rows("output_tokens") == [(9,)]
    assert yard.rows("output_tokens", "not is_current") == [(99,)]


def test_of_stream_snapshots_the_whole_final_record_is_kept(yard: Yard) -> None:
    stream = {"is_streamed": True}
    yard.put(
        ndjson(
            call("a", output_tokens=5, is_final=False, **stream),
            call("a", output_tokens=50, latency_ms=900, is_final=True, **stream),
            call("a", output_tokens=30, is_final=False, **stream),
            call("b", output_tokens=70, **stream),
            call("b", output_tokens=40, **stream),
        )
    )
    assert yard.rows("event_id, output_tokens, latency_ms") == [("a", 50, 900), ("b", 70, None)]
    assert len(yard.rows("event_id", "not is_current")) == 3


def test_a_version_that_moves_to_another_day_leaves_one_current(yard: Yard) -> None:
    yard.put(ndjson(call("a", timestamp="2026-08-01T23:59:59Z")))
    result = yard.put(ndjson(call("a", timestamp="2026-08-02T00:00:01Z")), "fix.ndjson")
    assert yard.rows("event_date") == [(dt.date(2026, 8, 2),)]
    assert result.touched_dates == {"2026-08-01", "2026-08-02"}


def test_calls_without_an_id_are_told_apart_by_what_they_say(yard: Yard) -> None:
    first = call(None, request_id="r1", output_tokens=1)
    final = call(None, request_id="r1", output_tokens=2)
    retry = call(None, request_id="r1", attempt=2, output_tokens=2)
    anonymous = [call(None, output_tokens=n) for n in (1, 2, 2)]
    assert counts(yard.put(ndjson(first, final, retry, *anonymous))) == (6, 5, 1, 0)
    assert len(yard.rows()) == 4


def test_nothing_private_reaches_the_lake(yard: Yard) -> None:
    yard.put(
        ndjson(
            call(
                "a",
                user_id="ann@example.com",
                api_key_id="sk-proj-SECRETSECRET",
                tags={"plan": "pro", "mail": "ann@example.com", "nested": {"x": "y"}},
                prompt="tell me a secret",
            )
        )
    )
    [(key, tags)] = yard.rows("api_key_id, tags")
    assert key.startswith("key-")
    assert json.loads(tags) == {"plan": "pro"}
    blob = b"".join(p.read_bytes() for p in yard.settings.raw.rglob("*") if p.is_file())
    for text in (b"ann@example", b"SECRETSECRET", b"tell me"):
        assert text not in blob


def test_without_a_key_user_ids_are_dropped(yard: Yard) -> None:
    yard.settings = Settings(yard.settings.data, None)
    yard.put(ndjson(call("a", user_id="ann")))
    assert yard.rows("user_id_hash") == [(None,)]


def test_csv_and_parquet_land_like_json(yard: Yard) -> None:
    rows = [call(f"e{n}", output_tokens=n) for n in range(3)]
    header = list(rows[0])
    text = "\n".join([",".join(header), *(",".join(str(r[k]) for k in header) for r in rows)])
    table = yard.folder / "in" / "t.parquet"
    table.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(
        f"copy (select 'p' || i as event_id, timestamp '2026-08-01 10:00:00' as timestamp,"
        " 'openai' as provider, 'gpt-4o' as model, i as input_tokens, 1 as output_tokens,"
        f" map {{'plan': 'pro'}} as tags from range(4) t(i)) to '{table}'"
    )
    assert counts(yard.put((text + "\n").encode(), "t.csv")) == (3, 3, 0, 0)
    [result] = yard.land(table)
    assert counts(result) == (4, 4, 0, 0)
    assert yard.rows("started_at::varchar, tags", "event_id = 'p2'") == [
        ("2026-08-01 10:00:00+00", '{"plan":"pro"}')
    ]


def test_billed_side_iterations_are_rows_of_their_own(yard: Yard) -> None:
    usage = {
        "input_tokens": 2390, "output_tokens": 121,
        "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0,
        "iterations": [
            {"type": "message", "input_tokens": 1128, "output_tokens": 110},
            {"type": "advisor_message", "model": "claude-opus-4-8",
             "input_tokens": 2518, "output_tokens": 22},
            {"type": "message", "input_tokens": 1262, "output_tokens": 11},
        ],
    }  # fmt: skip
    line = call("a", provider="anthropic", model="claude-sonnet-5", usage=usage)
    del line["input_tokens"], line["output_tokens"]
    result = yard.put(ndjson(call("0"), line, call("z")))
    assert (counts(result), result.rows_component) == ((3, 3, 0, 0), 1)
    assert yard.rows("event_id, component_index, model, uncached_input_tokens, output_tokens")[
        1:3
    ] == [("a", 0, "claude-sonnet-5", 2390, 121), ("a", 1, "claude-opus-4-8", 2518, 22)]
    # the same call once more, and a correction of it: components follow their call
    corrected = json.loads(json.dumps(line))
    corrected["latency_ms"] = 5
    again = yard.put(ndjson(line, corrected), "b.ndjson")
    assert counts(again) == (2, 1, 1, 0)
    assert len(yard.rows("*", "is_current and event_id = 'a'")) == 2
    assert len(yard.rows("*", "not is_current and event_id = 'a'")) == 2


def test_a_dry_run_counts_and_writes_nothing(yard: Yard) -> None:
    result = yard.put(ndjson(call("a"), "broken"), dry_run=True)
    assert counts(result) == (2, 1, 0, 1)
    assert yard.rows() == []
    assert yard.refused() == []


def test_nothing_put_over_a_chunk_can_change_the_order_of_its_lines() -> None:
    con = duckdb.connect()
    for statement in macros():
        con.execute(statement)
    fields = fields_sql("objects", set(KNOWN_KEYS))
    keys = ", ".join(f'"{key}" varchar' for key in KNOWN_KEYS)
    con.execute(f"create table objects ({keys})")
    con.execute(f"create view fields as select *, 0 as component_index from ({fields})")
    [(_, plan)] = con.execute("explain " + typed_sql("fields", source="calls")).fetchall()
    operators = set(re.findall(r"│ +([A-Z_]{4,}) +│", plan)) - {"TRY_CAST", "BIGINT", "COALESCE"}
    assert operators == {"PROJECTION", "SEQ_SCAN"}
