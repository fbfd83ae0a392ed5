"""What became of each task, event by event: late, taken back, corrected, replaced, or never said.

Everything is decided here before a line is written, so the truth is computed from the plan.
"""

from __future__ import annotations

import polars as pl

from pipeline.simulate.company import FEATURE_NUMBER, FEATURES, Tenant
from pipeline.simulate.incidents import DAY, HOUR, Window
from pipeline.simulate.outcomes.definitions import (
    AGENTS,
    FEEDBACK,
    FILED_LATE_SHARE,
    FOLLOWED,
    GOOD_SHARE,
    MEASURED,
    NOTED_LATE_SHARE,
    OUTCOMES,
    REPEATED_SHARE,
    RESOLVED_AGAIN_SHARE,
    TAIL_SHARE,
)
from pipeline.simulate.prompts import factor
from pipeline.simulate.randomness import Draws, numbers_in

MINUTE = 60_000
LATE_FILE_AT = 0.3  # of the period: that day's events of the app arrive four days later
_SPECS = [OUTCOMES[FEATURES[number].feature] for number in MEASURED]
EVENT = (
    "task", "has_calls", "feature", "tenant", "event_id", "event_name", "is_success",
    "occurred_ms", "observed_ms", "task_id", "run_id", "trace_id", "value", "label", "is_revoked",
    "revokes_event_id", "supersedes_event_id", "version", "stream", "next", "is_repeated",
    "file_day",
)  # fmt: skip


def events_of(
    draws: Draws, tasks: pl.DataFrame, window: Window, customers: tuple[Tenant, ...]
) -> pl.DataFrame:
    """Every version of every product event of the period, and those that come after it.

    Grain: ``event_id``, ``version``; columns ``EVENT``. ``task`` names the task the event is
    about, whatever key the event itself has.

    Args:
        draws: the random numbers.
        tasks: tasks as their calls show them.
        window: the period; an event observed after it is in no file.
        customers: the tenants.
    """
    named = _named(customers)
    first = _first_events(draws, tasks.filter(pl.col("feature").is_in(MEASURED)))
    first = first.with_columns(named)
    alone = _without_calls(draws, tasks).with_columns(named)
    events = pl.concat([_select(first), *_followers(first), _select(alone)])
    return _filed(draws, events.sort("observed_ms", "event_id", "version"), window)


def _drawn(draws: Draws, tasks: pl.DataFrame, name: str) -> pl.Expr:
    """A uniform number per task, the same however many tasks have outcomes."""
    numbers = draws.uniform(f"outcome/{name}", numbers_in(tasks["unit"]))
    return pl.lit(numbers).gather(pl.col("unit"))


def _spec(field: str) -> pl.Expr:
    by_feature = [getattr(OUTCOMES.get(f.feature), field, None) for f in FEATURES]
    return pl.lit(pl.Series(by_feature, strict=False)).gather(pl.col("feature"))


def _named(customers: tuple[Tenant, ...]) -> list[pl.Expr]:
    tenants = pl.Series([customer.tenant_id for customer in customers])
    features = pl.Series([f.feature for f in FEATURES])
    return [
        pl.lit(tenants).gather(pl.col("tenant")).alias("tenant"),
        pl.lit(features).gather(pl.col("feature")).alias("feature"),
    ]


def _first_events(draws: Draws, tasks: pl.DataFrame) -> pl.DataFrame:
    """What is said first of each task that anything is said of. Grain: one row per task."""

    def drawn(name: str) -> pl.Expr:
        return _drawn(draws, tasks, name)

    count = numbers_in(tasks["unit"])
    bits = pl.lit(draws.bits("outcome/event", count)).gather(pl.col("unit"))
    spread = pl.lit(draws.normal("outcome/delay", count)).gather(pl.col("unit"))
    usual = (_spec("delay_minutes") * MINUTE) * (spread * _spec("delay_spread")).exp()
    tail = (5 + 15 * drawn("tail_days")) * DAY
    delay = pl.when(drawn("tail") < TAIL_SHARE).then(tail).otherwise(usual)
    share = _spec("success_share") * factor("success_factor")
    is_said = (drawn("silent") >= _spec("silent_share")) & (pl.col("origin") != "agent_loop")
    said = tasks.filter(is_said).with_columns(
        task="task_" + pl.col("unit_bits").cast(pl.String),
        event_id="pev_" + bits.cast(pl.String),
        is_success=(drawn("success") < share) & pl.col("is_served"),
        occurred_ms=pl.col("ended_ms") + delay.cast(pl.Int64),
        by_run=_spec("by_run"),
        stream=_stream(),
    )
    noted = pl.when(drawn("noted_late") < NOTED_LATE_SHARE).then((0.5 + 2.5 * drawn("noted")) * DAY)
    return said.with_columns(
        observed_ms=pl.col("occurred_ms")
        + (2_000 + 28_000 * drawn("observed")).cast(pl.Int64)
        + noted.cast(pl.Int64).fill_null(0),
        next=_next(drawn("next")),
        again=drawn("again"),
        after=drawn("after"),
        checked=drawn("checked"),
    ).with_columns(_said())


