"""The manifest of a close: what was closed, from what, and a digest of itself.

Each manifest names the digest of the close before it, so a closed month cannot be rewritten
without every later one telling.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"

Manifest = dict[str, Any]


def sha256(content: bytes) -> str:
    """The digest of a file."""
    return hashlib.sha256(content).hexdigest()


def digest_of(manifest: Mapping[str, Any]) -> str:
    """The digest of a manifest: of everything in it but the digest itself."""
    body = {name: value for name, value in manifest.items() if name != "digest"}
    return sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())


def sealed(manifest: Mapping[str, Any]) -> bytes:
    """The manifest file, with its digest."""
    whole = {**manifest, "digest": digest_of(manifest)}
    return (json.dumps(whole, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a close.

    Raises:
        ValueError: it is no JSON object.
    """
    found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{folder / MANIFEST} is no JSON object")
    return found


def closed_months(closes: Path) -> list[str]:
    """The months closed so far, in order."""
    if not closes.is_dir():
        return []
    return sorted(
        file.parent.name for file in closes.glob(f"*/{MANIFEST}") if file.parent.name[0] != "."
    )


def code_digest() -> str:
    """A digest of the code that closes: the sources of this package and its SQL."""
    folder = Path(__file__).parent
    files = sorted([*folder.glob("*.py"), *folder.glob("sql/*.sql")])
    return sha256(b"".join(file.read_bytes() for file in files))
