"""Run a command of an export source: files or a pull, landed and told."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from ingest.errors import UsageError
from ingest.exports.command import Asked, Days
from ingest.exports.landing import ExportLanding
from ingest.exports.registry import SOURCES
from ingest.inputs import InputFile, find_files
from ingest.report import BytesProgress, result_line, result_row
from ingest.settings import Settings, load_settings


def land(asked: Asked, paths: list[str], days: Days | None) -> None:
    """Land the files below the paths, or what the API says of the days.

    Raises:
        UsageError: neither or both are named.
        SystemExit: 1 where a file's rows are not all accounted for.
    """
    if bool(paths) == bool(days):
        pulled = ", or --from DAY --to DAY to pull them" if SOURCES[asked.source].api else ""
        raise UsageError(f"{asked.source}: name the files to land{pulled}.")
    if days and asked.dry_run:
        raise UsageError("--dry-run reads files: give the pulled pages as PATH.")
    told = _Told(asked, load_settings())
    try:
        if days:
            from ingest.pulls.command import pull_and_land  # noqa: PLC0415 — needs the network

            pull_and_land(
                asked.source,
                told.settings,
                told.land,
                given_from=days.first,
                given_to=days.last,
                restate_days=days.restate_days,
            )
        else:
            told.land(find_files(paths))
    finally:
        told.finish()
    if not all(row["balanced"] for row in told.rows):
        raise SystemExit(1)


class _Told:
    """A landing whose results are told as they come."""

    def __init__(self, asked: Asked, settings: Settings) -> None:
        self.asked = asked
        self.settings = settings
        self.rows: list[dict[str, Any]] = []
        self.notes: list[str] = []

    def land(self, files: Sequence[InputFile]) -> None:
        asked = self.asked
        size = sum(file.size for file in files)
        with BytesProgress(f"landing {asked.source}", size) as advance:
            landing = ExportLanding(
                asked.source,
                self.settings,
                dry_run=asked.dry_run,
                accept_smaller=asked.accept_smaller,
                account=asked.account,
                advance=advance,
            )
            try:
                for result in landing.run(files):
                    self.rows.append(result_row(result))
                    if not asked.as_json:
                        print(result_line(self.rows[-1]), flush=True)
            finally:
                self.notes += landing.notes

    def finish(self) -> None:
        if self.asked.as_json:
            said = {"dry_run": self.asked.dry_run, "files": self.rows, "notes": self.notes}
            print(json.dumps(said, indent=2))
            return
        for note in self.notes:
            print(f"note: {note}", file=sys.stderr)
