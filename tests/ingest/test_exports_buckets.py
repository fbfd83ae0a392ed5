"""A delivery states whole buckets: the same again, changed, vanished, disjoint, smaller, empty."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import InputError
from ingest.schemas import PROVIDER_LINES
from tests.support.exports import ExportLake, openai_cost, openai_page, openai_usage, unix

DAY, NEXT = "2026-10-05", "2026-10-06"


def costs(*values: Any, day: str = DAY, **fields: Any) -> dict[str, Any]:
    results = [openai_cost(value, f"item {n}", **fields) for n, value in enumerate(values)]
    return openai_page({day: results})


def test_the_same_content_again_is_a_duplicate_and_writes_nothing(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.land_new("openai-costs", "a.json", costs(1, 2, 2))
    before = lake.rows(current=False)
    result = lake.land_new("openai-costs", "b.json", costs(1, 2, 2))
    assert (result.rows_read, result.rows_landed, result.rows_duplicate) == (3, 0, 3)
    assert result.touched_dates == set()
    assert lake.rows(current=False) == before
    # the file itself again is not even read
    known = lake.land("openai-costs", lake.files / "b.json")
    assert (known.already_landed, known.rows_read, known.rows_duplicate) == (True, 3, 3)


def test_rows_that_say_the_same_twice_are_two_rows(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    page = openai_page({DAY: [openai_cost(2, "x"), openai_cost(2, "x")]})
    lake.land_new("openai-costs", "a.json", page)
    assert lake.amount() == 4
    assert len({row["line_id"] for row in lake.rows()}) == 2


def test_a_changed_past_day_supersedes_and_keeps_the_old(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    two_days = openai_page({DAY: [openai_cost(5, "x")], NEXT: [openai_cost(7, "x")]})
    lake.land_new("openai-costs", "a.json", two_days)
    changed = openai_page({DAY: [openai_cost(6, "x")], NEXT: [openai_cost(7, "x")]})
    result = lake.land_new("openai-costs", "b.json", changed)
    assert (result.rows_landed, result.rows_superseding, result.rows_duplicate) == (1, 1, 1)
    assert result.touched_dates == {DAY}
    assert lake.amount() == 13
    kept = {(str(row["event_date"]), row["amount"], row["is_current"]) for row in
            lake.rows(current=False)}  # fmt: skip
    assert kept == {
        (DAY, Decimal(5), False),
        (DAY, Decimal(6), True),
        (NEXT, Decimal(7), True),
    }


def test_a_row_that_vanished_vanishes(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.land_new("openai-costs", "a.json", costs(5, 4, 3))
    lake.land_new("openai-costs", "b.json", costs(5, 4))
    assert lake.amount() == 9
    assert {row["line_item"] for row in lake.rows()} == {"item 0", "item 1"}
    # and the first state can come back: it is a third version, not a duplicate of the first
    lake.land_new("openai-costs", "c.json", costs(5, 4, 3))
    assert lake.amount() == 12
    assert len(lake.rows(current=False)) == 8


def test_disjoint_projects_complement_each_other(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.land_new("openai-costs", "p1.json", costs(5, project_id="proj_1"))
    second = lake.land_new("openai-costs", "p2.json", costs(8, project_id="proj_2"))
    assert second.rows_superseding == 0
    assert lake.amount() == 13
    # one of the two again changes only itself
    lake.land_new("openai-costs", "p2b.json", costs(9, project_id="proj_2"))
    assert lake.amount() == 14
    # both together say what is known already
    both = openai_page(
        {DAY: [openai_cost(n, "item 0", project_id=p) for n, p in ((5, "proj_1"), (9, "proj_2"))]}
    )
    assert lake.land_new("openai-costs", "both.json", both).rows_duplicate == 2


def test_a_row_without_project_forbids_the_complement(tmp_path: Path) -> None:
    """Scale-tier cost has no project: it could be in both deliveries."""
    lake = ExportLake(tmp_path)
    lake.land_new("openai-costs", "a.json", costs(5, project_id="proj_1"))
    mixed = openai_page(
        {DAY: [openai_cost(8, "item 0", project_id="proj_2"), openai_cost(1, "scale")]}
    )
    assert lake.land_new("openai-costs", "b.json", mixed).rows_superseding == 2
    assert lake.amount() == 9


def test_another_grouping_replaces_never_adds(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    by_project = openai_page(
        {DAY: [openai_cost(2, None, project_id=f"proj_{n}") for n in range(5)]}
    )
    lake.land_new("openai-costs", "projects.json", by_project)
    total = openai_page({DAY: [openai_cost("9.99")]})
    # a fifth of the rows, and yet nothing is missing: a cent was restated meanwhile
    assert lake.land_new("openai-costs", "total.json", total).rows_superseding == 1
    assert lake.amount() == Decimal("9.99")
    lake.land_new("openai-costs", "projects2.json", by_project | {"object": "page "})
    assert (lake.amount(), len(lake.rows())) == (10, 5)


def test_fewer_rows_of_the_same_sum_are_no_loss(tmp_path: Path) -> None:
    """Grouping by user is not kept, so it shows in the number of rows alone."""
    lake = ExportLake(tmp_path)
    lake.land_new("openai-usage", "a.json", openai_page({DAY: [openai_usage()] * 5}))
    whole = openai_usage(input_tokens=500, output_tokens=50, num_model_requests=5)
    assert lake.land_new("openai-usage", "b.json", openai_page({DAY: [whole]})).rows_landed == 1


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((10, 10), (4, 5), r"2026-10-05 amount 20 -> 9"),
        ((10, 1, 1, 1, 1), (10, 1), r"2026-10-05 rows 5 -> 2"),
    ],
)
def test_a_sharply_smaller_delivery_is_refused_unless_told(
    tmp_path: Path, before: tuple[int, ...], after: tuple[int, ...], said: str
) -> None:
    lake = ExportLake(tmp_path)
    lake.land_new("openai-costs", "a.json", costs(*before))
    # the other day of the file is fine, and lands no more than the refused one
    page = costs(*after)
    page["data"] += costs(99, day=NEXT)["data"]
    with pytest.raises(InputError, match=said + r".*--accept-smaller") as refusal:
        lake.land_new("openai-costs", "b.json", page)
    assert refusal.value.exit_code == 2
    assert lake.amount() == sum(before)
    accepted = lake.land("openai-costs", lake.files / "b.json", accept_smaller=True)
    assert accepted.rows_landed == len(after) + 1
    assert lake.amount() == sum(after) + 99


def test_tokens_that_fall_sharply_are_refused_too(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.land_new("openai-usage", "a.json", openai_page({DAY: [openai_usage(input_tokens=1000)]}))
    small = openai_page({DAY: [openai_usage(input_tokens=400)]})
    with pytest.raises(InputError, match="quantity 1011 -> 411"):
        lake.land_new("openai-usage", "b.json", small)


def test_half_is_not_yet_sharply_smaller(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.land_new("openai-costs", "a.json", costs(10, 10))
    assert lake.land_new("openai-costs", "b.json", costs(10)).rows_landed == 1


def test_an_empty_bucket_counts_only_where_told(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.land_new("openai-costs", "a.json", costs(5))
    empty = openai_page({DAY: [], NEXT: [openai_cost(1)]})
    lake.land_new("openai-costs", "b.json", empty)
    assert lake.amount() == 6
    again = lake.land("openai-costs", lake.files / "b.json", accept_smaller=True)
    assert lake.amount() == 1
    assert DAY in again.touched_dates
    # CSVs print empty days, too: they state nothing, told or not
    lake.land_new("openai-costs", "c.json", costs(5))
    header = "start_time,end_time,amount_value,amount_currency"
    row = f"{unix(DAY)},{unix(DAY) + 86400},,"
    lake.land_new("openai-costs", "c.csv", f"{header}\n{row}\n", accept_smaller=True)
    assert lake.amount() == 6


def test_pages_that_go_on_are_one_delivery(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    first = openai_page({DAY: [openai_cost(5, "x")]}, has_more=True, next_page="p2")
    second = openai_page({DAY: [openai_cost(7, "y")]})
    paths = [lake.write("pull/page-2.json", first), lake.write("pull/page-10.json", second)]
    lake.land("openai-costs", *paths)
    assert lake.amount() == 12
    assert len({row["landing_id"] for row in lake.rows()}) == 1


def test_two_exports_of_the_same_day_in_one_command_are_not_added(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    early = lake.write("costs-2026-10-06.json", costs(5, 5))
    late = lake.write("costs-2026-10-20.json", costs(6, 5))
    lake.land("openai-costs", early, late)
    assert lake.amount() == 11


def test_an_export_that_names_the_organisation_replaces_pages_that_do_not(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    lake.land_new("openai-costs", "api.json", costs(5))
    header = "start_time,end_time,amount_value,amount_currency,organization_id"
    row = f"{unix(DAY)},{unix(DAY) + 86400},6,usd,org-1"
    lake.land_new("openai-costs", "csv.csv", f"{header}\n{row}\n")
    assert lake.amount() == 6
    lake.land_new("openai-costs", "api2.json", costs(7))
    assert lake.amount() == 7


def test_several_accounts_stay_apart_and_a_nameless_page_must_say_whose_it_is(
    tmp_path: Path,
) -> None:
    lake = ExportLake(tmp_path)
    lake.land_new("openai-costs", "a.json", costs(5), account="org-1")
    lake.land_new("openai-costs", "b.json", costs(8), account="org-2")
    assert lake.amount() == 13
    with pytest.raises(InputError, match="--account"):
        lake.land_new("openai-costs", "c.json", costs(9))
    lake.land("openai-costs", lake.files / "c.json", account="org-2")
    assert (lake.amount(billing_account_id="org-1"), lake.amount()) == (5, 14)


def test_an_empty_page_of_a_nameless_account_empties_nobody(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    for account in ("org-1", "org-2"):
        lake.land_new("openai-costs", f"{account}.json", costs(5), account=account)
    page = lake.write("empty.json", openai_page({DAY: []}))
    lake.land("openai-costs", page)
    with pytest.raises(InputError, match="--account"):
        lake.land("openai-costs", page, accept_smaller=True)
    lake.land("openai-costs", page, accept_smaller=True, account="org-2")
    assert {row["billing_account_id"] for row in lake.rows()} == {"org-1"}


def test_hours_of_one_day_delivered_apart_complement_each_other(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    for hour in range(3):
        start = unix(DAY) + hour * 3600
        bucket = {"start_time": start, "end_time": start + 3600, "results": [openai_usage()]}
        lake.land_new("openai-usage", f"{hour}.json", {"data": [bucket], "has_more": False})
    assert lake.meters()["requests"] == 3
    assert {row["bucket_key"] for row in lake.rows()} == {f"openai-usage|completions|openai||{DAY}"}


def test_a_dry_run_counts_and_writes_nothing(tmp_path: Path) -> None:
    lake = ExportLake(tmp_path)
    result = lake.land_new("openai-costs", "a.json", costs(1, "x"), dry_run=True)
    assert (result.rows_read, result.rows_landed, result.rows_quarantined) == (2, 1, 1)
    assert (lake.rows(), lake.refused()) == ([], [])
    assert lake.land("openai-costs", lake.files / "a.json").rows_landed == 1


def test_line_ids_are_made_of_what_a_row_says(tmp_path: Path) -> None:
    one, other = ExportLake(tmp_path / "one"), ExportLake(tmp_path / "other")
    one.land_new("openai-costs", "a.json", costs(1, 2, 3))
    other.land_new("openai-costs", "b.ndjson", costs(1, 2, 3))
    ids = [sorted(row["line_id"] for row in lake.rows()) for lake in (one, other)]
    assert ids[0] == ids[1]
    assert set(one.rows()[0]) == set(PROVIDER_LINES.names)
