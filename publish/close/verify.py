"""Is a closed month still what was closed? Every byte, every sum, every link of the chain."""

from __future__ import annotations

import json
from pathlib import Path

from publish.close.inputs import first_day
from publish.close.manifest import (
    MANIFEST,
    Manifest,
    closed_months,
    digest_of,
    read_manifest,
    sealed,
    sha256,
)
from publish.close.totals import control_totals, loose_ends
from publish.errors import PublishError, TamperedError


def verify_month(closes: Path, month: str) -> Manifest:
    """Looks at a closed month; see `findings_of`.

    Args:
        closes: folder of the closes.
        month: the month, as 2026-10.

    Returns:
        Its manifest.

    Raises:
        TamperedError: anything is not what was closed.
        PublishError: the month is not closed.
    """
    first_day(month)
    if not (closes / month).is_dir():
        raise PublishError(f"{month} is not closed: there is no {closes / month}")
    if findings := findings_of(closes, month):
        raise TamperedError(month, findings)
    return read_manifest(closes / month)


def findings_of(closes: Path, month: str) -> list[str]:
    """Everything that is not as it was closed; empty when all is."""
    folder = closes / month
    try:
        manifest = read_manifest(folder)
        findings = _seal_findings(folder, month, manifest)
        findings += _file_findings(folder, manifest)
        if findings:
            return findings
        return _sum_findings(folder, manifest) + _chain_findings(closes, month, manifest)
    except FileNotFoundError as error:
        return [f"{Path(str(error.filename)).name}: missing"]
    except (ValueError, KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        return [f"{MANIFEST}: not readable as the manifest of a close ({error})"]


def _seal_findings(folder: Path, month: str, manifest: Manifest) -> list[str]:
    findings = []
    if manifest.get("digest") != digest_of(manifest):
        findings.append(f"{MANIFEST}: edited; its digest is not that of its content")
    elif (folder / MANIFEST).read_bytes() != sealed(manifest):
        findings.append(f"{MANIFEST}: edited; not the bytes a close writes")
    if manifest.get("billing_month") != month:
        findings.append(f"{MANIFEST}: says it is of {manifest.get('billing_month')}")
    return findings


def _file_findings(folder: Path, manifest: Manifest) -> list[str]:
    findings = []
    there = {str(file.relative_to(folder)) for file in folder.rglob("*") if not file.is_dir()} - {
        MANIFEST
    }
    listed = manifest["files"]
    findings += [f"{name}: extra; no close wrote it" for name in sorted(there - listed.keys())]
    for name, expected in sorted(listed.items()):
        if name not in there:
            findings.append(f"{name}: missing")
            continue
        content = (folder / name).read_bytes()
        if len(content) != expected["bytes"]:
            findings.append(f"{name}: {len(content)} bytes, closed with {expected['bytes']}")
        elif sha256(content) != expected["sha256"]:
            findings.append(f"{name}: same length, other bytes (sha256 {sha256(content)[:12]}…)")
    return findings


def _sum_findings(folder: Path, manifest: Manifest) -> list[str]:
    files = {
        name: (folder / name).read_bytes() for name in manifest["files"] if name.endswith(".csv")
    }
    totals = control_totals(files)
    findings = [
        f"{MANIFEST}: control total {name} is not that of the files"
        for name in sorted(totals.keys() | manifest["control_totals"].keys())
        if totals.get(name) != manifest["control_totals"].get(name)
    ]
    return findings + loose_ends(totals)


def _chain_findings(closes: Path, month: str, manifest: Manifest) -> list[str]:
    """The close before must be the one this one was built on, and the one after on this one."""
    findings = []
    if previous := manifest["previous"]:
        before = closes / previous["billing_month"]
        if not (before / MANIFEST).exists():
            findings.append(f"{previous['billing_month']}: missing, and this close builds on it")
        elif read_manifest(before).get("digest") != previous["digest"]:
            findings.append(
                f"{previous['billing_month']}/{MANIFEST}: not the close this one builds on"
            )
    for later in closed_months(closes):
        after = read_manifest(closes / later).get("previous") if later > month else None
        if after and after["billing_month"] == month and after["digest"] != manifest["digest"]:
            findings.append(f"{MANIFEST}: not the close that {later} builds on")
    return findings
