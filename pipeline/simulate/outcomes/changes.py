"""What was rolled out: the causes of the planted incidents among releases that did nothing.

Grain of what is written: one line per version of a change. The truth names the change behind each
incident that has one; a client's script and a run that loops have none.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from dataclasses import asdict, dataclass, replace

import orjson

from pipeline.simulate.company import FEATURE_NUMBER, FEATURES, MODELS
from pipeline.simulate.delivery import Output
from pipeline.simulate.incidents import DAY, HOUR, Incident, Window
from pipeline.simulate.outcomes.contracts import Spend
from pipeline.simulate.providers.prices import SEED
from pipeline.simulate.randomness import Draws
from pipeline.simulate.versions import changes

MINUTE = 60_000
NOISE_A_DAY = 0.7  # releases that changed nothing one could measure
_BEFORE = {"cache_drop": 12 * MINUTE, "retry_storm": 7 * MINUTE}
_CAUSES = {
    "cache_drop": "prompt-prefix-with-timestamp",
    "retry_storm": "client-timeout-2s",
}


@dataclass(frozen=True)
class Rollout:
    """A change as the company's release log has it; the fields of ``changes``."""

    change_id: str
    change_type: str
    at_ms: int
    feature: str | None = None
    environment: str | None = "production"
    team: str | None = None
    workload_class: str | None = None
    provider: str | None = None
    version: str | None = None
    previous_version: str | None = None
    reference: str | None = None
    observed_ms: int = 0
    is_revoked: bool = False


def rollouts(draws: Draws, window: Window, incidents: dict[str, Incident]) -> list[Rollout]:
    """Every change of the period, the current version of each, oldest first."""
    made = _versions(window, incidents) + _causes(incidents, window)
    made += _weekly(window) + _prices(window) + _noise(draws, window)
    return sorted(made, key=lambda change: (change.at_ms, change.change_id))


def causes(rolled: list[Rollout], incidents: dict[str, Incident]) -> dict[str, str]:
    """The change behind each incident that has one."""
    by_id = {change.change_id: change for change in rolled}
    wanted = {
        "prompt_creep": "prompt_version-ticket_summary/v5",
        "model_drift": "route_policy-r15-hotfix",
        **{kind: f"config-{version}" for kind, version in _CAUSES.items()},
    }
    return {
        incidents[kind].incident_id: change_id
        for kind, change_id in wanted.items()
        if change_id in by_id
    }


def _scoped(change: Rollout, feature: str) -> Rollout:
    """The change with the feature it is for and that feature's owner; `*` is for all."""
    if feature == "*":
        return change
    spec = FEATURES[FEATURE_NUMBER[feature]]
    return replace(change, feature=feature, team=spec.team, workload_class=spec.workload_class)


def _versions(window: Window, incidents: dict[str, Incident]) -> list[Rollout]:
    """Prompts and policies, each with what it replaced, and the hotfix taken back."""
    made = []
    live = {"policy/*": "r14"}
    for number, change in enumerate(changes(window, incidents)):
        kind = "prompt_version" if change.kind == "prompt" else change.kind
        is_prompt = kind == "prompt_version"
        key = change.feature if is_prompt else f"policy/{change.feature}"
        before = live.get(key, f"{change.feature}/v2" if is_prompt else live["policy/*"])
        live[key] = change.version
        rolled = Rollout(
            f"{kind}-{change.version}", kind, change.at_ms, version=change.version,
            previous_version=before, reference=f"PR-{2100 + 7 * number}",
        )  # fmt: skip
        made.append(_scoped(rolled, change.feature))
    drift = incidents["model_drift"]
    if drift.end_ms < window.end_ms:
        policies = [c for c in made if c.change_type == "route_policy" and c.feature is None]
        due = [c.version for c in policies if c.at_ms <= drift.end_ms]
        back = Rollout(
            "route_policy-r15-hotfix-revert", "route_policy", drift.end_ms,
            version=due[-1] if due else "r14", previous_version="r15-hotfix", reference="PR-2999",
        )  # fmt: skip
        made.append(_scoped(back, "smart_reply"))
    return made


def _causes(incidents: dict[str, Incident], window: Window) -> list[Rollout]:
    """Settings that broke something, and their return when it was found."""
    made = []
    for kind, version in _CAUSES.items():
        incident = incidents[kind]
        feature, reference = incident.scope["feature"], f"RFC-{kind}"
        start = max(window.start_ms, incident.start_ms - _BEFORE[kind])
        broke = Rollout(
            f"config-{version}", "config", start, version=version, previous_version="default",
            reference=reference,
        )  # fmt: skip
        made.append(_scoped(broke, feature))
        if incident.end_ms < window.end_ms:
            mended = Rollout(
                f"config-{version}-revert", "config", incident.end_ms, version="default",
                previous_version=version, reference=reference,
            )  # fmt: skip
            made.append(_scoped(mended, feature))
    return made


