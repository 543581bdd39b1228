"""The one way out: nothing reaches a canary listener that should not (reliability.md section 4)."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from cybercube_portal import outbound
from cybercube_portal.outbound import OutboundFailed, OutboundRefused, call, registered
from tests.audit.listener import Listener, names


@pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2"])
def test_call__name_rebinds_after_the_check__socket_goes_where_the_check_looked(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, canary: Listener
) -> None:
    """First answer: an allowed address. Every later one: the canary. One question is asked, so the second never counts."""
    settings.OUTBOUND_NETWORKS = (ip_network("127.0.0.2/32"),)
    answers = iter([["127.0.0.2"]])
    with (
        names(monkeypatch, lambda _host: next(answers, ["127.0.0.1"])) as asked,
        pytest.raises(OutboundFailed) as failed,
    ):
        call("GET", canary.url("rebinding.example"), hosts=["rebinding.example"], timeout=2)
    assert failed.value.code == "outbound.unreachable"
    assert asked == ["rebinding.example"]
    assert canary.connections == 0


@pytest.mark.parametrize(
    "others", [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["127.0.0.1", "93.184.215.14"], ["::ffff:127.0.0.1"]]
)
def test_call__name_points_inside__refused_even_beside_a_public_one(
    monkeypatch: pytest.MonkeyPatch, canary: Listener, others: list[str]
) -> None:
    with names(monkeypatch, lambda _host: others), pytest.raises(OutboundRefused):
        call("GET", canary.url("inside.example"), hosts=["inside.example"], timeout=2)
    assert canary.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_call__redirect__handed_back_and_not_followed(loopback_allowed: None, canary: Listener, status: int) -> None:
    with closing(Listener()) as front:
        answer = f"HTTP/1.1 {status} Elsewhere\r\nLocation: {canary.url()}\r\nContent-Length: 0\r\n\r\n".encode()
        front.play = lambda peer: peer.sendall(answer)
        got = call("GET", front.url(), hosts=["127.0.0.1"])
        assert (got.status, got.headers["location"], front.connections) == (status, canary.url(), 1)
    assert canary.connections == 0


def test_call__proxy_in_the_environment__not_used(
    monkeypatch: pytest.MonkeyPatch, loopback_allowed: None, canary: Listener
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, canary.url())
    with closing(Listener()) as server:
        assert call("GET", server.url(), hosts=["127.0.0.1"]).body == b"ok"
    assert canary.connections == 0


@pytest.mark.parametrize(
    ("host", "hosts", "answer"),
    [
        ("api.example.com", ["api.example.com"], True),
        ("API.Example.com.", ["api.example.COM"], True),
        ("a.example.com", ["*.example.com"], True),
        ("a.b.example.com", ["*.example.com"], True),
        ("example.com", ["*.example.com"], False),
        ("evil-example.com", ["*.example.com"], False),
        ("example.com.evil.net", ["example.com", "*.example.com"], False),
        ("anything.net", ["*"], False),
        ("anything.net", [], False),
    ],
)
def test_registered__host__only_what_is_listed(host: str, hosts: list[str], *, answer: bool) -> None:
    assert registered(host, hosts) is answer


def test_call__host_not_registered__refused_before_its_name_is_asked(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, canary: Listener, loopback_allowed: None
) -> None:
    with names(monkeypatch, lambda _host: ["127.0.0.1"]) as asked:
        with pytest.raises(OutboundRefused) as refused:
            call("GET", canary.url("typed.example"), hosts=["other.example"])
        assert refused.value.code == "outbound.host_not_registered"
        assert asked == []
        settings.OUTBOUND_HOSTS = ("typed.example",)
        assert call("GET", canary.url("typed.example"), hosts=[]).status == 200


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://127.0.0.1/",
        "//127.0.0.1/",
        "http://",
        "http:///path",
        "http://user:word@127.0.0.1/",
        "http://user@127.0.0.1/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:port/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1\\@example.com/",
        "http://127.0.0.1/\r\nX-Injected: 1",
        "http://127.0.0.1/\x00",
        "http://[::1/",
        "http://\uff11\uff12\uff17.0.0.1/",
        "javascript:alert(1)",
        "",
    ],
)
def test_call__no_sound_http_address__refused(url: str, loopback_allowed: None) -> None:
    with pytest.raises(OutboundRefused) as refused:
        call("GET", url, hosts=["127.0.0.1", "example.com"])
    assert refused.value.code == "outbound.url_invalid"


def test_call__post_with_headers__request_as_given(loopback_allowed: None, canary: Listener) -> None:
    answer = call(
        "POST", canary.url(path="/hook?a=1"), hosts=["127.0.0.1"], headers={"webhook-id": "1"}, body=b'{"a":1}'
    )
    assert (answer.status, answer.body, answer.address) == (200, b"ok", "127.0.0.1")
    head, _, body = canary.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /hook?a=1 HTTP/1.1"
    assert {f"Host: 127.0.0.1:{canary.port}", "webhook-id: 1", "Accept-Encoding: identity", "Connection: close"} <= set(
        lines
    )
    assert body == b'{"a":1}'


def test_call__ipv6__reached(loopback_allowed: None) -> None:
    with closing(Listener(socket.AF_INET6)) as server:
        assert call("GET", server.url("[::1]"), hosts=["::1"]).address == "::1"
        assert f"Host: [::1]:{server.port}".encode() in server.requests[0]


def test_call__body_longer_than_a_buffer_on_a_closing_connection__read_whole(
    loopback_allowed: None, canary: Listener
) -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n"
    canary.play = lambda peer: peer.sendall(head + b"x" * 200_000)
    assert call("GET", canary.url(), hosts=["127.0.0.1"]).body == b"x" * 200_000


@pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.9"])
def test_call__first_address_dead__next_one_taken(
    monkeypatch: pytest.MonkeyPatch, loopback_allowed: None, canary: Listener
) -> None:
    with names(monkeypatch, lambda _host: ["127.0.0.9", "127.0.0.1"]):
        assert call("GET", canary.url("two.example"), hosts=["two.example"]).address == "127.0.0.1"


def drip(peer: socket.socket) -> None:
    """A byte now and then, for ever."""
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not STOP.wait(0.05):
        peer.sendall(b".")


def drip_header(peer: socket.socket) -> None:
    while not STOP.wait(0.05):
        peer.sendall(b"H")


STOP = threading.Event()


@pytest.mark.parametrize(
    ("play", "code"),
    [
        (drip, "outbound.timeout"),
        (drip_header, "outbound.timeout"),
        (lambda _peer: STOP.wait(3), "outbound.timeout"),
        (lambda _peer: None, "outbound.unreachable"),
        (lambda peer: peer.sendall(b"SSH-2.0-OpenSSH_9\r\n"), "outbound.protocol"),
        (lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"), "outbound.protocol"),
        (
            lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\nab"),
            "outbound.protocol",
        ),
        (
            lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab"),
            "outbound.protocol",
        ),
        (
            lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000),
            "outbound.too_large",
        ),
        (lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000), "outbound.too_large"),
        (lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n"), "outbound.protocol"),
    ],
    ids=[
        "drips",
        "drips headers",
        "silent",
        "hangs up",
        "not HTTP",
        "short",
        "chunk cut",
        "chunk bad",
        "large",
        "endless",
        "headers",
    ],
)
def test_call__bad_server__named_within_the_deadline(
    loopback_allowed: None, canary: Listener, play: Callable[[socket.socket], None], code: str
) -> None:
    STOP.clear()
    canary.play = play
    with pytest.raises(OutboundFailed) as failed:
        call("GET", canary.url(), hosts=["127.0.0.1"], timeout=0.5, limit=4096)
    STOP.set()
    assert failed.value.code == code


@pytest.mark.usefixtures("loopback_allowed")
def test_call__no_time_left__timeout_and_nothing_sent(canary: Listener) -> None:
    with pytest.raises(OutboundFailed) as failed:
        call("GET", canary.url(), hosts=["127.0.0.1"], timeout=0)
    assert failed.value.code == "outbound.timeout"
    assert canary.connections == 0


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Path]:
    """A certificate for `secure.example` that nobody signed but itself."""
    file = tmp_path / "secure.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=secure.example"
    names_it = ["-addext", "subjectAltName=DNS:secure.example", "-keyout", str(file), "-out", str(file)]
    subprocess.run([*command.split(), *names_it], check=True, capture_output=True)
    outbound._system_trust.cache_clear()
    yield file
    outbound._system_trust.cache_clear()


@pytest.mark.parametrize(
    ("host", "trusted", "code"),
    [
        ("secure.example", "yes", "called"),
        ("other.example", "yes", "outbound.tls"),
        ("secure.example", "no", "outbound.tls"),
        ("secure.example", "by the caller", "called"),
        ("other.example", "by the caller", "outbound.tls"),
        ("other.example", "by the caller, under another name", "called"),
    ],
)
@pytest.mark.usefixtures("loopback_allowed")
def test_call__https__name_and_issuer_are_checked(
    monkeypatch: pytest.MonkeyPatch, secure: Path, host: str, trusted: str, code: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(secure)
    if trusted == "yes":
        monkeypatch.setenv("SSL_CERT_FILE", str(secure))
    trust = ssl.create_default_context(cafile=secure) if trusted.startswith("by the caller") else None
    name = "secure.example" if trusted == "by the caller, under another name" else ""
    with closing(Listener(tls=context)) as server, names(monkeypatch, lambda _host: ["127.0.0.1"]):
        url = server.url(host).replace("http:", "https:")
        try:
            answer = call("GET", url, hosts=[host], trust=trust, server_name=name)
            outcome = "called" if answer.body == b"ok" else "no answer"
        except OutboundFailed as failed:
            outcome = failed.code
        assert outcome == code
