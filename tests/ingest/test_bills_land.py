"""Cloud bills through the landing: late rows, restated periods, parts, exports repeated."""

from __future__ import annotations

import os
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest.cli import app
from ingest.errors import InputError
from ingest.lake import Lake
from ingest.schemas import table_of
from tests.ingest.test_source_aws import row as aws_row
from tests.ingest.test_source_azure import row as azure_row
from tests.ingest.test_source_focus import row as focus_row
from tests.ingest.test_source_gcp import row as gcp_row
from tests.support.bills import csv_file, json_file
from tests.support.usage import shared

LATE = "2026-11-05T00:00:00Z"


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOKENHOUSE_DATA", str(tmp_path / "data"))
    return tmp_path


def run(*arguments: object) -> None:
    app([str(argument) for argument in arguments], standalone_mode=False)


def landed(columns: str, where: str = "is_current") -> list[tuple[Any, ...]]:
    """Rows of raw/provider_lines in a stable order."""
    store = Lake(Path(os.environ["TOKENHOUSE_DATA"]) / "raw")
    table = table_of("focus")
    paths = [
        str(store.folder(table) / file.path)
        for day in store.files(store.open(table)).values()
        for file in day
    ]
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        return con.execute(
            f"select {columns} from read_parquet({paths!r}) where {where} order by all"
        ).fetchall()


def test_late_rows_of_google_add_to_their_day(lake: Path) -> None:
    first = [gcp_row(cost=0.6), gcp_row(cost=0.4)]
    late = gcp_row(cost=0.25, export_time=LATE)
    later = gcp_row(cost=-0.05, export_time="2026-11-09T00:00:00Z")
    run("gcp-billing", json_file(lake / "day.json", first))
    run("gcp-billing", json_file(lake / "late.json", [late]))
    assert landed("sum(amount), count(*)") == [(Decimal("1.25"), 3)]
    run("gcp-billing", json_file(lake / "full.json", [*first, late, later]))
    assert landed("sum(amount), count(*)") == [(Decimal("1.20"), 4)]
    assert landed("amount", "not is_current") == []


def test_equal_rows_of_google_are_two_charges(lake: Path) -> None:
    run("gcp-billing", json_file(lake / "day.json", [gcp_row(), gcp_row()]))
    assert landed("sum(amount), count(distinct line_id)") == [(Decimal("1.2"), 2)]


def test_shards_of_one_google_export_belong_together(lake: Path) -> None:
    for number, cost in enumerate((0.6, 0.4)):
        json_file(lake / f"bill-{number:012}.json", [gcp_row(cost=cost)])
    run("gcp-billing", lake / "bill-*.json")
    assert landed("sum(amount)") == [(Decimal("1.0"),)]


def test_parts_of_a_report_belong_together_and_its_next_run_supersedes(lake: Path) -> None:
    for name, costs in (("run-1", (1, 2)), ("run-2", (1, 3))):
        (lake / name).mkdir()
        for number, cost in enumerate(costs, start=1):
            part = lake / name / f"cur-{number:05}.csv"
            csv_file(part, [aws_row(line_item_unblended_cost=cost)])
    run("aws-cur", lake / "run-1", lake / "run-2")
    assert landed("amount") == [(Decimal(1),), (Decimal(3),)]
    assert landed("count(*)", "not is_current") == [(2,)]


def test_novembers_report_leaves_october_alone(lake: Path) -> None:
    run("aws-cur", csv_file(lake / "october.csv", [aws_row(line_item_unblended_cost="5")]))
    late = aws_row(
        line_item_unblended_cost="0.1", bill_billing_period_start_date="2026-11-01T00:00:00Z"
    )
    run("aws-cur", csv_file(lake / "november.csv", [late]))
    assert landed("amount, invoice_month") == [
        (Decimal("0.1"), "2026-11"),
        (Decimal(5), "2026-10"),
    ]


def test_month_to_date_exports_of_azure_are_not_added_up(lake: Path) -> None:
    for day, costs in (("0429", ("1",)), ("0430", ("1", "2"))):
        rows = [azure_row(Cost=cost, MeterId=f"m{cost}") for cost in costs]
        csv_file(lake / f"mtd-{day}.csv", rows)
    run("azure-costs", lake / "mtd-*.csv")
    assert landed("sum(amount)") == [(Decimal(3),)]


def test_the_published_sample_lands_once(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shared("data", "focus_sample", "focus_sample.csv")
    run("focus", path)
    copied = Path(shutil.copy(path, lake / "again.csv"))
    run("focus", copied)
    assert landed("count(*), sum(amount), count(distinct line_id)") == [
        (1000, Decimal("20.52022672899"), 1000)
    ]
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("1,000 read = 1,000 landed + 0 duplicate + 0 quarantined")
    assert said[1].endswith("1,000 read = 0 landed + 1,000 duplicate + 0 quarantined")


def test_a_sharply_smaller_bill_is_refused(lake: Path) -> None:
    run("focus", csv_file(lake / "a.csv", [focus_row(BilledCost="10")]))
    smaller = csv_file(lake / "b.csv", [focus_row(BilledCost="1")])
    with pytest.raises(InputError, match="2026-10-02"):
        run("focus", smaller)
    assert landed("amount") == [(Decimal(10),)]


def test_a_charge_of_one_instant_is_superseded_too(lake: Path) -> None:
    for name, cost in (("a.csv", "10"), ("b.csv", "12")):
        instant = focus_row(BilledCost=cost, ChargePeriodEnd="2026-10-02 00:00:00", SubAccountId="")
        run("focus", csv_file(lake / name, [instant]))
    assert landed("amount") == [(Decimal(12),)]


def test_bad_rows_go_to_quarantine_and_people_stay_out(lake: Path) -> None:
    rows = [
        focus_row(Tags='{"owner_email": "jo@acme.test", "env": "prod", "by": "jo@acme.test"}'),
        focus_row(BilledCost="free", Tags='{"by": "jo@acme.test"}'),
    ]
    run("focus", csv_file(lake / "a.csv", rows))
    assert landed("tags") == [('{"by": "[e-mail]", "env": "prod"}',)]
    found = duckdb.sql(
        "select source_line, reason, field, value, raw_text"
        f" from read_parquet('{lake}/data/quarantine/**/*.parquet')"
    ).fetchall()
    assert [row[:4] for row in found] == [(3, "bad_amount", "BilledCost", "free")]
    assert "acme.test" not in found[0][4]


def test_a_file_without_the_columns_lands_nothing(lake: Path) -> None:
    path = csv_file(lake / "a.csv", [{"BilledCost": "1"}])
    for source in ("focus", "azure-costs", "aws-cur", "gcp-billing"):
        with pytest.raises(InputError, match="required columns are missing"):
            run(source, path)
    assert not (lake / "data" / "quarantine").exists()
