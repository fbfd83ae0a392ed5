"""Where a command reads and writes."""

from __future__ import annotations

from ingest.errors import TokenhouseError
from ingest.settings import Settings, load_settings
from publish.close.errors import CloseError


def places() -> Settings:
    """Where the warehouse and everything published is (``local``), and where the lake (``data``).

    Raises:
        CloseError: the environment names no usable folder.
    """
    try:
        return load_settings()
    except TokenhouseError as error:
        raise CloseError(str(error)) from error
