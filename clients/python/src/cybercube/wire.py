"""One HTTP exchange that cannot hang, grow, wander off or be mistaken for something else."""

from __future__ import annotations

import http.client
import json
import queue
import threading
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Callable, TypeVar

from cybercube import __version__
from cybercube.exits import Unreachable, UsageError

LARGEST_BODY = 1024 * 1024
LONGEST_RETRY_AFTER = 3600.0
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What came back: `status`, `media_type` in lower case without parameters, `retry_after` in seconds, `body`."""

    status: int
    media_type: str
    retry_after: float
    body: bytes


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """The API never redirects: whoever does so is a login page or a wrong address, and must not see the credential."""

    def redirect_request(self, *_request_and_answer: object) -> None:
        """Never."""


def web_address(text: str, *, name: str) -> str:
    """`text` as an http(s) address without its last slash.

    Raises UsageError, naming the setting `name`, for any other scheme (`file:` would answer too) and for an address
    that carries a password, a query or a fragment.
    """
    address = text.strip()
    example = f"{name} must be an address such as https://portal.example.com"
    try:
        parts = urllib.parse.urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise UsageError(example) from None
    if not usable or not address.isprintable() or " " in address:
        raise UsageError(example)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError(f"{name} must carry no password, query or fragment")
    return address.rstrip("/")


def in_the_clear(address: str) -> bool:
    """Whether a credential sent to `address` can be read on the way."""
    parts = urllib.parse.urlsplit(address)
    return parts.scheme == "http" and parts.hostname not in LOOPBACK


def exchange(
    address: str,
    *,
    headers: dict[str, str],
    seconds: float,
    body: dict[str, object] | None = None,
    method: str | None = None,
    largest: int = LARGEST_BODY,
) -> Answer:
    """Send `body` as JSON by POST or by `method`, or GET without one; the whole answer within `seconds`, whatever its status.

    Of an answer longer than `largest` bytes one byte more is kept, by which `read_object` knows it.
    Raises Unreachable when no complete answer comes in time.
    """
    request = urllib.request.Request(  # noqa: S310  # web_address let only http and https through
        address,
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={
            "Accept": "application/json, application/problem+json",
            "Cache-Control": "no-cache",
            "User-Agent": f"cybercube/{__version__}",
            **({} if body is None else {"Content-Type": "application/json"}),
            **headers,
        },
    )
    try:
        return _within(seconds, lambda: _send(request, seconds, largest))
    except (OSError, http.client.HTTPException) as fault:
        reason = getattr(fault, "reason", None) or fault
        raise Unreachable(f"cannot reach {_host(address)}: {reason or type(fault).__name__}") from fault


def read_object(answer: Answer, *, origin: str, largest: int = LARGEST_BODY) -> dict[str, object]:
    """The JSON object in `answer`.

    Raises Unreachable for any other media type, a body that is cut short, a name given twice, or no object at all.
    """
    if answer.media_type not in {"application/json", "application/problem+json"}:
        found = answer.media_type or "nothing that names its type"
        raise Unreachable(f"{origin} answered {answer.status} with {found} instead of JSON: is the address right?")
    if len(answer.body) > largest:
        raise Unreachable(f"{origin} answered {answer.status} with more than {largest} bytes")
    try:
        value = json.loads(answer.body.decode("utf-8"), object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as fault:
        raise Unreachable(f"{origin} answered {answer.status} with JSON that cannot be read: {fault}") from fault
    if not isinstance(value, dict):
        raise Unreachable(f"{origin} answered {answer.status} with JSON that is no object")
    return value


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name is given twice")
    return result


def _send(request: urllib.request.Request, seconds: float, largest: int) -> Answer:
    opener = urllib.request.build_opener(NoRedirects)
    try:
        response = opener.open(request, timeout=seconds)
    except urllib.error.HTTPError as refused:
        response = refused
    with response:
        body = response.read(largest + 1)
        wait = response.headers.get("Retry-After", "")
        return Answer(
            status=response.status,
            media_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            retry_after=min(float(wait), LONGEST_RETRY_AFTER) if wait.isascii() and wait.isdigit() else 0.0,
            body=body,
        )


def _within(seconds: float, call: Callable[[], T]) -> T:
    """`call()`, or Unreachable after `seconds`: a socket timeout alone bounds neither names nor slow drips."""
    results: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        try:
            results.put((call(), None))
        except BaseException as fault:  # noqa: BLE001  # handed to the caller, who raises it
            results.put((None, fault))

    threading.Thread(target=work, daemon=True).start()
    try:
        result, fault = results.get(timeout=seconds)
    except queue.Empty:
        raise Unreachable(f"no complete answer within {seconds:.0f} s") from None
    if fault is not None:
        raise fault
    return result  # type: ignore[return-value]  # a call without a fault gave a T


def _host(address: str) -> str:
    return urllib.parse.urlsplit(address).netloc
