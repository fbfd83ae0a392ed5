"""What a close or a verification can end with.

CloseError                the warehouse or the arguments cannot be used: exit 2
├── RefusedError          the month may not be closed, with every reason: exit 1
└── TamperedError         a closed month is not what was closed, with every finding: exit 1
"""

from __future__ import annotations

from collections.abc import Sequence


class CloseError(Exception):
    """The warehouse or the arguments cannot be used; the message says what to do."""


class RefusedError(CloseError):
    """The month may not be closed.

    Attributes:
        reasons: every reason, one sentence each.
    """

    def __init__(self, month: str, reasons: Sequence[str]) -> None:
        self.reasons = list(reasons)
        listed = "".join(f"\n  - {reason}" for reason in self.reasons)
        super().__init__(f"{month} is not closed:{listed}")


class TamperedError(CloseError):
    """A closed month is not what was closed.

    Attributes:
        findings: every file and what differs, one sentence each.
    """

    def __init__(self, month: str, findings: Sequence[str]) -> None:
        self.findings = list(findings)
        listed = "".join(f"\n  - {finding}" for finding in self.findings)
        super().__init__(f"{month} is not what was closed:{listed}")
