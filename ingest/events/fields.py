"""The rows of ``product-events`` and ``changes``, field by field: names, spellings, kinds.

A field is found under any of its spellings, in snake or camel case, the first that says something
wins. In tables and in nested objects the spelling is looked up without case and separators.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from ingest.schemas import CHANGES, PRODUCT_EVENTS, Table

MAX_ID_BYTES = 256
MAX_LABEL_BYTES = 128


@dataclass(frozen=True)
class Field:
    """One field of a row.

    Attributes:
        name: our name, the raw table's column unless it only steers.
        kind: ``id``, ``label``, ``user``, ``instant``, ``number``, ``flag``, ``tags``.
        spellings: other names of it, in snake case.
    """

    name: str
    kind: str
    spellings: tuple[str, ...] = ()

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Every key it is found under in an object, in order of preference."""
        names = (self.name, *self.spellings)
        return tuple(dict.fromkeys(key for name in names for key in (name, camel(name))))


@dataclass(frozen=True)
class EventSource:
    """What the rows of a source hold.

    Attributes:
        name: the command.
        table: the raw table.
        id, what, at: the columns of the row's identity, its kind and its time.
        fields: what is read.
        scope: columns that tell rows without an id apart, beside their kind and time.
        keys: of those, what names the thing the row speaks of.
        tells_apart: what else tells two rows apart that name no such thing.
        words: the words of the kind that are accepted, and what each means; empty: any.
    """

    name: str
    table: Table
    id: str
    what: str
    at: str
    fields: tuple[Field, ...]
    scope: tuple[str, ...]
    keys: tuple[str, ...]
    tells_apart: tuple[str, ...]
    words: dict[str, str]

    def of_kind(self, *kinds: str) -> list[str]:
        """Names of the fields of these kinds."""
        return [field.name for field in self.fields if field.kind in kinds]

    @cached_property
    def by_key(self) -> dict[str, str]:
        """The field that a key means, by the key without case and separators."""
        found: dict[str, str] = {}
        for field in self.fields:
            for key in field.keys:
                found.setdefault(squashed(key), field.name)
        return found

    @cached_property
    def preference(self) -> dict[str, int]:
        """How early a key comes among its field's spellings."""
        return {
            squashed(key): place
            for field in reversed(self.fields)
            for place, key in reversed(list(enumerate(field.keys)))
        }


def camel(name: str) -> str:
    """The camelCase spelling of a snake_case name."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def squashed(key: str) -> str:
    """A key without case and separators: ``Event-Name`` is ``eventname``."""
    return re.sub(r"[^a-z0-9]", "", key.lower())


def _field(kind: str, words: str) -> Field:
    name, *spellings = words.split()
    return Field(name, kind, tuple(spellings))


_OBSERVED = "observed_at known_at received_at recorded_at ingested_at revoked_at updated_at"
_REVOKED = "is_revoked revoked is_retracted retracted is_deleted deleted"
_SCOPES = (
    _field("id", "tenant_id tenant customer_id customer organization_id org_id account_id"),
    _field("id", "feature feature_name"),
    _field("id", "workflow_id workflow workflow_name"),
)
# Langfuse's own marks: an object that has one is a score of theirs.
LANGFUSE_MARKS = ("data_type", "string_value", "observation_id", "config_id")

_EVENT_FIELDS = (
    _field("id", "event_id id score_id message_id"),
    _field("id", "event_name event name event_type type"),
    _field("instant", "occurred_at event_time timestamp time event_timestamp ts created_at"),
    _field("instant", _OBSERVED),
    _field("id", "task_id task job_id"),
    _field("id", "operation_id observation_id"),
    _field("id", "request_id response_id"),
    _field("id", "run_id run workflow_run_id"),
    _field("id", "trace_id trace"),
    _field("id", "session_id session conversation_id thread_id"),
    *_SCOPES,
    _field("user", "user_id user end_user_id enduser_id"),
    _field("number", "value score event_value numeric_value"),
    _field("label", "label string_value value_label"),
    _field("id", "revokes_event_id revokes revoked_event_id"),
    _field("id", "supersedes_event_id supersedes replaces_event_id"),
    _field("flag", _REVOKED),
    _field("tags", "tags"),
    _field("mark", "dialect"),
    _field("mark", "data_type"),
    _field("mark", "config_id"),
)
_JOIN_KEYS = ("task_id", "operation_id", "request_id", "run_id", "trace_id", "session_id")
_LINKS = ("revokes_event_id", "supersedes_event_id")

_CHANGE_FIELDS = (
    _field("id", "change_id id event_id deployment_id"),
    _field("id", "change_type type kind category event_type event name"),
    _field(
        "instant",
        "changed_at deployed_at released_at applied_at effective_at merged_at occurred_at"
        " event_time timestamp time ts created_at",
    ),
    _field("instant", _OBSERVED),
    *_SCOPES,
    _field("id", "environment env deployment_environment"),
    _field("id", "team owner_team"),
    _field("id", "workload_class workload"),
    _field("id", "provider"),
    _field("id", "model model_name"),
    _field(
        "id",
        "version new_version to_version to prompt_version route_policy_version deploy_version"
        " release",
    ),
    _field("id", "previous_version from_version old_version prior_version from previous"),
    _field(
        "id",
        "reference ref commit commit_sha sha url link ticket_id ticket issue pull_request pr",
    ),
    _field("flag", _REVOKED),
    _field("tags", "tags"),
)
CHANGE_TYPES = (
    "deploy",
    "prompt_version",
    "route_policy",
    "price",
    "config",
    "feature_flag",
    "model",
    "other",
)
_SYNONYMS = {
    "deploy": "deployment deploy_version release rollout rollback code build",
    "prompt_version": "prompt prompt_change prompt_update prompt_template",
    "route_policy": "route_policy_version routing_policy routing route router",
    "price": "pricing prices price_change price_list",
    "config": "configuration setting settings parameter parameters config_change",
    "feature_flag": "featureflag flag feature_toggle toggle experiment",
    "model": "model_version model_change model_switch model_upgrade",
    "other": "misc miscellaneous",
}
_WORDS = {name: name for name in CHANGE_TYPES} | {
    word: name for name, words in _SYNONYMS.items() for word in words.split()
}

EVENT_SOURCES = {
    source.name: source
    for source in (
        EventSource(
            name="product-events",
            table=PRODUCT_EVENTS,
            id="event_id",
            what="event_name",
            at="occurred_at",
            fields=_EVENT_FIELDS,
            scope=(*_JOIN_KEYS, "tenant_id", "feature", "workflow_id", *_LINKS),
            keys=(*_JOIN_KEYS, *_LINKS),
            tells_apart=("value", "label"),
            words={},
        ),
        EventSource(
            name="changes",
            table=CHANGES,
            id="change_id",
            what="change_type",
            at="changed_at",
            fields=_CHANGE_FIELDS,
            scope=(
                *("feature", "environment", "team", "workload_class", "workflow_id"),
                *("tenant_id", "provider", "model", "version"),
            ),
            keys=("version",),
            tells_apart=("reference",),
            words=_WORDS,
        ),
    )
}
