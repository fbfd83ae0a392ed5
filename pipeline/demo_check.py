"""One comparison of the demo: what was compared, and where it differs."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Check:
    """One comparison: what was compared, how much of it, and where it differs."""

    name: str
    compared: int
    differences: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing differs, and there was something to compare."""
        return self.compared > 0 and not self.differences