def _weekly(window: Window) -> list[Rollout]:
    """The release of every Monday, which calls name as their deploy version."""
    weekday = Spend.day(window.start_ms).weekday()
    made = []
    for at in range(window.start_ms + (7 - weekday) % 7 * DAY, window.end_ms, 7 * DAY):
        version, before = _release(at), _release(at - 7 * DAY)
        made.append(
            Rollout(
                f"deploy-{version}", "deploy", at, version=version, previous_version=before,
                reference=f"release/{version}",
            )
        )  # fmt: skip
    return made


def _release(at_ms: int, number: int = 1) -> str:
    day = dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC)
    return f"{day:%Y.%m.%d}-{number}"


def _prices(window: Window) -> list[Rollout]:
    """Days on which our list has new prices of the models in use, as a change per provider."""
    days = {Spend.day(at).isoformat() for at in range(window.start_ms, window.end_ms, DAY)}
    used = {(model.provider, model.requested) for model in MODELS}
    with (SEED / "price_list.csv").open(newline="") as file:
        found = {
            (row["provider"], row["valid_from"][:10])
            for row in csv.DictReader(file)
            if (row["provider"], row["model"]) in used and row["valid_from"][:10] in days
        }
    return [
        Rollout(f"price-{provider}-{day}", "price", _midnight(day), environment=None,
                provider=provider, version=f"{provider} list of {day}")
        for provider, day in sorted(found)
    ]  # fmt: skip


def _midnight(day: str) -> int:
    return int(dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC).timestamp() * 1000)


def _noise(draws: Draws, window: Window) -> list[Rollout]:
    """Releases at office hours, in production and in staging, that moved nothing."""
    rows = round(window.days * NOISE_A_DAY)
    days = draws.choice("changes/day", rows, [1.0] * window.days).to_list()
    minutes = (draws.uniform("changes/minute", rows) * 600).to_list()
    features = draws.choice("changes/feature", rows, [1.0] * len(FEATURES)).to_list()
    staging = (draws.uniform("changes/staging", rows) < 0.3).to_list()
    kinds = draws.choice("changes/kind", rows, [7.0, 2.0, 1.0]).to_list()
    made = []
    for number in range(rows):
        at = window.start_ms + days[number] * DAY + 8 * HOUR + int(minutes[number] * MINUTE)
        kind = ("deploy", "feature_flag", "config")[kinds[number]]
        rolled = Rollout(
            f"{kind}-n{number:03d}", kind, at,
            environment="staging" if staging[number] else "production",
            version=_release(at, 2 + number % 7), reference=f"PR-{3000 + number}",
        )  # fmt: skip
        made.append(_scoped(rolled, FEATURES[features[number]].feature))
    return made


def write_changes(output: Output, rolled: list[Rollout], window: Window) -> Counter[str]:
    """Write the release log: one file, with what was corrected, revoked, repeated and broken.

    Returns:
        Changes that count and those that were revoked, by ``counted`` and ``revoked``.
    """
    noise = [change for change in rolled if "-n0" in change.change_id]
    versions = [replace(change, observed_ms=change.at_ms + 45_000) for change in rolled]
    corrected, revoked = noise[1:2], noise[3:4]
    last = window.end_ms - HOUR
    versions += [
        replace(change, reference=f"{change.reference}-amended",
                observed_ms=min(last, change.at_ms + 3 * HOUR))
        for change in corrected
    ] + [
        replace(change, is_revoked=True, observed_ms=min(last, change.at_ms + 5 * HOUR))
        for change in revoked
    ]  # fmt: skip
    texts = [_line(change) for change in versions]
    repeated = texts[2:4]
    broken = [
        (texts[0][: len(texts[0]) // 2], "malformed_json"),
        (_line(replace(rolled[0], change_id="change-broken-1", change_type="")), "missing_field"),
        (_line(replace(rolled[0], change_id="change-broken-2", change_type="mood")),
         "unknown_value"),
    ]  # fmt: skip
    more = len(corrected) + len(revoked)
    expected = Counter(landed=len(rolled), superseding=more, duplicate=len(repeated))
    expected.update(f"quarantined:{reason}" for _, reason in broken)
    lines = [*texts, *repeated, *[text for text, _ in broken]]
    data = "".join(f"{line}\n" for line in lines).encode()
    output.write("changes/release-log/releases.ndjson", data, expected)
    return Counter(counted=len(rolled) - len(revoked), revoked=len(revoked))


def _line(change: Rollout) -> str:
    said = {name: value for name, value in asdict(change).items() if value not in (None, "", False)}
    at, observed = said.pop("at_ms"), said.pop("observed_ms", None)
    said |= {"changed_at": _iso(at)} | ({"observed_at": _iso(observed)} if observed else {})
    return orjson.dumps(said).decode()


def _iso(epoch_ms: int) -> str:
    moment = dt.datetime.fromtimestamp(epoch_ms / 1000, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
