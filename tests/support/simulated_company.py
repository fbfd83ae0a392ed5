"""An independent reader of what the simulator wrote: plain Python over the files of a company.

It knows neither the generator's tables nor the landing code. It reads what tasks are made of
(calls) and what became of them (events), each by the rules of its own file.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import zstandard

Record = dict[str, Any]
WINDOW = dt.timedelta(days=7)
UNKNOWN = "(unattributed)"


def texts(path: Path) -> list[str]:
    """The lines of a file, plain or compressed."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data.decode().splitlines()


def snake(record: Record) -> Record:
    """Keys in snake case."""
    return {
        "".join("_" + c.lower() if c.isupper() else c for c in key): value
        for key, value in record.items()
    }


def moment(said: Any) -> dt.datetime:
    """An instant as any of the files writes it."""
    if isinstance(said, int):
        return dt.datetime.fromtimestamp(said / 1000, dt.UTC)
    if isinstance(said, dt.datetime):
        return said if said.tzinfo else said.replace(tzinfo=dt.UTC)
    return dt.datetime.fromisoformat(said)


# ------------------------------------------------------------------ calls


@dataclass
class Call:
    """What a call says of its task."""

    started: dt.datetime
    event_id: str
    task_id: str | None
    run_id: str | None = None
    trace_id: str | None = None
    said: Record = field(default_factory=dict)


def calls(folder: Path) -> list[Call]:
    """One call an event, whichever version of it: what is read here is in all of them."""
    found: dict[str, Call] = {}
    for path in sorted((folder / "calls").rglob("*.*")):
        for record in _own(path):
            if call := _call(record):
                found[call.event_id] = call
    for source, reader in (("litellm", _litellm), ("langfuse", _langfuse), ("otlp", _otlp)):
        for path in sorted((folder / source).iterdir()):
            for record in _json(path):
                found |= {call.event_id: call for call in reader(record)}
    return list(found.values())


def _json(path: Path) -> Iterator[Record]:
    for text in texts(path):
        try:
            yield json.loads(text)
        except json.JSONDecodeError:
            continue


def _own(path: Path) -> Iterator[Record]:
    if path.suffix == ".parquet":
        yield from pl.read_parquet(path).iter_rows(named=True)
    elif path.suffix == ".csv":
        with path.open(newline="") as file:
            yield from csv.DictReader(file)
    else:
        yield from (snake(record) for record in _json(path))


def _call(record: Record) -> Call | None:
    """A call of our own log; broken ones have ids of their own that say so."""
    identity = record.get("event_id") or record["request_id"]
    if identity.startswith("evt_broken"):
        return None
    return Call(
        moment(record["timestamp"]), identity, record.get("task_id"), record.get("run_id"),
        record.get("trace_id"), record,
    )  # fmt: skip


def _labels(pairs: list[str]) -> Record:
    return dict(pair.split(":", 1) for pair in pairs)


def _litellm(row: Record) -> Iterator[Call]:
    known = json.loads(row["metadata"])["spend_logs_metadata"]
    said = known | _labels(json.loads(row["request_tags"])) | {"api_key_id": row["api_key"]}
    yield Call(
        moment(row["startTime"]), row["request_id"], known.get("task_id"), known.get("run_id"),
        None, said,
    )  # fmt: skip


def _langfuse(row: Record) -> Iterator[Call]:
    known = row["metadata"]
    yield Call(
        moment(row["start_time"]), row["id"], known.get("task_id"), known.get("run_id"),
        row["trace_id"], known | _labels(row["tags"]),
    )  # fmt: skip


