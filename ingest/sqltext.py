"""Text inside SQL literals."""


def quoted(text: str) -> str:
    """Text safe between single quotes."""
    return text.replace("'", "''")
