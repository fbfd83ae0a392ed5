"""CSV files: exact, stable, harmless in a spreadsheet, written whole."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from publish.reports import MissingWarehouseError, cell_text, write_reports


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema reports")
        connection.execute(
            "create table reports.rpt_spend as select * from (values "
            "(date '2026-10-02', '=1+1', cast(0.000000000001 as decimal(38, 12))), "
            "(date '2026-10-01', 'b, \"quoted\"', null), "
            "(date '2026-10-01', 'a', cast(12345678901234567890 as decimal(38, 12)))"
            ") as rows (cost_date, tenant_id, billed_cost_usd)"
        )
        connection.execute("create table reports.scratch as select 1 as one")
    return file


def test_a_report_is_exact_sorted_and_harmless(warehouse: Path, tmp_path: Path) -> None:
    written = write_reports(warehouse, tmp_path / "reports")
    file = tmp_path / "reports" / "rpt_spend.csv"
    assert written == {file: 3}
    assert file.read_text() == (
        "cost_date,tenant_id,billed_cost_usd\n"
        "2026-10-01,a,12345678901234567890.000000000000\n"
        '2026-10-01,"b, ""quoted""",\n'
        "2026-10-02,'=1+1,0.000000000001\n"
    )
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["rpt_spend.csv"]


def test_the_same_data_is_the_same_bytes(warehouse: Path, tmp_path: Path) -> None:
    write_reports(warehouse, tmp_path / "one")
    write_reports(warehouse, tmp_path / "two")
    one, two = (tmp_path / name / "rpt_spend.csv" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("text", ["=A1", "+1", "-1", "@x", "\tx", "\rx"])
def test_formulas_become_text(text: str) -> None:
    assert cell_text(text) == "'" + text


def test_numbers_stay_numbers() -> None:
    assert cell_text(Decimal("-0.50")) == "-0.50"
    assert cell_text(Decimal("1E-12")) == "0.000000000001"
    assert cell_text(True) == "true"
    assert cell_text(dt.datetime(2026, 10, 1, 9, tzinfo=dt.UTC)) == "2026-10-01T09:00:00Z"


def test_without_a_warehouse_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingWarehouseError, match="make build"):
        write_reports(tmp_path / "warehouse.duckdb", tmp_path / "reports")