def _otlp(document: Record) -> Iterator[Call]:
    for span in document["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        said = {
            pair["key"].removeprefix("app."): next(iter(pair["value"].values()))
            for pair in span["attributes"]
        }
        if said["gen_ai.operation.name"] != "execute_tool":
            at = moment(int(span["startTimeUnixNano"]) // 1_000_000)
            yield Call(at, span["spanId"], said.get("task_id"), said.get("run_id"), None, said)


# ------------------------------------------------------------------ tasks


@dataclass
class Task:
    """A task: what its first call, or without calls its first event, says of it."""

    opened: dt.datetime
    feature: str
    tenant_id: str
    call_count: int = 0
    is_success: bool = False


def rules(folder: Path) -> dict[tuple[str, str], Record]:
    """The mapping rules of the seeds by what they match."""
    with (folder / "seeds" / "attribution_rules.csv").open(newline="") as file:
        return {
            (name, row[name]): row
            for row in csv.DictReader(file)
            for name in ("api_key_id", "endpoint")
            if row[name] != "*"
        }


def tasks_of(found: list[Call], known: dict[tuple[str, str], Record]) -> dict[str, Task]:
    """Tasks that have calls."""
    by_task: dict[str, list[Call]] = defaultdict(list)
    for call in found:
        if call.task_id:
            by_task[call.task_id].append(call)
    return {
        task_id: _task(min(own, key=lambda c: (c.started, c.event_id)), len(own), known)
        for task_id, own in by_task.items()
    }


def _task(first: Call, count: int, known: dict[tuple[str, str], Record]) -> Task:
    def named(column: str, by: str) -> str:
        rule = known.get((by, first.said.get(by) or ""), {})
        return first.said.get(column) or rule.get(column) or UNKNOWN

    feature, tenant = named("feature", "endpoint"), named("tenant_id", "api_key_id")
    return Task(first.started, feature, tenant, count)


# ------------------------------------------------------------------ events


def event_files(folder: Path) -> list[Path]:
    """The files of product events, in the order they are landed."""
    return sorted(path for path in (folder / "product-events").rglob("*.*"))


def events(path: Path) -> Iterator[Record | None]:
    """Every row of a file of product events; None where it is to be refused."""
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                yield _event(row | {"event_id": f"{row['event_name']} {row['task_id']}"})
        return
    for text in texts(path):
        try:
            record = snake(json.loads(text))
        except json.JSONDecodeError:
            yield None
            continue
        if "data_type" in record:
            said = {"event_name": record["name"], "occurred_at": record["timestamp"],
                    "observed_at": record["updated_at"], "event_id": record["id"]}  # fmt: skip
            record |= said
        yield _event(record)


def _event(record: Record) -> Record | None:
    try:
        at = moment(record["occurred_at"])
        value = Decimal(str(record["value"])) if record.get("value") is not None else None
    except (KeyError, ValueError, ArithmeticError):
        return None
    if not record.get("event_name") or at.year > 2027:
        return None
    return record | {"at": at, "known_at": moment(record["observed_at"]), "score": value}


def outcomes(folder: Path, called: list[Call], tasks: dict[str, Task]) -> dict[str, Task]:
    """The tasks with what became of them, those without calls too."""
    versions: dict[str, list[Record]] = defaultdict(list)
    for path in event_files(folder):
        for event in events(path):
            if event is not None:
                versions[event["event_id"]].append(event)
    current = [max(own, key=lambda event: event["known_at"]) for own in versions.values()]
    standing = [event for event in current if not event.get("is_revoked")]
    gone = {
        event[link]
        for event in standing
        for link in ("revokes_event_id", "supersedes_event_id")
        if event.get(link)
    }
    with (folder / "seeds" / "success_events.csv").open(newline="") as file:
        meanings = list(csv.DictReader(file))
    own_rules = {row["feature"] for row in meanings}
    by_key = {
        (key, value): call.task_id
        for call in called
        for key, value in (("run_id", call.run_id), ("trace_id", call.trace_id))
        if value
    }
    ordered = sorted(standing, key=lambda event: (event["at"], event["known_at"]))
    for event in ordered:
        task_id = event.get("task_id") or next(
            by_key[key, event[key]] for key in ("run_id", "trace_id") if event.get(key)
        )
        task = tasks.setdefault(
            task_id, Task(event["at"], event.get("feature") or "", event.get("tenant_id") or "")
        )
        if event["event_id"] in gone or event["at"] > task.opened + WINDOW:
            continue
        scope = task.feature if task.feature in own_rules else "*"
        for row in meanings:
            if row["feature"] == scope and _means(row, event):
                task.is_success = row["outcome"] == "success"
    return tasks


def _means(row: Record, event: Record) -> bool:
    score = event["score"]
    if row["event_name"] != event["event_name"]:
        return False
    if row["min_value"] and (score is None or score < Decimal(row["min_value"])):
        return False
    return not (row["max_value"] and (score is None or score > Decimal(row["max_value"])))


def counts(tasks: dict[str, Task], column: str) -> dict[str, Counter[str]]:
    """Tasks and successes by a column, with and without calls."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for task in tasks.values():
        name = "task" if task.call_count else "without"
        found[getattr(task, column)][f"{name}s"] += 1
        found[getattr(task, column)][f"{name}_successes"] += task.is_success
        found[getattr(task, column)]["calls"] += task.call_count
    return found