def _stream() -> pl.Expr:
    """Which of our files an event comes in; what a Langfuse trace was scored, Langfuse says."""
    return (
        pl.when(pl.col("feature") == FEATURE_NUMBER["invoice_extract"]).then(pl.lit("checks"))
        .when("in_langfuse").then(pl.lit("scores"))
        .when(pl.col("feature").is_in(AGENTS)).then(pl.lit("agents"))
        .otherwise(pl.lit("app"))
    )  # fmt: skip


def _next(drawn: pl.Expr) -> pl.Expr:
    """What follows the first event: at most one thing; nothing where its file tells no ids."""
    follows = pl.lit("nothing")
    low = 0.0
    in_files = pl.col("stream").is_in(["app", "agents"])
    for name, (features, after, share) in FOLLOWED.items():
        own = pl.col("feature").is_in([FEATURE_NUMBER[feature] for feature in features])
        fits = own if after is None else own & (pl.col("is_success") == after)
        hit = in_files & fits & (drawn >= low) & (drawn < low + share)
        follows = pl.when(hit).then(pl.lit(name)).otherwise(follows)
        low += share
    return follows


def _said() -> list[pl.Expr]:
    """The event in words: its name, its keys and its value."""
    in_scores, in_checks = pl.col("stream") == "scores", pl.col("stream") == "checks"
    by_run = pl.col("by_run")
    unit = pl.col("unit_bits").cast(pl.String)
    good = GOOD_SHARE + (pl.col("checked") * (1_001 - GOOD_SHARE)).floor()
    bad = 300 + (pl.col("checked") * (GOOD_SHARE - 300)).floor()
    success = pl.col("is_success")
    return [
        pl.when(in_scores).then(pl.lit(FEEDBACK)).otherwise(_name(success)).alias("event_name"),
        pl.when(~by_run & ~in_scores).then("task").alias("task_id"),
        pl.when(by_run & ~in_scores).then("run_" + unit).alias("run_id"),
        pl.when(in_scores).then("tr_" + unit).alias("trace_id"),
        pl.when(in_checks).then(pl.when(success).then(good).otherwise(bad) / 1_000)
        .when(in_scores).then(success.cast(pl.Float64)).alias("value"),
        pl.when(~success & ~in_checks & ~in_scores).then(_complaint()).alias("label"),
        pl.lit(True).alias("has_calls"),
        pl.lit(0, pl.Int64).alias("version"),
        pl.lit(False).alias("is_revoked"),
        *_no_links(),
    ]  # fmt: skip


def _name(success: pl.Expr) -> pl.Expr:
    return pl.when(success).then(_spec("success")).otherwise(_spec("failure"))


def _complaint() -> pl.Expr:
    words = pl.Series(["wrong", "incomplete", "tone", "too_late"])
    return pl.lit(words).gather(pl.col("unit") % len(words))


def _no_links() -> list[pl.Expr]:
    return [
        pl.lit(None, pl.String).alias("revokes_event_id"),
        pl.lit(None, pl.String).alias("supersedes_event_id"),
    ]


def _select(events: pl.DataFrame) -> pl.DataFrame:
    return events.with_columns(is_repeated=pl.lit(False), file_day=pl.lit(0, pl.Int64)).select(
        EVENT
    )


