"""One id for the answer, the log lines and the events of a request."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from cybercube_portal.audit.requests import current_request_id, request_id_middleware

NEW = re.compile(r"[0-9a-f]{32}")
inside: list[str] = []


def view(_request: HttpRequest) -> HttpResponse:
    inside[:] = [current_request_id(), structlog.contextvars.get_contextvars()["request_id"]]
    return HttpResponse()


@pytest.mark.parametrize("sent", ["deploy-42.run_7", "01234567", "a" * 64])
def test_request_id__sane_token__kept_everywhere(sent: str) -> None:
    answer = request_id_middleware(view)(RequestFactory().get("/", headers={"X-Request-ID": sent}))
    assert [answer.headers["X-Request-ID"], *inside] == [sent] * 3
    assert current_request_id() == ""


@pytest.mark.parametrize(
    "sent", ["short", "a" * 65, "with blanks in it", 'quote"quote"', "line\nfeed-1234", "ünïcödé-1234", "", None]
)
def test_request_id__anything_else__a_new_one(sent: str | None) -> None:
    headers = {} if sent is None else {"X-Request-ID": sent}
    answer = request_id_middleware(view)(RequestFactory().get("/", headers=headers))
    chosen = answer.headers["X-Request-ID"]
    assert NEW.fullmatch(chosen)
    assert inside == [chosen, chosen]


def test_request_id__async_server__the_same() -> None:
    async def async_view(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0)
        return view(request)

    request = RequestFactory().get("/", headers={"X-Request-ID": "request-0001"})
    # In a thread of its own: a browser test before this one leaves its event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(lambda: asyncio.run(request_id_middleware(async_view)(request))).result()
    assert [answer.headers["X-Request-ID"], *inside] == ["request-0001"] * 3
