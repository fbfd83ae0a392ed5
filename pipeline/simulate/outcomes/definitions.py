"""Which features have outcomes, how their events are called, how often and how late they come."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.simulate.company import FEATURES
from pipeline.simulate.incidents import DAY

WINDOW_HOURS = 168
WINDOW_MS = 7 * DAY
GOOD_SHARE = 950  # thousandths of an invoice's fields that must be right
FEEDBACK = "user_feedback"  # the score of a Langfuse trace: 1 or 0
CHECKED = "extraction_checked"  # its value is a share; whether it is a success, the seed says


@dataclass(frozen=True)
class Outcome:
    """What becomes of a feature's tasks.

    Attributes:
        success, failure: event names; the same where its value tells them apart.
        success_share: of tasks, under an ordinary prompt.
        silent_share: of tasks, whose outcome nobody ever says.
        delay_minutes, delay_spread: median and log-normal sigma of the time it takes.
        by_run: events name the workflow run, not the task.
        without_calls: tasks a cache or rule answered, as a share of those with calls.
    """

    success: str
    failure: str
    success_share: float
    silent_share: float
    delay_minutes: float
    delay_spread: float
    by_run: bool = False
    without_calls: float = 0.0


OUTCOMES: dict[str, Outcome] = {
    "copilot": Outcome("answer_accepted", "answer_rejected", 0.78, 0.10, 3, 1.8,
                       without_calls=0.02),
    "smart_reply": Outcome("draft_accepted", "draft_rejected", 0.70, 0.08, 6, 1.6,
                           without_calls=0.06),
    "ticket_summary": Outcome("task_succeeded", "task_failed", 0.90, 0.15, 20, 1.4),
    "ticket_triage": Outcome("task_succeeded", "task_failed", 0.93, 0.05, 45, 1.5),
    "translation": Outcome("answer_accepted", "answer_rejected", 0.88, 0.20, 2, 1.2),
    "rag_search": Outcome("answer_accepted", "answer_rejected", 0.66, 0.25, 1, 1.5, by_run=True,
                          without_calls=0.04),
    "agent_research": Outcome("task_completed", "task_failed", 0.68, 0.10, 240, 1.5),
    "agent_resolver": Outcome("ticket_resolved", "task_failed", 0.74, 0.06, 1_440, 1.3),
    "invoice_extract": Outcome(CHECKED, CHECKED, 0.91, 0.05, 720, 0.8),
}  # fmt: skip
MEASURED = [number for number, f in enumerate(FEATURES) if f.feature in OUTCOMES]
AGENTS = [number for number in MEASURED if FEATURES[number].workload_class == "agents"]

# What may follow a first event, and how often: (features, after success or failure, share).
FOLLOWED: dict[str, tuple[tuple[str, ...], bool | None, float]] = {
    "reopened": (("agent_resolver",), True, 0.10),  # a ticket, days later
    "undone": (("copilot", "smart_reply"), True, 0.02),  # the event itself, taken back
    "corrected": (tuple(OUTCOMES), None, 0.01),  # the same event says otherwise
    "replaced": (tuple(OUTCOMES), None, 0.01),  # by another event, which names it
    "reworked": (("copilot", "smart_reply"), False, 0.25),  # a second try that went well
}
RESOLVED_AGAIN_SHARE = 0.4
TAIL_SHARE = 0.012  # of events: days or weeks late, half of them past the window
NOTED_LATE_SHARE = 0.02  # events recorded days after they happened
FILED_LATE_SHARE = 0.006  # events recorded in time that arrive in the file of a later day
REPEATED_SHARE = 0.004
BROKEN_SHARE = 0.004
