"""JSON documents in files: pages, arrays of pages, NDJSON of pages or of single results.

Numbers are kept exact: a decimal is parsed as ``Decimal``, never as float; NaN is refused. A line
that is no JSON becomes a ``Refused``; a file that holds no JSON at all is an ``InputError``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ingest.errors import InputError
from ingest.exports.people import clean
from ingest.exports.records import Refused
from ingest.inputs import InputFile, line_chunks

Document = Mapping[str, Any]


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def exact_json(text: str | bytes) -> Any:
    """Parsed JSON with exact decimals.

    Raises:
        ValueError: no JSON, or a number that is none.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def read_documents(file: InputFile) -> Iterator[tuple[int, Document | Refused]]:
    """The file's JSON objects with the line each begins on; arrays are opened.

    Raises:
        InputError: the file holds no JSON object.
    """
    first = next(_lines(file), None)
    if first is None:
        raise InputError(str(file.path), "the file is empty", "Export it again")
    try:
        exact_json(first[1])
    except ValueError as error:
        # a document over several lines, most likely
        whole = _whole(file)
        documents = _by_line(file) if whole is None else ((1, item) for item in _opened(whole))
        problem = f"not readable JSON ({error})"
    else:
        documents, problem = _by_line(file), "it holds no JSON object"
    good = 0
    for number, document in documents:
        if isinstance(document, (Mapping, Refused)):
            good += isinstance(document, Mapping)
            yield number, document
        else:
            yield number, _malformed(number, json.dumps(document, default=str))
    if not good:
        remedy = "The page is cut off or no JSON; fetch or export it again"
        raise InputError(str(file.path), problem, remedy)


def _by_line(file: InputFile) -> Iterator[tuple[int, Any]]:
    for number, line in _lines(file):
        try:
            document = exact_json(line)
        except ValueError:
            yield number, _malformed(number, line.decode("utf-8", "backslashreplace"))
            continue
        for item in _opened(document):
            yield number, item


def _whole(file: InputFile) -> Any:
    """The file as one document; None where it is none."""
    try:
        return exact_json(b"".join(line_chunks(file)).decode("utf-8-sig"))
    except ValueError:
        return None


def _lines(file: InputFile) -> Iterator[tuple[int, bytes]]:
    number = 0
    for block in line_chunks(file, 8 * 1024 * 1024):
        for line in block.split(b"\n")[: -1 if block.endswith(b"\n") else None]:
            number += 1
            cleaned = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if cleaned.strip():
                yield number, cleaned


def _opened(document: Any) -> list[Any]:
    return document if isinstance(document, list) else [document]


def _malformed(number: int, text: str) -> Refused:
    return Refused(
        source_line=number,
        row_number=number,
        reason="malformed_json",
        raw_text=clean(text[:65_536]),
    )


def unknown_shape(file: InputFile, document: Mapping[str, Any], remedy: str) -> InputError:
    """The error for a document of no known shape; names the keys that were found."""
    keys = ", ".join(sorted(map(str, document))[:8]) or "none"
    return InputError(str(file.path), f"unknown shape of page (keys: {keys})", remedy)
