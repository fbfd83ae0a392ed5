"""The usage normaliser's SQL, ready to be put over a relation of text fields.

Data flow: text fields of a landing -> ``ingest/sql/usage.sql`` -> disjoint token classes.
Counts are tokens (or requests, images, units, seconds as their names say); money is US dollars.
"""

from __future__ import annotations

from pathlib import Path

_SQL = Path(__file__).parent / "sql"


def usage_sql(relation: str) -> str:
    """A SELECT with every column of ``relation`` and the normaliser's columns beside them.

    Args:
        relation: table, view or parenthesised query with every canonical field as text.
    """
    return _template("usage.sql", relation)


def components_sql(relation: str) -> str:
    """A SELECT of the extra calls billed inside a call, in the shape of ``relation``.

    Args:
        relation: as for ``usage_sql``.
    """
    return _template("components.sql", relation)


def _template(name: str, relation: str) -> str:
    sql = (_SQL / name).read_text(encoding="utf-8")
    return sql.replace("from fields\n", f"from {relation} as fields\n")
