"""User ids leave landing only as keyed hashes: HMAC-SHA256 with a key from the environment.

The key never touches the lake. Without a key the ids are dropped, which is said once.
"""

from __future__ import annotations

import hashlib
import hmac

import duckdb
import pyarrow as pa


def hash_user(user_id: str, key: bytes) -> str:
    """The first 32 hex digits of HMAC-SHA256(key, user_id)."""
    return hmac.new(key, user_id.encode(), hashlib.sha256).hexdigest()[:32]


def hash_users(con: duckdb.DuckDBPyConnection, relation: str, key: bytes | None) -> None:
    """Make ``user_hashes(user_id, user_id_hash)`` for the ids in ``relation``.

    Each distinct id is hashed once, outside SQL, so the key is in no statement.
    """
    ids: list[str] = []
    if key is not None:
        rows = con.execute(
            f"select distinct user_id from {relation} where user_id <> ''"
        ).fetchall()
        ids = [user_id for (user_id,) in rows]
    hashes = [hash_user(user_id, key) for user_id in ids] if key is not None else []
    table = pa.table(
        {"user_id": pa.array(ids, pa.string()), "user_id_hash": pa.array(hashes, pa.string())}
    )
    con.register("hashed_now", table)
    con.execute("create or replace temp table user_hashes as select * from hashed_now")
    con.unregister("hashed_now")
