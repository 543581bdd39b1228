"""The gate's question with an API key goes past everything that only browsers need (performance.md section 3)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch, resolve

from cybercube_portal.api import answer, problem_of
from releases.api.gate import ask_gate

PATHS = frozenset({"/api/v1/gate/decisions", "/api/v1/gate/decisions/"})


class ShortWayMiddleware:
    """Answers that question itself; all else goes on to the middleware below: sessions, form tokens, languages, frames.

    Stands right below what gives a request its id, its log line, its measure and its problems.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The gate's answer, or a refusal as the problem that it would have become below."""
        if request.method != "POST" or request.path_info not in PATHS or not _has_key(request):
            return self.get_response(request)
        request.resolver_match = _match(request.path_info)
        response = _answer(request)
        response.headers["Content-Length"] = str(len(response.content))
        return response


def _answer(request: HttpRequest) -> HttpResponse:
    try:
        return ask_gate(request)
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            raise
        return answer(request, problem)


def _has_key(request: HttpRequest) -> bool:
    return str(request.META.get("HTTP_AUTHORIZATION", "")).startswith("Bearer ccp_")


@cache
def _match(path: str) -> ResolverMatch:
    return resolve(path)
