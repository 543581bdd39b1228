"""How the command can end: one exit code, and one exception, for each ending a pipeline tells apart."""

from __future__ import annotations

import enum
from typing import ClassVar


class Exit(enum.IntEnum):
    """Exit codes a pipeline may branch on; only ALLOWED is success."""

    ALLOWED = 0
    REFUSED = 1
    USAGE = 2
    TIMED_OUT = 3
    NOT_AUTHENTICATED = 4
    UNREACHABLE = 5


class Failure(Exception):  # its children are the endings, named as a pipeline sees them
    """Ends the command with `code`; the message is one line for a person and never holds a credential."""

    code: ClassVar[Exit] = Exit.UNREACHABLE


class Refused(Failure):
    """The portal, or the check of a token, says no."""

    code = Exit.REFUSED


class UsageError(Failure):
    """An argument or a setting is wrong."""

    code = Exit.USAGE


class NotAuthenticated(Failure):
    """There is no credential, or the portal does not take it."""

    code = Exit.NOT_AUTHENTICATED


class Unreachable(Failure):
    """No answer, or none that can be read. Trying again may help, not before `retry_after` seconds."""

    code = Exit.UNREACHABLE

    def __init__(self, message: str, *, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
