"""Every refusal as an answer: RFC 9457 `application/problem+json` for programs, one HTML page for people.

400 is what the schema forbids (no JSON, a wrong type, an unknown name), 422 what the standard forbids in a well-formed value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import psycopg.errors
import structlog
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from rest_framework import exceptions
from rest_framework.request import Request

from cybercube_portal import errors
from cybercube_portal.api import refusals
from cybercube_portal.api.pointers import below
from cybercube_portal.errors import FieldError, PortalError

MEDIA_TYPE = "application/problem+json"
FOR_PROGRAMS = ("/api/", "/integrations/", "/ofrep/", "/.well-known/", "/health/", "/health", "/metrics", "/metrics/")
RETRY_AFTER_SECONDS = 5

# A refusal's status; a subclass takes its parent's.
STATUS: dict[type[Exception], int] = {
    PortalError: 422,
    refusals.Malformed: 400,
    errors.NotAuthenticated: 401,
    errors.NotPermitted: 403,
    errors.NotFound: 404,
    errors.MoveRefused: 409,
    errors.Conflict: 409,
    refusals.InFlight: 409,
    errors.Stale: 412,
    refusals.TooLarge: 413,
    errors.Invalid: 422,
    refusals.KeyReused: 422,
    refusals.PreconditionRequired: 428,
}

# Codes and words of what Django and REST framework refuse by themselves.
OUTSIDE: dict[int, tuple[str, str]] = {
    400: ("request.malformed", "The request cannot be read."),
    401: ("authentication.required", "Sign in, or send an API key."),
    403: ("permission.denied", "You may not do this."),
    404: ("request.not_found", "There is nothing at this address."),
    405: ("request.method_not_allowed", "This address does not take that method."),
    406: ("request.not_acceptable", "This address has no answer of the kinds named in Accept."),
    413: ("request.too_large", "The body is larger than 1 MiB."),
    415: ("request.unsupported_media_type", "Send application/json."),
    429: ("request.too_many", "Too many requests with this credential; see Retry-After."),
    500: ("portal.error", "Something went wrong on our side; the request id finds it in the log."),
    503: ("database.unavailable", "The database cannot be reached; nothing was written. Try again."),
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One refusal. `reasons` have the public shape of `Reason.as_dict`; `members` are added at the top level."""

    status: int
    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    reasons: tuple[Mapping[str, Any], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase

    def as_dict(self, *, instance: str) -> dict[str, Any]:
        """The members of RFC 9457 and ours: code, request_id, errors[], reasons[]."""
        return {
            **self.members,
            "type": f"urn:cybercube:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "code": self.code,
            "request_id": request_id(),
            "errors": [
                {"pointer": error.pointer, "code": error.code, "message": error.message} for error in self.errors
            ],
            "reasons": [dict(reason) for reason in self.reasons],
        }


def request_id() -> str:
    """The id that this request's log lines and audit events carry."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def outside(status: int, detail: str = "", **more: Any) -> Problem:
    """A Problem in the words of OUTSIDE."""
    code, words = OUTSIDE[status]
    return Problem(status=status, code=code, detail=detail or words, **more)


def problem_of(error: BaseException) -> Problem | None:
    """What `error` means to the caller; None when it is a fault of ours (500)."""
    if isinstance(error, PortalError):
        return _of_portal(error)
    if isinstance(error, exceptions.APIException):
        return _of_rest_framework(error)
    return _of_django(error)


def _of_portal(error: PortalError) -> Problem:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    reasons: tuple[Mapping[str, Any], ...] = ()
    if isinstance(error, errors.MoveRefused):
        reasons = tuple(error.decision.as_list())
    elif isinstance(error, errors.NotPermitted):
        reasons = (error.reason.as_dict(),)
    found = getattr(error, "errors", ())
    headers = {"WWW-Authenticate": 'Bearer realm="cybercube"'} if status == HTTPStatus.UNAUTHORIZED else {}
    return Problem(status=status, code=error.code, detail=str(error), errors=found, reasons=reasons, headers=headers)


def _of_rest_framework(error: exceptions.APIException) -> Problem | None:
    if isinstance(error, exceptions.ValidationError):
        found = tuple(field_errors(error.detail))
        detail = found[0].message if len(found) == 1 else "The request is not of the form this address takes."
        return outside(400, detail, errors=found)
    if error.status_code not in OUTSIDE:
        return None
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(wait)
    code, _ = OUTSIDE[error.status_code]
    given = error.get_codes()
    # Our own codes have an area and a fact; the framework's bare words are replaced.
    if isinstance(given, str) and "." in given:
        code = given
    return Problem(status=error.status_code, code=code, detail=str(error.detail), headers=headers)


def _of_django(error: BaseException) -> Problem | None:
    if isinstance(error, Http404):
        return outside(404)
    if isinstance(error, PermissionDenied):
        return outside(403)
    if isinstance(error, RequestDataTooBig):
        return outside(413)
    if isinstance(error, (BadRequest, SuspiciousOperation, MultiPartParserError)):
        return outside(400)
    return _of_database(error)


def _of_database(error: BaseException) -> Problem | None:
    if isinstance(error, (OperationalError, InterfaceError)):
        log.warning("database_unavailable", exc_info=error)
        return outside(503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    if isinstance(error, DataError):
        log.warning("value_refused_by_database", exc_info=error)
        return outside(400, "A value cannot be stored: it holds a NUL character or is out of range.")
    cause = error.__cause__
    if isinstance(error, IntegrityError) and isinstance(
        cause, (psycopg.errors.UniqueViolation, psycopg.errors.ExclusionViolation)
    ):
        log.warning("conflict_in_database", exc_info=error)
        detail = "Somebody else wrote the same thing at the same moment. Read it again."
        return Problem(status=409, code="request.conflict", detail=detail)
    return None


def field_errors(detail: Any, pointer: str = "") -> Iterator[FieldError]:  # noqa: ANN401 - REST framework nests at will
    """REST framework's nested error details as a flat list with JSON pointers."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from field_errors(inner, pointer if name == "non_field_errors" else below(pointer, name))
    elif isinstance(detail, (list, tuple)):
        for index, inner in enumerate(detail):
            yield from field_errors(inner, below(pointer, index) if isinstance(inner, (Mapping, list)) else pointer)
    else:
        code = str(getattr(detail, "code", "invalid"))
        yield FieldError(pointer, code if "." in code else f"field.{code}", str(detail))


def is_for_programs(path: str) -> bool:
    """Whether answers at `path` are JSON: the API, not the pages."""
    return any(path.startswith(part) if part.endswith("/") else path == part for part in FOR_PROGRAMS)


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """`problem` in the form the caller reads. A fault's page is drawn without the request: it must not need the database."""
    if is_for_programs(request.path):
        body = json.dumps(problem.as_dict(instance=request.path), default=str)
        response = HttpResponse(body, content_type=MEDIA_TYPE, status=problem.status)
    else:
        ours = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        page = render_to_string(
            "errors/fault.html" if ours else "errors/refusal.html",
            {"problem": problem, "request_id": request_id()},
            request=None if ours else request,
        )
        response = HttpResponse(page, status=problem.status)
    for name, value in {**problem.headers, "Cache-Control": "no-store"}.items():
        response.headers[name] = value
    return response


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """REST framework's one handler. None lets the error become a 500 in `handlers.server_error`."""
    problem = problem_of(error)
    if problem is None:
        return None
    request = context["request"]
    return answer(request._request if isinstance(request, Request) else request, problem)  # noqa: SLF001 - the plain request
