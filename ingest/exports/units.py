"""Which files of a command are one delivery.

A file is a delivery, with two exceptions: JSON pages that say ``has_more`` go on in the next file,
and of sources that export in parts (``MANY_FILES``) the numbered parts of one name in one folder
are one. Not the folder, nor the command: those may hold the same month exported twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ingest.inputs import InputFile, line_chunks

# BigQuery: name-000000000001.json; AWS: name-00001.csv.gz; Azure: part_0_0001.csv
_PART = re.compile(r"([-_.]?part[-_]?\d+([-_]\d+)*|[-_]\d{5}|\d{12})(?=\.)", re.IGNORECASE)
_HAS_MORE = re.compile(rb'"has_more"\s*:\s*(true|false)')


def deliveries(files: Sequence[InputFile], many_files: bool) -> Iterator[list[InputFile]]:
    """The files in natural order (``page-2`` before ``page-10``), one list a delivery."""
    ordered = sorted(files, key=_natural)
    if many_files:
        wholes: dict[str, list[InputFile]] = {}
        for file in ordered:
            wholes.setdefault(_whole(file), []).append(file)
        yield from wholes.values()
        return
    unit: list[InputFile] = []
    for file in ordered:
        if unit and file.format != "lines":
            yield unit
            unit = []
        unit.append(file)
        if file.format != "lines" or not _goes_on(file):
            yield unit
            unit = []
    if unit:
        yield unit


def _whole(file: InputFile) -> str:
    """The path without its part number."""
    return str(file.path.with_name(_PART.sub("#", file.path.name)))


def _natural(file: InputFile) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", str(file.path))
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _goes_on(file: InputFile) -> bool:
    """Whether the last page of a file says that there are more."""
    last = b""
    for block in line_chunks(file, 8 * 1024 * 1024):
        found = _HAS_MORE.findall(block)
        last = found[-1] if found else last
    return last == b"true"
