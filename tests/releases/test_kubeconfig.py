"""Which cluster the driver speaks to, as whom, and what of a kubeconfig it does not follow: over HTTPS, by real certificates."""

from __future__ import annotations

import base64
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer

from releases.drivers import DriverUnavailable, Progress, kubernetes
from tests.releases.cluster import NOW, TOKEN, Cluster, pods


@pytest.fixture(autouse=True)
def _loopback_may_be_called(settings: Settings) -> None:
    settings.OUTBOUND_NETWORKS = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class Pki:
    """A certificate that is its own authority, and serves as the client's too."""

    def __init__(self, folder: Path, names: str = "DNS:kube.internal") -> None:
        self.file = folder / "cluster.pem"
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=cluster"
        options = ["-addext", f"subjectAltName={names}", "-keyout", str(self.file), "-out", str(self.file)]
        subprocess.run([*command.split(), *options], check=True, capture_output=True)

    @property
    def data(self) -> str:
        return base64.b64encode(self.file.read_bytes()).decode()

    @contextmanager
    def server(self, *, asks_for_a_certificate: bool = False) -> Iterator[HTTPServer]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        if asks_for_a_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.file)
        with HTTPServer(host="127.0.0.1", ssl_context=context) as server:
            yield server


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def one_server(pki: Pki) -> Iterator[HTTPServer]:
    with pki.server() as server:
        yield server


@pytest.fixture
def secure(pki: Pki, one_server: HTTPServer) -> tuple[Pki, HTTPServer]:
    one_server.clear()
    return pki, one_server


def kubeconfig(server: HTTPServer, pki: Pki, **more: dict[str, Any]) -> dict[str, Any]:
    here = {"server": server.url_for("").rstrip("/"), "certificate-authority-data": pki.data}
    cluster = {**here, "tls-server-name": "kube.internal", **more.get("cluster", {})}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "staging",
        "clusters": [
            {"name": "prod", "cluster": cluster},
            {"name": "staging", "cluster": {"server": "https://staging.example.com"}},
        ],
        "users": [{"name": "portal", "user": more.get("user", {"token": TOKEN})}],
        "contexts": [
            {"name": "cyber-prd", "context": {"cluster": "prod", "user": "portal"}},
            {"name": "staging", "context": {"cluster": "staging", "user": "portal"}},
        ],
    }


def write(settings: Settings, folder: Path, config: object) -> None:
    path = folder / "kubeconfig"
    path.write_text(config if isinstance(config, str) else yaml.safe_dump(config))
    settings.KUBERNETES_CONFIG = str(path)
    settings.KUBERNETES_CONTEXT = "cyber-{environment}"


@pytest.mark.parametrize("how", ["token", "token_file", "certificate"])
def test_kubeconfig__context_of_the_environment__its_server_by_its_name_and_credentials(
    settings: Settings, tmp_path: Path, pki: Pki, how: str
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    user = {
        "token": {"token": TOKEN},
        "token_file": {"tokenFile": "token"},
        "certificate": {"token": TOKEN, "client-certificate-data": pki.data, "client-key-data": pki.data},
    }[how]
    with pki.server(asks_for_a_certificate=how == "certificate") as server:
        cluster = Cluster(server)
        write(settings, tmp_path, kubeconfig(server, pki, user=user))

        assert kubernetes.carry_out(pods(), now=NOW).progress is Progress.GOING_ON
        assert len(cluster.patches) == 1


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (({"insecure-skip-tls-verify": True}, {"token": TOKEN}), "certificate"),
        (({"proxy-url": "http://127.0.0.1:1"}, {"token": TOKEN}), "proxy"),
        (({}, {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "touch"}}), "exec"),
        (({}, {"auth-provider": {"name": "oidc", "config": {}}}), "auth-provider"),
        (({"server": "http://169.254.169.254"}, {"token": TOKEN}), "metadata"),
        (({"certificate-authority-data": base64.b64encode(b"nothing").decode()}, {"token": TOKEN}), "certificates"),
        (({}, {"token": TOKEN, "client-certificate": "missing.pem"}), "missing.pem"),
    ],
)
def test_kubeconfig__way_past_the_guard_or_without_trust__refused_and_nothing_sent(
    settings: Settings, tmp_path: Path, secure: tuple[Pki, HTTPServer], changed: tuple[dict[str, Any], ...], reason: str
) -> None:
    pki, server = secure
    cluster, user = changed
    write(settings, tmp_path, kubeconfig(server, pki, cluster=cluster, user=user))

    report = kubernetes.carry_out(pods(), now=NOW)

    assert report.progress is Progress.REFUSED
    assert reason in report.words
    assert TOKEN not in report.words
    assert server.log == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "clusters: 7",
        f"token: {TOKEN}\n  x: [",
        f"users: [{{token: {TOKEN}}}]",
        "contexts: [{name: cyber-prd}]",
    ],
)
def test_kubeconfig__file_that_is_none__refused_without_showing_what_stands_in_it(
    settings: Settings, tmp_path: Path, text: str
) -> None:
    write(settings, tmp_path, text)

    report = kubernetes.carry_out(pods(), now=NOW)

    assert report.progress is Progress.REFUSED
    assert TOKEN not in report.words


def test_kubeconfig__certificate_of_another_authority__tried_again_and_no_token_sent(
    settings: Settings, tmp_path: Path, secure: tuple[Pki, HTTPServer]
) -> None:
    write(settings, tmp_path, kubeconfig(secure[1], Pki(tmp_path)))

    with pytest.raises(DriverUnavailable):
        kubernetes.carry_out(pods(), now=NOW)
    assert secure[1].log == []


def test_in_cluster__service_account_of_the_pod__its_token_is_read_anew_each_time(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KUBERNETES_CONFIG = "in-cluster"
    assert kubernetes.carry_out(pods(), now=NOW).progress is Progress.REFUSED

    pki = Pki(tmp_path, "IP:127.0.0.1")
    token = tmp_path / "token"
    monkeypatch.setattr("kubernetes.config.incluster_config.SERVICE_CERT_FILENAME", str(pki.file))
    monkeypatch.setattr("kubernetes.config.incluster_config.SERVICE_TOKEN_FILENAME", str(token))
    with pki.server() as server:
        cluster = Cluster(server)
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
        token.write_text("expired")
        assert kubernetes.carry_out(pods(), now=NOW).progress is Progress.REFUSED
        token.write_text(TOKEN)
        assert kubernetes.carry_out(pods(), now=NOW).progress is Progress.GOING_ON

    assert len(cluster.patches) == 1
