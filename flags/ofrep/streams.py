"""Change notices by server-sent events: an ASGI callable, in a process of its own so that no web worker is ever held.

A notice says only that something changed. EventSource sends no header, so the address carries a signed token; it names no secret of the key.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.core import signing

from flags.ofrep.store import STORE

PATH = "/ofrep/v1/stream"
SALT = "flags.stream"
DAY = 24 * 3600
LONGEST = 3600
HEARTBEAT = 15
LONGEST_ID = 15
LOOK_EVERY = 0.1
MOST_OPEN, MOST_IN_ALL = 1000, 2000

# Any page may listen, as it may evaluate; the address alone lets in, so nobody keeps what it answered.
OPEN = [(b"access-control-allow-origin", b"*"), (b"cache-control", b"no-store")]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_open: Counter[str] = Counter()


def announced(environment: str) -> str:
    """The address a client listens at; empty where no process serves streams. It changes once a day, and the ETag with it."""
    url = settings.STREAM_URL
    return _address(url, environment, int(time.time()) // DAY) if url else ""


@lru_cache(maxsize=32)
def _address(url: str, environment: str, day: int) -> str:
    token = signing.Signer(salt=SALT).sign(f"{environment}.{day}")
    return f"{url}{PATH}?token={token}"


def environment_of(token: str) -> str | None:
    """The environment a token is for; None when it is forged or older than yesterday's."""
    try:
        environment, _, day = signing.Signer(salt=SALT).unsign(token).partition(".")
    except signing.BadSignature:
        return None
    is_recent = day.isdecimal() and 0 <= int(time.time()) // DAY - int(day) <= 1
    return environment if is_recent else None


async def stream(scope: Message, receive: Receive, send: Send) -> None:
    """Serve one listener until it leaves, or for an hour."""
    method = scope.get("method", "GET")
    if method != "GET":
        await (_let_in(send) if method == "OPTIONS" else _refuse(send, 405, "Listen by GET."))
        return
    token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
    environment = environment_of(token)
    if environment is None:
        await _refuse(send, 401, "This address is no longer valid.")
        return
    if _open[token] >= MOST_OPEN or _open.total() >= MOST_IN_ALL:
        await _refuse(send, 503, "Too many listen here: ask from time to time instead.")
        return
    _open[token] += 1
    try:
        headers = [(b"content-type", b"text/event-stream"), *OPEN, (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await _tell(environment, _last_seen(scope), leaving, send)
        finally:
            leaving.cancel()
    finally:
        _open[token] -= 1


async def _tell(environment: str, seen: int | None, leaving: asyncio.Future[None], send: Send) -> None:
    version = await asyncio.to_thread(STORE.version, environment)
    told = version if seen is None else seen
    await _write(send, "retry: 3000\n\n")
    until, beat = time.monotonic() + LONGEST, time.monotonic()
    while not leaving.done() and time.monotonic() < until:
        version = STORE.version(environment)
        if version != told:
            told = version
            data = json.dumps({"type": "refetchEvaluation", "etag": str(version)})
            await _write(send, f"id: {version}\nevent: message\ndata: {data}\n\n")
        elif time.monotonic() - beat >= HEARTBEAT:
            beat = time.monotonic()
            await _write(send, ": still here\n\n")
        await asyncio.sleep(LOOK_EVERY)
    if not leaving.done():
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _last_seen(scope: Message) -> int | None:
    for name, value in scope["headers"]:
        if name == b"last-event-id" and value.isdigit() and len(value) <= LONGEST_ID:
            return int(value)
    return None


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _let_in(send: Send) -> None:
    """A browser's question whether it may listen with headers of its own."""
    allowed = [
        (b"access-control-allow-methods", b"GET, OPTIONS"),
        (b"access-control-allow-headers", b"cache-control, last-event-id"),
        (b"access-control-max-age", b"86400"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": [*OPEN, *allowed]})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(send: Send, status: int, why: str) -> None:
    headers = [(b"content-type", b"application/json"), *OPEN]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"errorDetails": why}).encode()})
