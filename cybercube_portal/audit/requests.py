"""The request's id: one short name that the answer, the log lines and the audit events of one request share."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

from cybercube_portal.api.callers import address_of

HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)

_current: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """The id of the request or intent being worked on; `""` outside of one."""
    return _current.get()


def chosen_id(sent: str | None) -> str:
    """The caller's id when it is a sane token (8 to 64 of `A-Za-z0-9._-`), else a new one."""
    return sent if sent and SANE.fullmatch(sent) else uuid.uuid4().hex


@contextmanager
def request_id_bound(request_id: str) -> Iterator[str]:
    """Hold `request_id` for events recorded and lines logged inside."""
    token = _current.set(request_id)
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        try:
            yield request_id
        finally:
            _current.reset(token)


@sync_and_async_middleware
def request_id_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Give each request its id and answer with it; its log lines also name its address. Goes after django-structlog's, which binds an id of its own."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponse:
            structlog.contextvars.bind_contextvars(ip=address_of(request))
            with request_id_bound(chosen_id(request.headers.get(HEADER))) as request_id:
                awaited: Awaitable[HttpResponse] = get_response(request)
                response = await awaited
                response.headers[HEADER] = request_id
                return response

        return answer_async

    def answer(request: HttpRequest) -> HttpResponse:
        structlog.contextvars.bind_contextvars(ip=address_of(request))
        with request_id_bound(chosen_id(request.headers.get(HEADER))) as request_id:
            response: HttpResponse = get_response(request)
            response.headers[HEADER] = request_id
            return response

    return answer
