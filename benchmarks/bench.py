"""What the benchmarks share: where inputs and results lie, how often, how large."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure import Run, middle, run


@dataclass(frozen=True)
class Engine:
    """CPU seconds of a build without dbt's start-up, and the memory of the whole process."""

    seconds: float
    startup: float
    peak_mib: float

    @classmethod
    def of(cls, runs: Sequence[Run], idle: Sequence[Run]) -> Engine:
        """Medians of the runs, less those of the same build with next to nothing to do."""
        whole, startup = middle(runs), middle(idle).cpu_seconds
        return cls(whole.cpu_seconds - startup, startup, whole.peak_mib)


@dataclass
class Bench:
    """One run of the benchmarks.

    Attributes:
        folder: inputs are kept here from run to run, results are replaced.
        log_rows: lines of the call log.
        lake_rows: landed calls of the 90 days.
        repeats: runs of each side; medians are shown.
        large: whether five times the history is measured too.
        say: called with what is being done now.
        peaks: largest memory of our side, by what it did.
        full: the full refresh of the lake, once it has been measured.
    """

    folder: Path
    log_rows: int
    lake_rows: int
    repeats: int
    large: bool
    say: Callable[[str], None]
    peaks: dict[str, float] = field(default_factory=dict)
    full: Engine | None = None

    def empty(self, name: str) -> Path:
        """A folder without anything in it."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def made_once(self, name: str, make: Callable[[Path], None]) -> Path:
        """A file or folder that is made unless an earlier run left it whole."""
        path = self.folder / name
        if not path.exists():
            draft = self.folder / f"unfinished-{name}"
            shutil.rmtree(draft, ignore_errors=True)
            draft.unlink(missing_ok=True)
            make(draft)
            draft.rename(path)
        return path

    def measured(self, what: str, measured_run: Run) -> Run:
        """Keeps the run's memory under a name."""
        self.peaks[what] = max(self.peaks.get(what, 0), measured_run.peak_mib)
        return measured_run

    def call_log(self, rows: int) -> Path:
        """The call log of so many lines."""

        def make(path: Path) -> None:
            self.say(f"writing a log of {rows:,} calls")
            run("benchmarks.inputs", "log", path, rows)

        return self.made_once(f"calls-{rows}.ndjson", make)

    def lake(self, rows_a_day: int, days: int) -> Path:
        """A data folder whose lake holds so many calls on each of its days."""

        def make(path: Path) -> None:
            self.say(f"landing {days} days of {rows_a_day:,} calls")
            run("benchmarks.inputs", "lake", path / "raw", rows_a_day, 0, days)

        return self.made_once(f"lake-{days}x{rows_a_day}", make)
