"""focus-validator 2.2.1 in an environment of its own, outside the repository.

It needs Python 3.12 and pins of its own, so it cannot live in ours. Where there is no 3.12 it is
installed all the same, and the one line that 3.11 cannot read is rewritten.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VERSION = "2.2.1"
KNOWN_FAILURE = "InvoiceId-C-004-C"
CRITERIA = (
    "ACCOUNT_NAMING_SUPPORTED",
    "MULTIPLE_PRICING_CATEGORIES_SUPPORTED",
    "NEGOTIATED_PRICING_SUPPORTED",
    "PUBLIC_PRICE_LIST_SUPPORTED",
    "USAGE_MEASUREMENT_SUPPORTED",
    "UNIT_PRICING_SUPPORTED",
    "SUB_ACCOUNT_SUPPORTED",
    "TAGGING_SUPPORTED",
    "MULTIPLE_BILLING_ACCOUNT_TYPES_SUPPORTED",
    "MULTIPLE_SUB_ACCOUNT_TYPES_SUPPORTED",
)
UNREADABLE = r"""f"'{k.replace('\"', '\"\"')}'" for k"""
"""A backslash between the braces of an f-string; 3.11 knows none there."""
READABLE = """"'" + k.replace('"', '""') + "'" for k"""


class UnavailableError(Exception):
    """The package index does not hand the validator out."""


@dataclass(frozen=True)
class Verdict:
    """What the validator said."""

    total: int
    passed: int
    failed: int
    failures: tuple[str, ...]


def validate(file: Path) -> Verdict:
    """Validates a Cost and Usage file as FOCUS 1.2.

    Raises:
        UnavailableError: the validator cannot be installed here.
    """
    python, packages = _environment()
    done = subprocess.run(
        [
            python,
            "-m",
            "focus_validator.main",
            "--data-file",
            str(file.resolve()),
            "--validate-version",
            "1.2",
            "--block-download",
            "--applicability-criteria",
            ",".join(CRITERIA),
        ],
        cwd=packages,  # it reads its currency codes relative to here
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    counts = re.search(r"Total: (\d+) \| Pass: (\d+) \| Fail: (\d+)", done.stdout)
    assert counts, done.stdout[-2000:] + done.stderr[-2000:]
    failures = re.findall(r"(\S+): FAIL\b", done.stdout)
    return Verdict(*map(int, counts.groups()), failures=tuple(sorted(set(failures))))


def _environment() -> tuple[str, Path]:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "tokenhouse-tests" / f"focus-validator-{VERSION}"
    if not (folder / ".ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _install(folder)
        (folder / ".ready").touch()
    (packages,) = (folder / "lib").glob("python3.*/site-packages")
    return str(folder / "bin" / "python"), packages


def _install(folder: Path) -> None:
    newer = next(_newer_pythons(), None)
    _run([newer or sys.executable, "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    anyway = [] if newer else ["--ignore-requires-python"]
    _run([*pip, *anyway, f"focus-validator=={VERSION}", "pyarrow<22"])
    if not newer:
        _repair(folder)


def _repair(folder: Path) -> None:
    name = "focus_validator/config_objects/focus_to_duckdb_converter.py"
    (file,) = folder.glob(f"lib/python3.*/site-packages/{name}")
    source = file.read_text(encoding="utf-8")
    assert UNREADABLE in source, f"focus-validator {VERSION} is not what it was"
    file.write_text(source.replace(UNREADABLE, READABLE), encoding="utf-8")


def _newer_pythons() -> Iterator[str]:
    """Python 3.12, the one its pins were made for, on the path or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    named = [shutil.which("python3.12"), *sorted(pyenv.glob("versions/3.12.*/bin/python"))]
    for candidate in filter(None, named):
        if not subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode:
            yield str(candidate)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    if done.returncode:
        raise UnavailableError(done.stderr.strip().splitlines()[-1] if done.stderr else "no answer")
