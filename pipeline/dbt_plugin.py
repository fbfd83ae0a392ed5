"""What dbt's own connection needs to read the lake: named in profiles/profiles.yml."""

from __future__ import annotations

from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from ingest.store import allow_reads, location


class Plugin(BasePlugin):
    """Lets dbt read a lake in an object store.

    Its ``lake`` setting is where ``raw/`` is; empty when dbt is called by hand.
    """

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Takes the settings of the profile."""
        self.lake = str(plugin_config["lake"])

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Called once, before the first query."""
        allow_reads(conn, location(self.lake))
