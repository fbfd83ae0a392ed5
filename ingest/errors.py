"""What can stop a landing.

    TokenhouseError
    ├── UsageError      the command's arguments do not fit            exit 2
    ├── InputError      a file cannot be read at all                  exit 2
    ├── StoreError      the object store of the lake cannot be used   exit 2
    └── LakeBusyError   another writer kept winning the commit race   exit 1

A bad *row* is never an exception: it goes to quarantine and the landing continues.
"""


class TokenhouseError(Exception):
    """Base of every error that ends a command with one clear message."""

    exit_code = 1


class UsageError(TokenhouseError):
    """Unusable arguments; the message names the argument and the remedy."""

    exit_code = 2


class InputError(TokenhouseError):
    """A file that cannot be read at all; nothing of it has landed.

    Args:
        path: the file as it was given.
        problem: what is wrong with it, in one sentence.
        remedy: what the user can do about it.
    """

    exit_code = 2

    def __init__(self, path: str, problem: str, remedy: str) -> None:
        self.path = path
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{path}: {problem}. {remedy}")


class StoreError(TokenhouseError):
    """The object store that holds the lake; the message says what it refuses."""

    exit_code = 2


class LakeBusyError(TokenhouseError):
    """The commit lost its race too often; the landing may simply be repeated."""
