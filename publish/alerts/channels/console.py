"""stdout: the alert as text. The way out of a deployment that has configured nothing."""

from __future__ import annotations

import sys

from publish.alerts.errors import LaterError
from publish.alerts.records import Delivery
from publish.alerts.text import plain


def payload(delivery: Delivery) -> str:
    """The text."""
    return plain(delivery)


def send(delivery: Delivery) -> None:
    """Prints it.

    Raises:
        LaterError: nobody reads the output.
    """
    try:
        sys.stdout.write(payload(delivery) + "\n\n")
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        raise LaterError(f"the output cannot be written ({type(error).__name__})") from error
