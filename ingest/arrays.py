"""Arrow arrays of what Python read."""

from __future__ import annotations

from typing import Any

import pyarrow as pa


def text_array(values: list[Any], kind: pa.DataType) -> pa.Array:
    """An Arrow array; half characters, which JSON can escape but no text can hold, stay escaped."""
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        whole = [v and v.encode("utf-8", "backslashreplace").decode() for v in values]
        return pa.array(whole, kind)
