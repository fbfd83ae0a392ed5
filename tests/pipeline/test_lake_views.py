"""The lake as the models see it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
from deltalake import DeltaTable, write_deltalake

from pipeline.lake_views import create_views, open_lake
from tests.support.lake_factory import Lake


def test_a_landing_recorded_by_two_machines_shows_once(tmp_path: Path) -> None:
    """The second machine read the manifest before the first one had written its row."""
    lake = Lake(tmp_path)
    lake.record_landing("landing-0001", {dt.date(2026, 10, 3)}, 5)
    lake.record_landing("landing-0002", {dt.date(2026, 10, 4)}, 7)
    recorded = DeltaTable(str(lake.landings)).to_pyarrow_table().to_pylist()
    again = DeltaTable(str(lake.landings)).to_pyarrow_table(
        filters=[("landing_id", "=", "landing-0001")]
    )
    write_deltalake(str(lake.landings), again, mode="append")

    with duckdb.connect() as connection:
        create_views(connection, open_lake(tmp_path / "raw"))
        shown = connection.execute("select landing_id, rows_landed from lake.landings").fetchall()
    assert len(recorded) == 2
    assert sorted(shown) == [("landing-0001", 5), ("landing-0002", 7)]
