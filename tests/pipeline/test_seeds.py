"""A deployment's own seeds replace the project's of the same name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import UsageError
from pipeline.seeds import lay_out_seeds
from pipeline.settings import Settings
from tests.support.lake_factory import Lake, call
from tests.support.warehouse import build_lake, query

RULES = """\
rule_id,priority,api_key_id,project_id,endpoint,valid_from,valid_to,tenant_id,feature,team,environment,workload_class
old-owner,1,key-7,*,*,,2026-10-02 12:00:00+00,acme,,,,
new-owner,1,key-7,*,*,2026-10-02 12:00:00+00,,globex,,,,
house,9,*,*,/v1/chat,,,house,chat,,,
"""


def test_own_rules_attribute_calls_by_their_time(tmp_path: Path) -> None:
    seeds = tmp_path / "my-seeds" / "anywhere"
    seeds.mkdir(parents=True)
    (seeds / "attribution_rules.csv").write_text(RULES)
    lake = Lake(tmp_path / "data")
    lake.land(
        [
            call("before", "2026-10-02 11:59", api_key_id="key-7", endpoint="/v1/chat"),
            call("after", "2026-10-02 12:00", api_key_id="key-7"),
            call("named", "2026-10-02 12:00", api_key_id="key-7", tenant_id="own"),
            call("gap", "2026-10-02 12:00", endpoint="/v1/chat"),
            call("nobody", "2026-10-02 12:00", api_key_id="key-8"),
        ]
    )
    build_lake(lake.data, "fct_calls", seeds=tmp_path / "my-seeds")
    rows = query(
        lake.data,
        "select call_id, tenant_id, tenant_attribution_source, feature "
        "from marts.fct_calls order by 1",
    )
    assert rows == [
        ("after", "globex", "rule", "(unattributed)"),
        ("before", "acme", "rule", "chat"),
        ("gap", "house", "rule", "chat"),
        ("named", "own", "event", "(unattributed)"),
        ("nobody", "(unattributed)", "none", "(unattributed)"),
    ]


def test_a_file_that_replaces_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "atribution_rules.csv").write_text(RULES)
    with pytest.raises(UsageError, match=r"no seed is called atribution_rules\.csv"):
        lay_out_seeds(Settings(data=tmp_path / "data", seeds=tmp_path))
