"""Refusals that only HTTP knows; the portal's own stand in `cybercube_portal.errors`."""

from __future__ import annotations

from collections.abc import Iterable

from cybercube_portal.errors import FieldError, PortalError


class Malformed(PortalError):
    """What was sent cannot be read: no JSON, a wrong type, an unknown name (400)."""

    code = "request.malformed"

    def __init__(self, message: str, *, code: str | None = None, errors: Iterable[FieldError] = ()) -> None:
        super().__init__(message, code=code)
        self.errors = tuple(errors)


class TooLarge(PortalError):
    """The body is larger than `DATA_UPLOAD_MAX_MEMORY_SIZE` (413)."""

    code = "request.too_large"


class KeyReused(PortalError):
    """The Idempotency-Key already stands for another request (422)."""

    code = "idempotency.key_reused"


class InFlight(PortalError):
    """The first request with this Idempotency-Key has not been answered yet (409)."""

    code = "idempotency.in_flight"


class PreconditionRequired(PortalError):
    """An edit has to name the version it was made from (428)."""

    code = "precondition.required"
