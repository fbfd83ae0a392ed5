"""The hand-made bills have the shape that ingest writes."""

from __future__ import annotations

from ingest.schemas import INVOICE_LINES, PROVIDER_LINES
from tests.support.provider_factory import INVOICE_SCHEMA, PROVIDER_SCHEMA


def test_the_factory_writes_the_contracts_columns() -> None:
    assert PROVIDER_LINES.arrow.equals(PROVIDER_SCHEMA)
    assert INVOICE_LINES.arrow.equals(INVOICE_SCHEMA)
