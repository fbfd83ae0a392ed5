"""The sentences a review begins with: what changed, and what someone must look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from publish.review.cells import count, percent, text, usd
from publish.review.lines import Figure, Review, Subject

LEAST_TO_COMPARE = 2


def headlines(review: Review) -> list[str]:
    """The sentences, the most important first."""
    return [
        sentence
        for part in (_spend, _mover, _cost_per_success, _spikes, _budgets, _waste, _routing)
        for sentence in part(review)
    ]


def _spend(review: Review) -> Iterator[str]:
    for subject in review.section("summary"):
        spend = subject["billed_cost_usd"]
        calls = subject["call_count"].number
        yield f"Spend was {usd(spend.money)} for {count(calls)} calls, {_compared(spend)}."
        unpriced = subject["unpriced_call_count"].number
        if unpriced:
            yield (
                f"{_counted(unpriced, 'call has', 'calls have')} no known price, "
                "so every sum of dollars here is too low by what they cost."
            )


def _compared(figure: Figure) -> str:
    before = figure.money if figure.money_before is None else figure.money_before
    if figure.money_before is None or before is None or figure.money is None:
        return "with nothing to compare it with the week before"
    if figure.change is None:
        return f"against {usd(before)} the week before"
    if figure.money == before:
        return "the same as the week before"
    word = "up" if figure.money > before else "down"
    return f"{word} {percent(abs(figure.change))} on the week before ({usd(before)})"


def _mover(review: Review) -> Iterator[str]:
    named = [
        (figure.money - figure.money_before, subject, figure)
        for section in ("top_tenants", "top_workflows")
        for subject in review.section(section)
        if not subject.name.startswith("(")
        for figure in (subject["billed_cost_usd"],)
        if figure.money is not None and figure.money_before is not None
    ]
    if not named:
        return
    difference, subject, figure = max(named, key=lambda item: (item[0], -item[1].rank))
    if difference > 0:
        yield (
            f"Of the largest tenants and workflows, {_named(subject)} rose most: "
            f"from {usd(figure.money_before)} to {usd(figure.money)}."
        )


def _cost_per_success(review: Review) -> Iterator[str]:
    weeks = [s for s in review.section("cost_per_success") if s.kind == "org"]
    if not weeks:
        yield "No outcome of any task is known, so nobody can say what a success costs."
        return
    newest = weeks[0]
    figure = newest["cost_per_success_usd"]
    if figure.money is None:
        yield "What a successful task cost is not known yet for this week."
    else:
        yield (
            f"A successful task {'cost' if newest.status == 'mature' else 'is projected to cost'} "
            f"{usd(figure.money)}{_maturity(newest)}, {_compared(figure)}{_noise(weeks)}."
        )
    mature = next((week for week in weeks if week.status == "mature"), None)
    if mature and mature is not newest:
        known = mature["cost_per_success_usd"]
        yield (
            f"The newest week whose outcomes are all in began on {mature.period_start}: "
            f"{usd(known.money)} for each success{_interval(known)}."
        )


def _noise(weeks: Sequence[Subject]) -> str:
    """Whether the newest figure is one that the week before could have had by chance."""
    if len(weeks) < LEAST_TO_COMPARE:
        return ""
    newest, before = (week["cost_per_success_usd"] for week in weeks[:LEAST_TO_COMPARE])
    if newest.money is None or before.low is None or before.high is None:
        return ""
    is_noise = before.low <= newest.money <= before.high
    return f", {'within' if is_noise else 'outside'} that week's 95 % interval"


def _maturity(week: Subject) -> str:
    if week.status == "mature":
        return _interval(week["cost_per_success_usd"])
    share = week["maturity_share"].number
    return "" if share is None else f" ({percent(share)} of the time for outcomes has passed)"


def _interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f" (95 % between {usd(figure.low)} and {usd(figure.high)})"


def _spikes(review: Review) -> Iterator[str]:
    spikes = review.section("spikes")
    if not spikes:
        yield "No tenant, workflow or feature stood out against its usual day or hour."
        return
    worst = spikes[0]
    names = {(spike.kind, spike.name) for spike in spikes}
    excess = worst["excess_cost_usd"].money
    yield (
        f"{_counted(len(names), 'subject stands', 'subjects stand')} out against the usual day or "
        f"hour; {_named(worst)} most, by {usd(excess)}."
    )


def _budgets(review: Review) -> Iterator[str]:
    budgets = review.section("budgets_at_risk")
    if not budgets:
        yield "No budget was at risk."
        return
    spent = sum(budget.status == "exhausted" for budget in budgets)
    yield (
        f"{_counted(len(budgets), 'budget was', 'budgets were')} at risk, "
        f"{count(spent)} of them spent; {text(budgets[0].name)} first."
    )


def _waste(review: Review) -> Iterator[str]:
    """Where most calls more than before were retries, or read less from the provider's cache."""
    for metric, sign, sentence in (
        ("retry_share", 1, "Retries rose most in {}: from {} to {} of its calls."),
        ("cache_read_share", -1, "Input read from the cache fell most in {}: from {} to {}."),
    ):
        moves = [
            (sign * (figure.number - figure.number_before) * calls, subject, figure)
            for subject in review.features("efficiency")
            for figure, calls in ((subject[metric], subject["call_count"].number),)
            if figure.number is not None and figure.number_before is not None and calls
        ]
        if not moves:
            continue
        size, subject, figure = max(moves, key=lambda item: (item[0], -item[1].rank))
        if size > 0:
            yield sentence.format(
                text(subject.name), percent(figure.number_before), percent(figure.number)
            )


def _routing(review: Review) -> Iterator[str]:
    shifts = [
        (abs(figure.number - figure.number_before), subject, figure)
        for subject in review.section("model_mix")
        if subject.name != "(others)"
        for figure in (subject["cost_share"],)
        if figure.number is not None and figure.number_before is not None
    ]
    if not shifts:
        return
    size, subject, figure = max(shifts, key=lambda item: (item[0], -item[1].rank))
    if size > 0:
        yield (
            f"The model mix moved most at {text(subject.name)}: from "
            f"{percent(figure.number_before)} to {percent(figure.number)} of spend."
        )


def _named(subject: Subject) -> str:
    return f"{subject.kind} {text(subject.name)}"


def _counted(number: float | Decimal, one: str, many: str) -> str:
    return f"{number:,.0f} {one if number == 1 else many}"
