"""Log files: which line goes into which file, in what order, and what a reader must make of it.

Every line carries what is expected of it: ``landed``, ``superseding`` (landed, a further version of
an event), ``duplicate`` or ``quarantined:<reason>``. The counts per file in the truth come from
these marks, not from reading files.
"""

from __future__ import annotations

import gzip
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import zstandard

from pipeline.simulate.canonical import canonical
from pipeline.simulate.company import SERVICE_NUMBER, Tenant
from pipeline.simulate.dialects.agents import runner_lines
from pipeline.simulate.dialects.flat import assistant_lines, batch_lines, table
from pipeline.simulate.dialects.gateways import langfuse_lines, litellm_lines
from pipeline.simulate.dialects.otlp import otlp_lines
from pipeline.simulate.faults import broken_lines, older_versions
from pipeline.simulate.incidents import DAY, Window
from pipeline.simulate.randomness import Draws

PLAIN_DAYS = 14  # the assistant's log rotation compresses what is older
DAYS_AT_ONCE = 15  # bounds memory
MINUTE = 60_000
Expected = dict[str, Counter[str]]


@dataclass
class Output:
    """Where files go and what was put into them: per file, lines by what is expected of them."""

    folder: Path
    window: Window
    expected: Expected = field(default_factory=dict)

    def write(self, name: str, data: bytes, expected: Counter[str]) -> None:
        """Write one file, compressed as its name says."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_compressed(name, data))
        self.expected[name] = expected

    def day(self, number: int) -> str:
        """A day of the period as ISO date."""
        text: str = pl.select(
            pl.from_epoch(pl.lit(self.window.start_ms + number * DAY), time_unit="ms").dt.strftime(
                "%Y-%m-%d"
            )
        ).item()
        return text


@dataclass(frozen=True)
class Deliverer:
    """Writes the calls of every service.

    Attributes:
        calls: all calls with their planned faults.
        customers: the tenants.
    """

    draws: Draws
    output: Output
    calls: pl.DataFrame
    customers: tuple[Tenant, ...]

    def deliver(self) -> None:
        """Write every file of every source."""
        last_plain = self.output.window.days - PLAIN_DAYS

        def rotated(day: int) -> str:
            return ".ndjson" if day >= last_plain else ".ndjson.zst"

        self._daily("assistant-api", assistant_lines, rotated, (0.4, ".ndjson.zst"))
        self._daily("agent-runner", runner_lines, lambda _: ".ndjson.zst", None)
        self._daily("batch-worker", batch_lines, lambda _: ".ndjson.gz", (0.55, ".ndjson"))
        self._exports()
        self._gateway("litellm", litellm_lines, days=1)
        self._gateway("langfuse", langfuse_lines, days=7)
        self._traces()

    def _of(self, service: str) -> pl.DataFrame:
        """A service's records: those that count, then the versions they replace."""
        own = self.calls.filter(pl.col("service") == SERVICE_NUMBER[service])
        return pl.concat([own, older_versions(own, self.output.window)])

    def _lines(self, records: pl.DataFrame, render: Callable[[pl.DataFrame], pl.Series]) -> _Lines:
        frame = canonical(records, self.customers)
        is_first = pl.col("version") == 0
        return records.select(
            "file_day",
            sort_ms="observed_ms",
            expected=pl.when(is_first).then(pl.lit("landed")).otherwise(pl.lit("superseding")),
            is_repeated=pl.col("is_repeated"),
        ).with_columns(text=render(frame))

    def _daily(
        self,
        service: str,
        render: Callable[[pl.DataFrame], pl.Series],
        suffix: Callable[[int], str],
        redelivered: tuple[float, str] | None,
    ) -> None:
        """One file a day; one day's file perhaps once more under another name."""
        records = self._of(service)
        days = self.output.window.days
        again = int(redelivered[0] * days) if redelivered else None
        for first in range(0, days, DAYS_AT_ONCE):
            some = records.filter(pl.col("file_day").is_between(first, first + DAYS_AT_ONCE - 1))
            lines = self._lines(some, render)
            sound = lines.filter(pl.col("expected") == "landed").drop("is_repeated")
            broken = broken_lines(self.draws, service, first, sound)
            lines = pl.concat([_with_repeats(lines), broken])
            for day, own in _by_day(lines):
                data, expected = _text_of(own), Counter(own["expected"].to_list())
                stem = f"calls/{service}/{self.output.day(day)}"
                self.output.write(stem + suffix(day), data, expected)
                if redelivered and day == again:
                    name = f"{stem}.redelivered{redelivered[1]}"
                    self.output.write(name, data, delivered_again(expected))

    def _exports(self) -> None:
        """A CSV and a Parquet file of calls, as one-off exports."""
        for service, suffix in (("csv-export", "csv"), ("parquet-export", "parquet")):
            records = self._of(service).sort("observed_ms")
            repeated = records.filter("is_repeated")
            rows = table(canonical(pl.concat([records, repeated]), self.customers))
            buffer = io.BytesIO()
            if suffix == "csv":  # the export forgot the event ids: readers must make their own
                rows.drop("event_id").write_csv(buffer)
            else:
                times = ("timestamp", "observed_at")
                rows.with_columns(
                    pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="us")
                    .dt.replace_time_zone("UTC")
                    for name in times
                ).write_parquet(buffer, compression="zstd")  # fmt: skip
            expected = Counter(landed=records.height, duplicate=repeated.height)
            self.output.write(f"calls/exports/{service}.{suffix}", buffer.getvalue(), expected)

    def _gateway(
        self, service: str, render: Callable[[pl.DataFrame], pl.Series], *, days: int
    ) -> None:
        """A gateway's export windows; now and then one is cut off in its last line."""
        records = self._of(service).with_columns(pl.col("file_day") // days * days)
        for number, (day, own) in enumerate(_by_day(_with_repeats(self._lines(records, render)))):
            expected = Counter(own["expected"].to_list())
            data = _text_of(own)
            if number % 9 == 4:
                data += own["text"][0][:200].encode() + b"\n"
                expected["quarantined:malformed_json"] += 1
            self.output.write(f"{service}/{self.output.day(day)}.jsonl", data, expected)

    def _traces(self) -> None:
        """Traces: batches of spans a line; the exporter repeats a batch it got no answer for."""
        records = self._of("otlp").sort("observed_ms", "event_bits")
        for number, (day, own) in enumerate(_by_day(records.with_columns(sort_ms="observed_ms"))):
            lines = otlp_lines(canonical(own, self.customers))
            expected: Counter[str] = Counter()
            texts = []
            for position, (text, calls, others) in enumerate(lines):
                texts.append(text)
                expected["landed"] += calls
                expected["quarantined:not_a_model_call"] += others
                if (number * 31 + position) % 101 == 7:
                    texts.append(text)
                    expected["duplicate"] += calls
                    expected["quarantined:not_a_model_call"] += others
            if number % 10 == 3:
                texts.append(lines[0][0][:300])
                expected["quarantined:malformed_json"] += 1
            data = ("\n".join(texts) + "\n").encode()
            self.output.write(f"otlp/{self.output.day(day)}.jsonl", data, expected)


_Lines = pl.DataFrame  # text, file_day, sort_ms, expected, is_repeated


def _with_repeats(lines: _Lines) -> pl.DataFrame:
    repeats = lines.filter("is_repeated").with_columns(
        expected=pl.lit("duplicate"), sort_ms=pl.col("sort_ms") + MINUTE
    )
    columns = ("file_day", "sort_ms", "expected", "text")
    return pl.concat([lines.select(columns), repeats.select(columns)])


def _by_day(lines: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    ordered = lines.sort("file_day", "sort_ms", maintain_order=True)
    for own in ordered.partition_by("file_day", maintain_order=True):
        yield int(own["file_day"][0]), own


def _text_of(lines: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    lines.select("text").write_csv(buffer, include_header=False, quote_style="never")
    return buffer.getvalue()


def delivered_again(expected: Counter[str]) -> Counter[str]:
    """The same bytes once more: what was refused is refused again, all else is known."""
    again = Counter({k: n for k, n in expected.items() if k.startswith("quarantined")})
    again["duplicate"] = sum(expected.values()) - sum(again.values())
    return again


def _compressed(name: str, data: bytes) -> bytes:
    if name.endswith(".gz"):
        return gzip.compress(data, 6, mtime=0)
    if name.endswith(".zst"):
        return zstandard.ZstdCompressor(level=3).compress(data)
    return data
