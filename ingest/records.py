"""Records of any source: read one by one, mapped to the call log, written as chunk lines.

The adapters in ``ingest/sources`` say what a record means; this module only carries records to
them and their answers to the landing, each with the number of the record it came from.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.errors import InputError
from ingest.inputs import DAMAGE, InputFile, line_chunks, open_bytes, read_block
from ingest.sources import Adapter, Answer, Rejected, Skipped

Record = tuple[int, Mapping[str, Any] | bytes]


def read_records(file: InputFile) -> Iterator[Record]:
    """Records with their 1-based number; bytes where a record cannot be decoded.

    Raises:
        InputError: the file as a whole is not what its name says.
    """
    readers: dict[str, Callable[[InputFile], Iterator[Record]]] = {
        "lines": _json_records,
        "csv": _csv_records,
        "parquet": _parquet_records,
    }
    return readers[file.format](file)


def mapped_lines(file: InputFile, adapter: Adapter) -> Iterator[bytes]:
    """Chunk lines of a file: call logs, or markers for what is not one."""
    written = dt.datetime.fromtimestamp(file.path.stat().st_mtime, dt.UTC).isoformat()
    ordinal = 0
    for _, record in read_records(file):
        for answer in _answers(record, adapter):
            ordinal += 1
            yield _line(ordinal, answer, written, record)


def raw_texts(file: InputFile, adapter: Adapter, wanted: set[int]) -> dict[int, str]:
    """The original text of the records with these ordinals; read again only when needed."""
    texts: dict[int, str] = {}
    ordinal = 0
    for _, record in read_records(file):
        for _ in _answers(record, adapter):
            ordinal += 1
            if ordinal in wanted:
                texts[ordinal] = _text_of(record)
    return texts


def _answers(record: Mapping[str, Any] | bytes, adapter: Adapter) -> list[Answer]:
    if isinstance(record, bytes):
        return [Rejected("malformed_json", "", record.decode("utf-8", "backslashreplace"))]
    return list(adapter(record)) or [Skipped()]


def _line(
    ordinal: int,
    answer: Mapping[str, Any] | Rejected | Skipped,
    written: str,
    record: Mapping[str, Any] | bytes,
) -> bytes:
    if isinstance(answer, Skipped):
        envelope: dict[str, Any] = {"_reject": "not_a_model_call", "_value": answer.reason}
    elif isinstance(answer, Rejected):
        value = None if answer.value is None else str(answer.value)
        envelope = {"_reject": answer.reason, "_field": answer.field, "_value": value}
    else:
        envelope = dict(answer)
        if envelope.pop("timestamp_missing", False) and not envelope.get("timestamp"):
            envelope |= {"timestamp": written, "_time_source": "file"}
    envelope["_line"] = ordinal
    # Parquet timestamps without a zone are taken as UTC: the format's usual writers drop it
    options = orjson.OPT_NON_STR_KEYS | orjson.OPT_NAIVE_UTC
    return orjson.dumps(envelope, default=_plain, option=options)


def _json_records(file: InputFile) -> Iterator[Record]:
    with open_bytes(file) as stream:
        head = read_block(file, stream.read, 1 << 16).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] == b"[" or (head[:1] == b"{" and _spans_lines(head)):
        yield from _whole_document(file)
        return
    number = 0
    for block in line_chunks(file):
        for line in block.split(b"\n"):
            number += 1
            if line.strip():
                yield number, _decoded(line)


def _spans_lines(head: bytes) -> bool:
    first = head.split(b"\n", 1)[0]
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        return first.strip() == b"{" or _is_pretty(head)
    return False


def _is_pretty(head: bytes) -> bool:
    second = head.split(b"\n", 2)[1:2]
    return bool(second) and second[0][:1] in (b" ", b"\t")


def _whole_document(file: InputFile) -> Iterator[Record]:
    text = b"".join(line_chunks(file))
    try:
        document = orjson.loads(text.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise InputError(
            str(file.path), f"not one JSON document ({error})", "Give one JSON object a line"
        ) from error
    records = document if isinstance(document, list) else [document]
    for number, record in enumerate(records, start=1):
        yield number, record if isinstance(record, dict) else orjson.dumps(record)


def _decoded(line: bytes) -> Mapping[str, Any] | bytes:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    return record if isinstance(record, dict) else line


def _csv_records(file: InputFile) -> Iterator[Record]:
    csv.field_size_limit(1 << 27)
    with open_bytes(file) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="strict", newline="")
        reader = csv.reader(text)
        try:
            header = next(reader, None)
            if not header:
                return
            for row in reader:
                if row:
                    yield reader.line_num, _csv_row(header, row)
        except (UnicodeDecodeError, csv.Error, *DAMAGE) as error:
            raise InputError(
                str(file.path), f"not a readable CSV file ({error})", "Export it again as UTF-8"
            ) from error


def _csv_row(header: list[str], row: list[str]) -> Mapping[str, Any] | bytes:
    if len(row) != len(header):
        return ",".join(row).encode()
    return {name: _csv_value(value) for name, value in zip(header, row, strict=True) if value}


def _csv_value(value: str) -> Any:
    """A cell as it is, except nested JSON objects, which become objects again."""
    if value[:1] == "{" and value[-1:] == "}":
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _parquet_records(file: InputFile) -> Iterator[Record]:
    try:
        parquet = pq.ParquetFile(file.path)
        number = 0
        for batch in parquet.iter_batches(batch_size=16_384):
            for record in batch.to_pylist(maps_as_pydicts="lossy"):
                number += 1
                yield number, {key: v for key, v in record.items() if v is not None}
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            str(file.path), f"not a readable Parquet file ({error})", "Export it again"
        ) from error


def _text_of(record: Mapping[str, Any] | bytes) -> str:
    if isinstance(record, bytes):
        return record.decode("utf-8", "backslashreplace")
    return orjson.dumps(record, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: Any) -> Any:
    """Values JSON has no form for, in the form the log expects."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value)
