"""Django's error handlers (`urls.py` names them) and the middleware that keeps every answer of the API a problem."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from cybercube_portal.api.problems import OUTSIDE, Problem, answer, is_for_programs, outside, problem_of

KEPT = ("Allow", "Retry-After", "WWW-Authenticate")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, or 413 for a body over the limit."""
    return answer(request, (problem_of(exception) if exception else None) or outside(400))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """403."""
    return answer(request, outside(403))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """404."""
    return answer(request, outside(404))


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 when it was the database that could not be reached before a view began."""
    error = sys.exc_info()[1]
    return answer(request, (problem_of(error) if error else None) or outside(500))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 when the form's token does not fit the browser's cookie."""
    detail = f"The page was open too long or came from elsewhere: load it again. {reason}".strip()
    return answer(request, Problem(status=403, code="csrf.failed", detail=detail))


class ProblemMiddleware(MiddlewareMixin):
    """Refusals raised in plain views become problems, and so do bare errors that Django answers: any at an API address, empty ones elsewhere.

    Goes right below the request id's middleware. Also writes the RateLimit headers a throttle left on the request.
    """

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Translate a refusal; None leaves a fault to `server_error`."""
        problem = problem_of(exception)
        return answer(request, problem) if problem else None

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Replace a bare error, keeping what its headers say."""
        if _is_bare_error(request, response):
            bare, response = response, answer(request, outside(response.status_code))
            for name in KEPT:
                if name in bare.headers:
                    response.headers[name] = bare.headers[name]
        for name, value in getattr(request, "rate_limit_headers", {}).items():
            response.headers[name] = value
        return response


def _is_bare_error(request: HttpRequest, response: HttpResponseBase) -> bool:
    if response.status_code not in OUTSIDE:
        return False
    if is_for_programs(request.path):
        return not response.headers.get("Content-Type", "").endswith("json")
    return not getattr(response, "content", b"streamed")
