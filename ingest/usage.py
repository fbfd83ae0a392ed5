"""The usage normaliser's SQL, ready to be put over a relation of text fields.

Data flow: text fields of a landing -> ``ingest/sql/usage.sql`` -> disjoint token classes.
Counts are tokens (or requests, images, units, seconds as their names say); money is US dollars.

The dialects together have 113 keys and one object has ten, so an object is parsed by the keys
that the landing has met, and ``unmet_keys_sql`` finds the rows for which those are not enough.
"""

from __future__ import annotations

import json
from collections.abc import Set
from pathlib import Path
from typing import Any

_SQL = Path(__file__).parent / "sql"
_SHAPE: dict[str, Any] = json.loads((_SQL / "usage_keys.json").read_text(encoding="utf-8"))


def keys_in(value: Any) -> set[str]:
    """The keys of a JSON value, at any depth."""
    if isinstance(value, list):
        return set().union(*map(keys_in, value))
    if isinstance(value, dict):
        return set(value).union(*map(keys_in, value.values()))
    return set()


USAGE_KEYS = frozenset(keys_in(_SHAPE))


def usage_sql(relation: str, keys: Set[str] = USAGE_KEYS) -> str:
    """A SELECT with every column of ``relation`` and the normaliser's columns beside them.

    Args:
        relation: table, view or parenthesised query with every canonical field as text.
        keys: the keys to look for in usage objects.
    """
    shape = json.dumps(_met(_SHAPE, keys))
    told = f"cast(try(json_transform(usage, '{shape}')) as {_type(_SHAPE)})"
    return _template("usage.sql", relation).replace("told_by(usage)", told)


def unmet_keys_sql(keys: Set[str]) -> str:
    """A SQL test of ``usage``: whether it may have a key of ours that is not among ``keys``.

    A key may be written with escapes, so an object with an escape in it may have any.
    """
    if not (unmet := "|".join(sorted(USAGE_KEYS - keys))):
        return "false"
    return f"""coalesce(regexp_matches(usage, '"({unmet})"|\\\\u00'), false)"""


def components_sql(relation: str) -> str:
    """A SELECT of the extra calls billed inside a call, in the shape of ``relation``.

    Args:
        relation: as for ``usage_sql``.
    """
    return _template("components.sql", relation)


def _template(name: str, relation: str) -> str:
    sql = (_SQL / name).read_text(encoding="utf-8")
    return sql.replace("from fields\n", f"from {relation} as fields\n")


def _met(shape: Any, keys: Set[str]) -> Any:
    """A shape without the keys not met; where none is met, all: that it is there counts too."""
    if isinstance(shape, list):
        return [_met(inner, keys) for inner in shape]
    if isinstance(shape, dict):
        kept = {key: _met(inner, keys) for key, inner in shape.items() if key in keys}
        return kept or shape
    return shape


def _type(shape: Any) -> str:
    if isinstance(shape, list):
        return f"{_type(shape[0])}[]"
    if isinstance(shape, dict):
        fields = ", ".join(f'"{key}" {_type(inner)}' for key, inner in shape.items())
        return f"struct({fields})"
    return str(shape)
