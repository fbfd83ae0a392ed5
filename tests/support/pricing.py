"""A warehouse that holds the real pricing models over calls a test has made up.

The project built here is a stub around `models/intermediate/pricing`, the repository's own
macros and seeds: staging is the table of calls given, nothing else of the product takes part.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

REPOSITORY = Path(__file__).resolve().parents[2]

CALL_COLUMNS = {
    "event_date": pa.date32(),
    "event_id": pa.string(),
    "component_index": pa.int32(),
    "provider": pa.string(),
    "model": pa.string(),
    "service_tier": pa.string(),
    "speed": pa.string(),
    "inference_geo": pa.string(),
    "project_id": pa.string(),
    "is_batch": pa.bool_(),
    "is_cache_hit": pa.bool_(),
    "outcome": pa.string(),
    "http_status": pa.int32(),
    "uncached_input_tokens": pa.int64(),
    "cache_read_tokens": pa.int64(),
    "cache_write_5m_tokens": pa.int64(),
    "cache_write_1h_tokens": pa.int64(),
    "output_tokens": pa.int64(),
    "input_audio_tokens": pa.int64(),
    "cache_read_audio_tokens": pa.int64(),
    "output_audio_tokens": pa.int64(),
    "web_search_requests": pa.int64(),
    "code_execution_sessions": pa.int64(),
    "image_count": pa.int64(),
    "search_units": pa.int64(),
    "audio_seconds": pa.decimal128(18, 6),
    "usage_status": pa.string(),
    "provider_cost_usd": pa.decimal128(38, 12),
    "started_at": pa.timestamp("us", tz="UTC"),
}

_DEFAULTS: dict[str, object] = {
    "component_index": 0,
    "is_batch": False,
    "is_cache_hit": False,
    "outcome": "success",
    "usage_status": "reported",
}

_PROJECT = """
name: pricing_test
version: "1.0"
profile: pricing_test
model-paths: [models, {repository}/models/intermediate/pricing]
macro-paths: [macros, {repository}/macros/pricing, {repository}/macros/portable]
seed-paths: [{repository}/seeds/prices]
models:
  pricing_test:
    +schema: intermediate
    +materialized: view
    stub:
      +schema: staging
seeds:
  pricing_test:
    +schema: seeds
    +quote_columns: false
flags:
  send_anonymous_usage_stats: false
"""

_PROFILE = """
pricing_test:
  target: test
  outputs:
    test: {type: duckdb, path: warehouse.duckdb, threads: 2, settings: {TimeZone: UTC}}
"""

_MACROS = """
{% macro in_touched_dates(date_column) %}true{% endmacro %}
{% macro in_tested_dates(date_column) %}true{% endmacro %}
{% macro generate_schema_name(custom_schema_name, node) %}
    {{- custom_schema_name or target.schema -}}
{% endmacro %}
"""


def build_pricing_warehouse(folder: Path, calls: list[dict[str, object]]) -> Path:
    """Price calls with the repository's models and seeds.

    Args:
        folder: An empty folder.
        calls: Rows of `stg_lake__calls`; what a row does not say is NULL or a plain default.

    Returns:
        The warehouse file.
    """
    calls_file = folder / "calls.parquet"
    write_calls(calls_file, calls)
    files = {
        "dbt_project.yml": _PROJECT.format(repository=os.path.relpath(REPOSITORY, folder)),
        "profiles.yml": _PROFILE,
        "macros/stub.sql": _MACROS,
        "models/stub/stg_lake__calls.sql": f"select * from read_parquet('{calls_file}')",
    }
    for source in ("tests/data/generic/unique_grain.sql", "macros/incremental/unless_known.sql"):
        text = (REPOSITORY / source).read_text(encoding="utf-8")
        files[f"macros/{Path(source).name}"] = text
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-c", "from dbt.cli.main import cli; cli()"]
    arguments = ["build", "--quiet", "--profiles-dir", ".", "--exclude-resource-type"]
    done = subprocess.run(
        [*command, *arguments, "test", "--exclude-resource-type", "unit_test"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "warehouse.duckdb"


def write_calls(path: Path, calls: list[dict[str, object]]) -> None:
    """Write calls as the Parquet file that staging reads.

    Args:
        path: File to write.
        calls: Rows; see `build_pricing_warehouse`.
    """
    rows = []
    for number, call in enumerate(calls):
        row = _DEFAULTS | {"event_id": str(number)} | call
        started_at = row["started_at"]
        assert isinstance(started_at, datetime)
        row["event_date"] = started_at.date()
        rows.append({name: row.get(name) for name in CALL_COLUMNS})
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(CALL_COLUMNS.items())), path)
