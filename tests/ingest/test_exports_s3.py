"""Exports in an object store: versions, compaction and quarantine as in a folder."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from ingest.compact import compact
from ingest.errors import InputError
from ingest.exports.landing import ExportLanding
from ingest.inputs import find_files
from ingest.lake import Lake
from ingest.results import FileResult
from ingest.schemas import PROVIDER_LINES
from ingest.settings import Settings
from ingest.store import S3Path, allow_reads
from tests.support.exports import ExportLake, openai_cost, openai_page
from tests.support.s3_server import s3_server

DAY = "2026-10-05"


def test_a_changed_day_in_an_object_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = ExportLake(tmp_path)
    monkeypatch.chdir(tmp_path)
    with s3_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        data = S3Path("s3://lakes/exports")

        def land(name: str, *amounts: object) -> FileResult:
            results = [openai_cost(amount, f"item {n}") for n, amount in enumerate(amounts)]
            path = files.write(name, openai_page({DAY: results}))
            landing = ExportLanding("openai-costs", Settings(data, None))
            [result] = landing.run(find_files([str(path)]))
            return result

        assert land("a.json", 5, "x").rows_quarantined == 1
        assert land("b.json", 4).rows_superseding == 1
        assert land("c.json", 4).rows_duplicate == 1
        with pytest.raises(InputError, match="amount 4 -> 1"):
            land("d.json", 1)
        lake = Lake(data / "raw")
        assert compact(lake).files_after == 1
        paths = [
            str(lake.folder(PROVIDER_LINES) / file.path)
            for day in lake.files(lake.open(PROVIDER_LINES)).values()
            for file in day
        ]
        with duckdb.connect() as con:
            allow_reads(con, data)
            rows = con.execute(
                f"select cast(amount as int), is_current from read_parquet({paths!r}) order by 1"
            ).fetchall()
    assert rows == [(4, True), (5, False)]