def _followers(first: pl.DataFrame) -> list[pl.DataFrame]:
    """What comes after a first event, and is about it."""
    numbers = pl.Series([FEATURE_NUMBER[name] for name in OUTCOMES])
    names = pl.Series(list(OUTCOMES))
    first = first.with_columns(
        feature_number=pl.col("feature").replace_strict(names, numbers, return_dtype=pl.UInt32)
    )

    def after(kind: str, low: float, high: float) -> pl.DataFrame:
        """The tasks something happens to, at a time between the two, in hours."""
        own = first.filter(pl.col("next") == kind)
        wait = ((low + (high - low) * pl.col("after")) * HOUR).cast(pl.Int64)
        return own.with_columns(wait=wait, was=pl.col("event_id"))

    def later(events: pl.DataFrame, suffix: str, name: pl.Expr, success: pl.Expr) -> pl.DataFrame:
        """A further event with an id of its own."""
        return events.with_columns(
            event_id=pl.col("was") + suffix,
            event_name=name,
            label=pl.lit(None, pl.String),
            is_success=success,
            occurred_ms=pl.col("occurred_ms") + pl.col("wait"),
            observed_ms=pl.col("observed_ms") + pl.col("wait"),
        )

    other = ~pl.col("is_success")
    flipped = _name_of(other)
    reopened = after("reopened", 10, 110)
    again = reopened.filter(pl.col("again") < RESOLVED_AGAIN_SHARE).with_columns(
        wait=pl.col("wait") + 20 * HOUR
    )
    replaced = after("replaced", 0.2, 240)
    parts = [
        later(reopened, "-r", pl.lit("ticket_reopened"), pl.lit(False)).with_columns(
            revokes_event_id=pl.col("was")
        ),
        later(again, "-s", pl.lit("ticket_resolved"), pl.lit(True)),
        later(replaced, "-n", flipped, other).with_columns(supersedes_event_id=pl.col("was")),
        later(after("reworked", 0.05, 6), "-t", _name_of(pl.lit(True)), pl.lit(True)),
        after("undone", 0.1, 48).with_columns(
            is_revoked=pl.lit(True),
            version=pl.lit(1, pl.Int64),
            observed_ms=pl.col("observed_ms") + pl.col("wait"),
        ),
        after("corrected", 1, 60).with_columns(
            event_name=flipped,
            label=pl.lit(None, pl.String),
            is_success=other,
            version=pl.lit(1, pl.Int64),
            observed_ms=pl.col("observed_ms") + pl.col("wait"),
        ),
    ]
    return [_select(part) for part in parts]


def _name_of(success: pl.Expr) -> pl.Expr:
    """The event name of a task of ``feature_number``."""
    good = pl.lit(pl.Series([getattr(OUTCOMES.get(f.feature), "success", None) for f in FEATURES]))
    bad = pl.lit(pl.Series([getattr(OUTCOMES.get(f.feature), "failure", None) for f in FEATURES]))
    number = pl.col("feature_number")
    return pl.when(success).then(good.gather(number)).otherwise(bad.gather(number))


def _without_calls(draws: Draws, tasks: pl.DataFrame) -> pl.DataFrame:
    """Tasks a cache or a rule answered: only their event tells of them."""
    parts = []
    for number in MEASURED:
        spec = OUTCOMES[FEATURES[number].feature]
        own = tasks.filter(pl.col("feature") == number)
        rows = round(own.height * spec.without_calls)
        if not rows:
            continue
        stream = f"outcome/without_calls/{number}"
        like = (draws.uniform(f"{stream}/like", rows) * own.height).cast(pl.Int64)
        moved = (draws.uniform(f"{stream}/at", rows) * HOUR).cast(pl.Int64)
        bits = draws.bits(stream, rows).cast(pl.String)
        parts.append(
            own[like]
            .select("feature", "tenant", "opened_ms")
            .with_columns(
                task="task_rule_" + bits,
                task_id="task_rule_" + bits,
                event_id="pev_rule_" + bits,
                is_success=draws.uniform(f"{stream}/success", rows) < 0.9,
                occurred_ms=pl.col("opened_ms") + moved,
                observed_ms=pl.col("opened_ms") + moved + 3_000,
            )
        )
    return pl.concat(parts).with_columns(
        pl.lit(None, pl.String).alias("run_id"),
        pl.lit(None, pl.String).alias("trace_id"),
        pl.lit(None, pl.Float64).alias("value"),
        pl.lit("from_rule").alias("label"),
        pl.lit(False).alias("has_calls"),
        pl.lit(False).alias("is_revoked"),
        pl.lit(0, pl.Int64).alias("version"),
        pl.lit("app").alias("stream"),
        pl.lit("nothing").alias("next"),
        _name(pl.col("is_success")).alias("event_name"),
        *_no_links(),
    )  # fmt: skip


def _filed(draws: Draws, events: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Adds which day's file each event is in, and whether it is there twice.

    What is about another event never arrives before it: only events alone in their task are late.
    """
    rows = events.height
    day = (pl.col("observed_ms") - window.start_ms) // DAY
    is_alone = pl.col("next") == "nothing"
    is_late = is_alone & pl.lit(draws.uniform("outcome/filed", rows) < FILED_LATE_SHARE)
    late_by = (draws.uniform("outcome/filed_by", rows) * 3).cast(pl.Int64) + 1
    outage = (window.day_at(LATE_FILE_AT) - window.start_ms) // DAY
    in_outage = is_alone & (pl.col("stream") == "app") & (day == outage)
    late = pl.when(in_outage).then(4).when(is_late).then(pl.lit(late_by)).otherwise(0)
    return events.with_columns(
        file_day=(day + late).clip(upper_bound=window.days - 1),
        is_repeated=is_alone & pl.lit(draws.uniform("outcome/repeated", rows) < REPEATED_SHARE),
    )


def delivered(events: pl.DataFrame, window: Window) -> pl.DataFrame:
    """The events known by the end of the period: the others are in no file."""
    return events.filter(pl.col("observed_ms") < window.end_ms)
