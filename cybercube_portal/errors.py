"""What the portal's actions raise. No HTTP inside: `cybercube_portal.api` and the page edge translate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cybercube_portal.decisions import Decision, Reason, failed


class PortalError(Exception):
    """Base of every refusal. `code` is stable and public, `str(error)` is for people."""

    code = "portal.error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with what was sent. `pointer` is a JSON pointer (RFC 6901), `""` for the whole."""

    pointer: str
    code: str
    message: str


class Invalid(PortalError):
    """The input is wrong in itself, whatever the state (422)."""

    code = "request.invalid"

    def __init__(self, errors: Iterable[FieldError], *, message: str = "The request is not valid.") -> None:
        self.errors = tuple(errors)
        super().__init__(message)

    @classmethod
    def field(cls, pointer: str, code: str, message: str) -> Invalid:
        """One wrong field."""
        return cls([FieldError(pointer, code, message)], message=message)


class NotFound(PortalError):
    """There is no such thing, or this actor may not know of it (404)."""

    code = "request.not_found"


class NotAuthenticated(PortalError):
    """Nobody is signed in, or the credential is not valid (401)."""

    code = "authentication.required"


class NotPermitted(PortalError):
    """The person guard: this actor may not do it (403)."""

    code = "permission.denied"

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.message, code=reason.code)


class MoveRefused(PortalError):
    """The shape guard or the reason guard: the state or the rules do not allow it now (409)."""

    code = "move.refused"

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        blockers = decision.blockers
        super().__init__(
            " ".join(reason.message for reason in blockers) or "The rules do not allow this now.",
            code=blockers[0].code if blockers else None,
        )


class Conflict(PortalError):
    """The thing exists already and says something else (409)."""

    code = "request.conflict"


class Stale(PortalError):
    """Somebody changed it since the caller read it (412)."""

    code = "request.stale"


def refuse_unless(decision: Decision) -> Decision:
    """Return `decision` when it allows; raise MoveRefused with all its reasons otherwise."""
    if not decision.allowed:
        raise MoveRefused(decision)
    return decision


def refuse(code: str, section: str, message: str, remedy: str, who: Iterable[str] = ()) -> MoveRefused:
    """A MoveRefused of one reason, to raise."""
    return MoveRefused(Decision((failed(code, section, message, remedy, who),)))
