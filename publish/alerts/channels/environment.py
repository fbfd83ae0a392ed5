"""Addresses and keys, from the environment variables that routes name."""

from __future__ import annotations

import os

from publish.alerts.errors import UnconfiguredError


def value_of(variable: str) -> str:
    """What a variable holds.

    Raises:
        UnconfiguredError: nothing.
    """
    value = os.environ.get(variable, "").strip() if variable else ""
    if not value:
        raise UnconfiguredError(f"{variable or 'target_env'} is not set")
    return value
