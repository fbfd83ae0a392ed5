"""Parse one chunk into ``rows`` and ``components``: one row per line, its number, its problem.

The fast reader takes a whole chunk in one pass, but a line that breaks off can make it misread
its neighbour, or give up. So its answer is checked: the number of rows must be the number of lines,
and each line it read nothing from is read again on its own, with the lines beside it. Where the
numbers differ, every line of the chunk is read on its own: slower, and always exact.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from ingest.chunks import lines_at, sampled_keys
from ingest.fields import KNOWN_KEYS, fields_sql, line_objects_sql, lines_sql, objects_sql
from ingest.parse import typed_sql
from ingest.usage import USAGE_KEYS, components_sql, unmet_keys_sql

# What the typed rows carry beside the columns of calls.
KEPT = ("_line", "user_id", "has_other_keys", "has_iterations", "is_empty")


@dataclass
class ChunkParser:
    """Parses the chunks of one landing; remembers which keys its lines use.

    Attributes:
        con: the landing's connection, with the macros of ``ingest/parse.py``.
        source: the command's source name.
        is_mapped: whether adapters wrote the lines; only they may use the envelope.
        keys: known keys met so far, in either spelling.
        usage_keys: known keys of usage objects met so far.
    """

    con: duckdb.DuckDBPyConnection
    source: str
    is_mapped: bool
    keys: set[str] = field(default_factory=set)
    usage_keys: set[str] = field(default_factory=set)

    def parse(self, chunk: Path, line_count: int) -> None:
        """Make the views ``rows`` (row_id, typed columns, problem) and ``components``."""
        keys, usage_keys = sampled_keys(chunk)
        self.keys |= keys
        self.usage_keys |= usage_keys
        if not self._parse_fast(chunk, line_count):
            self._parse_lines(chunk)
        reread = self._reread(chunk, line_count)
        self.con.execute(
            "create or replace temp view rows as select rowid as row_id, * from typed"
            + (
                " where rowid not in (select row_id from reread) union all select * from reread"
                if reread
                else ""
            )
        )
        self._parse_components()

    def _parse_fast(self, chunk: Path, line_count: int) -> bool:
        objects = objects_sql(str(chunk))
        try:
            self._type_all(objects)
        except duckdb.InvalidInputException:
            return False
        [(rows,)] = self.con.execute("select count(*) from typed").fetchall()
        return bool(rows == line_count)

    def _parse_lines(self, chunk: Path) -> None:
        self.con.execute(
            f"create or replace temp table lines as select line from {lines_sql(str(chunk))}"
        )
        self._type_all(line_objects_sql("lines"))

    def _type_all(self, objects: str) -> None:
        """Make ``typed``, in the order of lines: its rowid is the line's number."""
        while True:
            self.con.execute(f"create or replace temp view fields as {self._fields(objects)}")
            typed = self._typed("fields", usage_keys=self.usage_keys)
            self.con.execute("create or replace temp table typed as " + typed)
            if not self._any("typed where has_other_keys"):
                return
            self._meet_keys(objects)

    def _meet_keys(self, objects: str) -> None:
        """Add the keys of a chunk to those met; where names show no new one, all."""
        met = len(self.keys) + len(self.usage_keys)
        counts = ", ".join(f'count("{key}")' for key in KNOWN_KEYS)
        [row] = self.con.execute(f"select {counts} from {objects}").fetchall()
        self.keys |= {key for key, count in zip(KNOWN_KEYS, row, strict=True) if count}
        names = self.con.execute(
            f"""select distinct unnest(regexp_extract_all(usage, '"(\\w+)"', 1)) from {objects}"""
        ).fetchall()
        self.usage_keys |= {name for (name,) in names} & USAGE_KEYS
        if len(self.keys) + len(self.usage_keys) == met:
            self.usage_keys |= USAGE_KEYS

    def _reread(self, chunk: Path, line_count: int) -> bool:
        """Make ``reread``: lines nothing was read from, and their neighbours, read exactly."""
        empty = self.con.execute("select rowid from typed where is_empty").fetchall()
        if not empty:
            return False
        near = {row + shift for (row,) in empty for shift in (-1, 0, 1)}
        rows = sorted(row for row in near if 0 <= row < line_count)
        texts = lines_at(chunk, rows)
        table = pa.table({"row_id": pa.array(rows, pa.int64()), "line": [texts[r] for r in rows]})
        self.con.register("doubtful_lines", table)
        self.con.execute(
            "create or replace temp table reread_lines as select * from doubtful_lines"
        )
        self.con.unregister("doubtful_lines")
        fields = self._fields(line_objects_sql("reread_lines"), keys=set(KNOWN_KEYS), own="row_id")
        self.con.execute(
            "create or replace temp table reread as " + self._typed(f"({fields})", "row_id")
        )
        return True

    def _parse_components(self) -> None:
        """Make ``components``: extra billed runs of the calls that list their iterations."""
        if not self._any("rows where has_iterations"):
            self.con.execute(
                "create or replace temp table components as"
                " select 0 as row_id, * exclude (row_id) from rows limit 0"
            )
            return
        self.con.execute(
            """
            create or replace temp table iterating as
            with numbered as (select row_number() over () - 1 as row_id, * from fields)
            select * from numbered where has_iterations
            """
        )
        self.con.execute(
            "create or replace temp table components as "
            + self._typed(f"({components_sql('iterating')})", "row_id")
        )

    def _typed(self, fields: str, *own: str, usage_keys: Set[str] = USAGE_KEYS) -> str:
        return typed_sql(fields, source=self.source, keep=(*own, *KEPT), usage_keys=usage_keys)

    def _fields(self, objects: str, *, keys: set[str] | None = None, own: str = "") -> str:
        hidden = "" if self.is_mapped else ", cast(null as varchar) as _time_source"
        others = f"has_other_keys or {unmet_keys_sql(self.usage_keys)} as has_other_keys"
        return (
            f"select * replace ({others}{hidden}), 0 as component_index,"
            " coalesce(contains(usage, '\"iterations\"'), false) as has_iterations"
            f" from ({fields_sql(objects, keys or self.keys, own)})"
        )

    def _any(self, relation: str) -> bool:
        return bool(self.con.execute(f"select 1 from {relation} limit 1").fetchall())
