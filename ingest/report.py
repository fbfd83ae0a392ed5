"""What a landing tells the user: progress while it runs, one line a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from ingest.results import FileResult


def result_row(result: FileResult) -> dict[str, Any]:
    """A file's result as plain values."""
    return {
        "source": result.source,
        "source_file": result.file.name,
        "rows_read": result.rows_read,
        "rows_landed": result.rows_landed,
        "rows_duplicate": result.rows_duplicate,
        "rows_quarantined": result.rows_quarantined,
        "rows_superseding": result.rows_superseding,
        "rows_component": result.rows_component,
        "already_landed": result.already_landed,
        "balanced": result.balanced,
    }


def result_line(row: dict[str, Any]) -> str:
    """A file's result as the line people read."""
    note = " (already landed)" if row["already_landed"] else ""
    extra = f", {row['rows_superseding']:,} superseding" if row["rows_superseding"] else ""
    return (
        f"{row['source_file']}: {row['rows_read']:,} read = {row['rows_landed']:,} landed"
        f" + {row['rows_duplicate']:,} duplicate + {row['rows_quarantined']:,} quarantined"
        f"{extra}{note}"
    )


class BytesProgress:
    """A progress bar on a terminal; nothing where output is piped (each file prints a line).

    Args:
        label: what is being done.
        total: bytes in all.
    """

    def __init__(self, label: str, total: int) -> None:
        console = Console(stderr=True)
        self.progress = Progress(
            TextColumn(label),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self.total = total

    def __enter__(self) -> Callable[[int], None]:
        self.progress.start()
        task = self.progress.add_task("", total=self.total)
        return lambda size: self.progress.advance(task, size)

    def __exit__(self, *_: object) -> None:
        self.progress.stop()
