"""One built lake for the tests that only look at it, or tamper with a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lake_factory import Lake, call
from tests.support.warehouse import build_lake


@pytest.fixture(scope="session")
def built_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days with every kind of call: retries, components, gaps, an unpriced model."""
    data = tmp_path_factory.mktemp("built")
    acme = {"tenant_id": "acme", "feature": "chat"}
    globex = {"tenant_id": "globex", "feature": "search"}
    lake = Lake(data)
    lake.land(
        [
            call("plain", "2026-10-01 09:30", **acme),
            call("failed", "2026-10-01 23:58", operation_id="op", outcome="error", **acme),
            call("thrown", "2026-10-01 23:59", operation_id="op", attempt=2, **acme),
            call("served", "2026-10-02 00:01", operation_id="op", attempt=3, **acme),
            call("other", "2026-10-02 10:00", model="gpt-4o", **globex),
            call("nobody", "2026-10-02 11:00", api_key_id="key-7"),
            call("mystery", "2026-10-02 12:00", model="no-such-model-9", **globex),
            call("mystery", "2026-10-02 12:00", component_index=1, model="gpt-4o", **globex),
        ]
    )
    build_lake(data)
    return data
