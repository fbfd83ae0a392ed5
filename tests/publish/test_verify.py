"""A closed month against every way of changing it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from publish.cli import app
from publish.close.close import close_month
from publish.close.manifest import digest_of, sealed
from publish.close.verify import verify_month
from publish.errors import PublishError, TamperedError
from tests.support.close_story import TODAY, october, shifted, story

MONTH = "2026-10"
FILES = (
    "chargeback_lines.csv",
    "invoice_bridge.csv",
    "journal_entries.csv",
    "reconciliation.csv",
    "restatements.csv",
    "snapshot/figures.csv",
    "summary.html",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    story(tmp_path)
    return close_month(tmp_path, MONTH, today=TODAY).folder


def findings(folder: Path, month: str = MONTH) -> str:
    with pytest.raises(TamperedError) as caught:
        verify_month(folder.parent, month)
    return str(caught.value)


def rewritten(folder: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Edits a manifest and gives it the digest it then needs."""
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_bytes(sealed(manifest))


def test_an_untouched_month_is_good(folder: Path) -> None:
    assert verify_month(folder.parent, MONTH)["billing_month"] == MONTH


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_is_found(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / name
    content = bytearray(file.read_bytes())
    for place in {0, len(content) // 2, len(content) - 1}:
        content[place] ^= 1
        file.write_bytes(content)
        assert f"{name}: same length, other bytes" in findings(folder)
        content[place] ^= 1
    content[0] ^= 1
    file.write_bytes(content)
    monkeypatch.setenv("TOKENHOUSE_DATA", str(folder.parents[1]))
    result = CliRunner().invoke(app, ["verify", "--month", MONTH])
    assert result.exit_code == 1
    assert name in result.output


def test_every_bit_of_the_manifest_counts(folder: Path) -> None:
    file = folder / "manifest.json"
    content = bytearray(file.read_bytes())
    for place in range(0, len(content), 37):
        content[place] ^= 1
        file.write_bytes(content)
        assert "manifest.json" in findings(folder), place
        content[place] ^= 1


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert f"{name}: missing" in findings(folder)


def test_a_missing_manifest_is_named(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    assert "manifest.json: missing" in findings(folder)


@pytest.mark.parametrize("name", ["extra.csv", "snapshot/.hidden"])
def test_an_extra_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_text("")
    assert f"{name}: extra" in findings(folder)


def test_a_byte_more_is_found(folder: Path) -> None:
    with (folder / "journal_entries.csv").open("ab") as stream:
        stream.write(b"\n")
    assert "journal_entries.csv: " in findings(folder)


def test_a_manifest_resealed_with_another_total_does_not_tie(folder: Path) -> None:
    def change(manifest: dict[str, object]) -> None:
        manifest["control_totals"]["journal_debits"].popitem()  # type: ignore[index]

    rewritten(folder, change)
    assert "control total journal_debits is not that of the files" in findings(folder)


def test_a_journal_forged_with_its_hashes_does_not_balance(folder: Path) -> None:
    import hashlib

    file = folder / "journal_entries.csv"
    forged = (
        file.read_bytes()
        .replace(b"126.05,0.00", b"126.06,0.00")
        .replace(b"0.00,126.05", b"0.00,126.07", 1)
    )
    assert forged != file.read_bytes()
    file.write_bytes(forged)

    def change(manifest: dict[str, object]) -> None:
        listed = manifest["files"]["journal_entries.csv"]  # type: ignore[index]
        listed["sha256"] = hashlib.sha256(forged).hexdigest()
        listed["bytes"] = len(forged)

    rewritten(folder, change)
    assert "has debits" in findings(folder)


def test_a_rewritten_close_breaks_the_chain(folder: Path, tmp_path: Path) -> None:
    story(tmp_path, shifted(october(), "2026-11"))
    november = close_month(tmp_path, "2026-11", today=dt.date(2026, 12, 2)).folder
    verify_month(folder.parent, "2026-11")
    rewritten(folder, lambda manifest: manifest.update(reason="another story"))
    assert "not the close that 2026-11 builds on" in findings(folder)
    assert "2026-10/manifest.json: not the close this one builds on" in findings(
        november, "2026-11"
    )


def test_nothing_is_closed_on_top_of_a_changed_month(folder: Path, tmp_path: Path) -> None:
    story(tmp_path, shifted(october(), "2026-11"))
    (folder / "summary.html").write_text("another page")
    with pytest.raises(TamperedError, match="2026-10 is not what was closed"):
        close_month(tmp_path, "2026-11", today=dt.date(2026, 12, 2))
    assert not (tmp_path / "closes" / "2026-11").exists()


def test_a_month_that_is_not_closed_is_no_finding(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="2026-10 is not closed"):
        verify_month(tmp_path / "closes", MONTH)


def test_the_digest_is_of_everything_else(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["digest"] == digest_of(manifest)
    assert manifest["digest"] != digest_of({**manifest, "reason": "x"})


def test_a_month_has_one_spelling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENHOUSE_DATA", str(tmp_path))
    for month in ("2026-9", "2026-13", "202610", "10/2026"):
        result = CliRunner().invoke(app, ["close", "--month", month])
        assert (result.exit_code, "as 2026-10" in result.output) == (2, True), month
