"""What must not land: e-mails, user ids, key material. Dropped where rows are read.

``without_people`` drops whole fields that name people; ``clean`` takes e-mails, user ids and keys
out of text. ``cleaned_sql`` runs the same patterns over the text columns of what lands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PEOPLE_WORDS = (
    "user user_id user_name username user_email email email_address actor account_email"
    " useremail owner_email created_by claude_tag_user_id slack_channel_id end_user"
    " account_id_of_user service_account_email iamprincipal line_item_iam_principal"
)
_PEOPLE = frozenset(_PEOPLE_WORDS.split())
_E_MAIL = r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
_KEY = r"\b(sk-[A-Za-z0-9_*.-]{6,}|AKIA[A-Z0-9]{12,}|AIza[A-Za-z0-9_-]{20,})"
_USER = r"\buser[-_][A-Za-z0-9]{8,}"
_KEY_OF_USER = r"claude_code_key_.+_([A-Za-z0-9]+)$"
PATTERNS = (
    (_E_MAIL, "[e-mail]"),
    (_KEY, "[key]"),
    (_USER, "[user]"),
    (_KEY_OF_USER, r"claude_code_key_\1"),
)
_COMPILED = [(re.compile(pattern), replacement) for pattern, replacement in PATTERNS]


def clean(value: str) -> str:
    """Text without e-mails, user ids and keys."""
    for pattern, replacement in _COMPILED:
        value = pattern.sub(replacement, value)
    return value


def cleaned_sql(column: str) -> str:
    """The same on a text column in SQL; most cells are passed by without a pattern."""
    quoted = column
    for pattern, replacement in PATTERNS:
        literal = pattern.replace("'", "''")
        quoted = f"regexp_replace({quoted}, '{literal}', '{replacement}', 'g')"
    marks = ("@", "AKIA", "AIza", "user-", "user_", "claude_code_key_")
    suspect = " or ".join(f"contains({column}, '{mark}')" for mark in marks)
    # every task-7 holds the mark of a key
    suspect += f" or (contains({column}, 'sk-') and regexp_matches({column}, '\\bsk-'))"
    return f"case when {suspect} then {quoted} else {column} end"


def names_people(field: str) -> bool:
    """Whether a field's name says that it holds a person."""
    plain = field.lower().replace(" ", "_").replace("-", "_")
    return plain in _PEOPLE or plain.endswith("_email")


def without_people(value: Any) -> Any:
    """A row without the fields that name people, at any depth."""
    if isinstance(value, Mapping):
        kept = {k: without_people(v) for k, v in value.items() if not names_people(str(k))}
        return kept
    return [without_people(item) for item in value] if isinstance(value, list) else value
