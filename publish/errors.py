"""What can stop a command that publishes.

TokenhouseError (ingest/errors.py)
└── PublishError                  the warehouse or the arguments cannot be used: exit 2
    ├── MissingWarehouseError     nothing is built yet (publish/reports.py): exit 2
    ├── RepriceError              history cannot be repriced (publish/reprice.py): exit 2
    ├── RefusedError              a month may not be closed, with every reason: exit 1
    └── TamperedError             a closed month is not what was closed: exit 1
"""

from __future__ import annotations

from collections.abc import Sequence

from ingest.errors import TokenhouseError


class PublishError(TokenhouseError):
    """The warehouse or the arguments cannot be used; the message says what to do."""

    exit_code = 2


class RefusedError(PublishError):
    """The month may not be closed.

    Attributes:
        reasons: every reason, one sentence each.
    """

    exit_code = 1

    def __init__(self, month: str, reasons: Sequence[str]) -> None:
        self.reasons = list(reasons)
        listed = "".join(f"\n  - {reason}" for reason in self.reasons)
        super().__init__(f"{month} is not closed:{listed}")


class TamperedError(PublishError):
    """A closed month is not what was closed.

    Attributes:
        findings: every file and what differs, one sentence each.
    """

    exit_code = 1

    def __init__(self, month: str, findings: Sequence[str]) -> None:
        self.findings = list(findings)
        listed = "".join(f"\n  - {finding}" for finding in self.findings)
        super().__init__(f"{month} is not what was closed:{listed}")
