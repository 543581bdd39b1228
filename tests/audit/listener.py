"""A server on the loopback, and a resolver that says what a hostile one would."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Listener:
    """A server on the loopback that counts who connects and plays one answer."""

    def __init__(self, family: socket.AddressFamily = socket.AF_INET, *, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self.socket.listen(20)
        self.port: int = self.socket.getsockname()[1]
        self.connections = 0
        self.requests: list[bytes] = []
        self.play: Callable[[socket.socket], None] = lambda peer: peer.sendall(OK)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _address = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            with closing(peer), suppress(OSError):
                self._answer(peer)

    def _answer(self, peer: socket.socket) -> None:
        if self.tls:
            peer = self.tls.wrap_socket(peer, server_side=True)
        with closing(peer):
            self.requests.append(_request(peer))
            self.play(peer)

    def url(self, host: str = "127.0.0.1", path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


def _request(peer: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read or len(read.partition(b"\r\n\r\n")[2]) < _length(read):
        more = peer.recv(65536)
        if not more:
            break
        read += more
    return read


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)content-length: (\d+)", head)
    return int(found[1]) if found else 0


@contextmanager
def names(monkeypatch: pytest.MonkeyPatch, answers: Callable[[str], list[str]]) -> Iterator[list[str]]:
    """A resolver that answers as told: the internet's, from the portal's point of view."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *_more: Any, **_options: Any) -> list[Any]:
        asked.append(host)
        found: list[Any] = []
        for address in answers(host):
            found += real(address, port, type=socket.SOCK_STREAM)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolve)
        yield asked
