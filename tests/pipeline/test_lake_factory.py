"""Hand-made lakes have the columns that landing writes."""

from __future__ import annotations

from ingest.schemas import CALLS, LANDINGS, PRODUCT_EVENTS
from tests.support.event_factory import EVENTS_SCHEMA
from tests.support.lake_factory import CALLS_SCHEMA, LANDINGS_SCHEMA


def test_hand_made_tables_have_the_landed_schema() -> None:
    assert CALLS_SCHEMA.equals(CALLS.arrow)
    assert LANDINGS_SCHEMA.equals(LANDINGS.arrow)
    assert EVENTS_SCHEMA.equals(PRODUCT_EVENTS.arrow)
