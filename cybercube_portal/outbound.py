"""The one way out: every HTTP call to an address that somebody typed (reliability.md section 4).

The host must be registered, the name is resolved once, every address it has must be allowed, and the socket goes to one of
exactly these: a name that answers differently a moment later gains nothing. Redirects are answers, not orders. Once the name is
resolved everything ends at one deadline, slow bodies included, and a body larger than the limit is not read.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from cybercube_portal.addresses import refusal
from cybercube_portal.errors import PortalError

PORTS = {"http": 80, "https": 443}
NOBODY = frozenset({"example", "invalid", "test"})
AGENT = "cybercube-portal"
MEBIBYTE = 1024 * 1024


class OutboundRefused(PortalError):
    """The portal does not call this address: a rule, not a fault. Nothing was sent."""

    code = "outbound.refused"


class OutboundFailed(PortalError):
    """The other side could not be reached, was too slow, or answered something that is no sound HTTP."""

    code = "outbound.failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever the status. `headers` by lower-case name; `seconds` from the first byte sent to the last read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    address: str
    seconds: float


def call(
    method: str,
    url: str,
    *,
    hosts: Iterable[str],
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 10.0,
    limit: int = MEBIBYTE,
    trust: ssl.SSLContext | None = None,
    server_name: str = "",
) -> Answer:
    """One request, one answer.

    `hosts`: what an admin registered for this purpose, exact names or `*.example.com`; the operator's CYBERCUBE_OUTBOUND_HOSTS
    count too. `timeout`: seconds for everything together. `limit`: largest body in bytes, before any decoding. `trust`: who vouches
    for the other side, and our own certificate where it asks for one; None for the system's authorities. `server_name`: the
    name its certificate carries; "" for the host. Raises OutboundRefused before anything is sent, OutboundFailed
    (`outbound.unreachable`, `.timeout`, `.tls`, `.protocol`, `.too_large`) after.
    """
    parts = readable(url)
    host = str(parts.hostname)
    if not registered(host, (*hosts, *settings.OUTBOUND_HOSTS)):
        raise OutboundRefused(f"{host} is not a registered host.", code="outbound.host_not_registered")
    deadline = time.monotonic() + timeout
    try:
        with closing(_connected(host, parts.port or PORTS[parts.scheme], deadline)) as wire:
            tls = (trust or _system_trust(), server_name or host) if parts.scheme == "https" else None
            return _exchange(wire, parts, method, headers or {}, body, deadline=deadline, limit=limit, tls=tls)
    except TimeoutError as error:
        raise OutboundFailed(f"{host} did not answer within {timeout:g} s.", code="outbound.timeout") from error
    except ssl.SSLError as error:
        raise OutboundFailed(
            f"No trusted connection to {host}: {error.reason or error}.", code="outbound.tls"
        ) from error
    except OSError as error:
        raise OutboundFailed(
            f"{host} cannot be reached: {error.strerror or error}.", code="outbound.unreachable"
        ) from error
    except (HTTPException, ValueError) as error:
        raise OutboundFailed(f"{host} did not answer in HTTP: {error}.", code="outbound.protocol") from error


def registered(host: str, hosts: Iterable[str]) -> bool:
    """Whether `host` is one of `hosts`; `*.example.com` stands for every name below it, not for itself."""
    name = host.lower().rstrip(".")
    return any(
        name.endswith(entry[1:].lower()) if entry.startswith("*.") else name == entry.lower().rstrip(".")
        for entry in hosts
    )


def is_nobody(url: str) -> bool:
    """Whether its host is a name that RFC 6761 keeps for examples and tests: it never leads anywhere."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    return host.rpartition(".")[2] in NOBODY


def readable(url: str) -> SplitResult:
    """The parts of an http or https address. Raises OutboundRefused (`outbound.url_invalid`) for anything else."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in PORTS and parts.hostname and parts.port != 0 and url.isascii() and url.isprintable()
    except ValueError:
        parts, sound = SplitResult("", "", "", "", ""), False
    if not sound or " " in url or "\\" in url:
        raise OutboundRefused(f"{url!r} is no http or https address.", code="outbound.url_invalid")
    if parts.username is not None or parts.password is not None:
        raise OutboundRefused("An address with a user name inside is not called.", code="outbound.url_invalid")
    return parts


def _connected(host: str, port: int, deadline: float) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_kind, sockaddr in found:
        _refuse_peer(host, str(sockaddr[0]))
    last: OSError = OSError("the name has no address")
    for family, kind, protocol, _name, sockaddr in found:
        wire = socket.socket(family, kind, protocol)
        try:
            wire.settimeout(_left(deadline))
            wire.connect(sockaddr)
            # Head and body are two writes: without this the second may wait for the first one's acknowledgement.
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            wire.close()
            last = error
        else:
            return wire
    raise last


def _refuse_peer(host: str, address: str) -> None:
    reason = refusal(address, allowed=settings.OUTBOUND_NETWORKS)
    if reason is not None:
        raise OutboundRefused(f"{host} is at {address}: {reason}.", code="outbound.address_refused")


def _exchange(
    wire: socket.socket,
    parts: SplitResult,
    method: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    deadline: float,
    limit: int,
    tls: tuple[ssl.SSLContext, str] | None,
) -> Answer:
    address = str(wire.getpeername()[0])
    wire.settimeout(_left(deadline))
    if tls is not None:
        trust, name = tls
        wire = trust.wrap_socket(wire, server_hostname=name)
    connection = HTTPConnection(str(parts.hostname), parts.port or PORTS[parts.scheme])
    connection.default_port = PORTS[parts.scheme]
    connection.sock = cast("socket.socket", _Deadlined(wire, deadline))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent_at = time.monotonic()
    with closing(wire), closing(connection):
        default = {"User-Agent": AGENT, "Accept-Encoding": "identity", "Connection": "close"}
        connection.request(method, path, body=body or None, headers={**default, **headers})
        answer = connection.getresponse()
        content = _bounded(answer, limit)
    return Answer(
        status=answer.status,
        headers={name.lower(): value for name, value in answer.getheaders()},
        body=content,
        address=address,
        seconds=time.monotonic() - sent_at,
    )


def _bounded(answer: HTTPResponse, limit: int) -> bytes:
    content = answer.read(limit + 1)
    if len(content) > limit:
        raise OutboundFailed(f"The answer is larger than {limit} bytes.", code="outbound.too_large")
    if answer.length:
        raise OutboundFailed(f"The answer was cut short: {answer.length} bytes are missing.", code="outbound.protocol")
    return content


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@lru_cache(maxsize=1)
def _system_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Deadlined:
    """A socket whose every read and write ends at one moment, so that a byte now and then cannot keep it open."""

    def __init__(self, wire: socket.socket, deadline: float) -> None:
        self._wire = wire
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._wire.settimeout(_left(self._deadline))
        self._wire.sendall(data)

    def makefile(self, *_mode: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._wire, self._deadline))

    def close(self) -> None:
        """Nothing: http.client closes before it reads the last answer's body; `_exchange` closes after."""


class _Reader(io.RawIOBase):
    def __init__(self, wire: socket.socket, deadline: float) -> None:
        self._wire = wire
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - typeshed's WriteableBuffer is private
        self._wire.settimeout(_left(self._deadline))
        return self._wire.recv_into(buffer)
