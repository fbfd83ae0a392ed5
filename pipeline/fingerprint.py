"""What a stored result depends on besides the lake: models, macros, seeds, engine."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from pipeline.settings import PROJECT


def code_fingerprint() -> str:
    """Changes when a model, a macro, the project's settings or the engine changes."""
    files = [PROJECT / "dbt_project.yml"]
    for folder in ("models", "macros"):
        files += sorted(file for file in (PROJECT / folder).rglob("*") if file.is_file())
    return _digest(PROJECT, files, salt=duckdb.__version__)


def seeds_fingerprint(seeds: Path) -> str:
    """Changes when any seed file changes."""
    return _digest(seeds, sorted(file for file in seeds.rglob("*") if file.is_file()))


def _digest(root: Path, files: list[Path], salt: str = "") -> str:
    digest = hashlib.sha256(salt.encode())
    for file in files:
        digest.update(file.relative_to(root).as_posix().encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
