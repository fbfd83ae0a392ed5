"""Reading and writing seed CSVs: whole or not at all, the same bytes for the same rows."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path


def read_seed(path: Path) -> list[dict[str, str]]:
    """Rows of a seed.

    Args:
        path: The CSV; a file that is not there has no rows.

    Returns:
        One dict per row, all values text.
    """
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_seed(path: Path, columns: Sequence[str], rows: Iterable[dict[str, str]]) -> int:
    """Replace a seed in one step: a crash leaves the old file or the new one.

    Args:
        path: The CSV to write.
        columns: Header, in order.
        rows: The rows; a missing or unknown column is an error.

    Returns:
        The number of rows written.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(columns), lineterminator="\n")
    writer.writeheader()
    count = 0
    for row in rows:
        if row.keys() != set(columns):
            raise ValueError(f"{path.name}: row with columns {sorted(row)}")
        writer.writerow(row)
        count += 1
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return count
