"""The driver for Kubernetes against a server that answers like its API, over HTTP and HTTPS: what is sent, to whom, and what each answer means."""

from __future__ import annotations

import base64
import json
import logging
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import V1Deployment
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from releases.drivers import DriverUnavailable, Order, Progress, kubernetes
from releases.drivers.kubernetes import rollout_of
from releases.states import RollbackMethod, Trigger

NOW = datetime(2026, 1, 17, 14, 30, tzinfo=UTC)
DIGEST = "sha256:" + "1" * 64
PATH = "/apis/apps/v1/namespaces/payments-prd/deployments/billing-service"
TOKEN = "eyJ.right.token"


@pytest.fixture(autouse=True)
def _loopback_may_be_called(settings: Settings) -> None:
    settings.OUTBOUND_NETWORKS = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def pods(reference: str = "DEP-007") -> Order:
    return Order(
        reference=reference,
        service="billing-service",
        environment="prd",
        version="v2.3.0",
        digest=DIGEST,
        from_version="v2.3.1",
        from_reference="DEP-006",
        method=RollbackMethod.REDEPLOY,
        trigger=Trigger.ERROR_RATE,
        reason="6 % errors",
        config={"namespace": "payments-{environment}", "image": "registry.example.com/billing", "container": "app"},
        hosts=(),
        started_at=NOW,
    )


class Cluster:
    """The two endpoints of Kubernetes that the driver uses, over one Deployment that the test moves along."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.deployment: dict[str, Any] = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "billing-service", "generation": 4, "somethingNewer": {"than": "the client"}},
            "spec": {
                "replicas": 3,
                "selector": {"matchLabels": {"app": "billing"}},
                "template": {"spec": {"containers": [{"name": "app", "image": "a/billing:bad"}]}},
            },
            "status": {"observedGeneration": 4, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3},
        }
        self.patches: list[dict[str, Any]] = []
        server.expect_request(PATH, method="GET").respond_with_handler(self._get)
        server.expect_request(PATH, method="PATCH").respond_with_handler(self._patch)

    def _get(self, request: Request) -> Response:
        if request.headers.get("Authorization", "").lower() != f"bearer {TOKEN}".lower():
            said = {"kind": "Status", "status": "Failure", "message": "Unauthorized", "code": 401}
            return Response(json.dumps(said), 401, content_type="application/json")
        return Response(json.dumps(self.deployment), content_type="application/json")

    def _patch(self, request: Request) -> Response:
        assert request.headers["Content-Type"] == "application/strategic-merge-patch+json"
        assert request.args["fieldManager"] == "cybercube-portal"
        patch = request.get_json(force=True)
        self.patches.append(patch)
        metadata = self.deployment["metadata"]
        metadata["annotations"] = {**metadata.get("annotations", {}), **patch["metadata"]["annotations"]}
        metadata["generation"] += 1
        return Response(json.dumps(self.deployment), content_type="application/json")

    def roll_out(self, *, updated: int, available: int) -> None:
        self.deployment["status"] = {
            "observedGeneration": self.deployment["metadata"]["generation"],
            "replicas": 3,
            "updatedReplicas": updated,
            "availableReplicas": available,
        }


@pytest.fixture
def cluster(httpserver: HTTPServer, settings: Settings) -> Iterator[Cluster]:
    settings.KUBERNETES_URL = httpserver.url_for("").rstrip("/")
    settings.KUBERNETES_TOKEN = TOKEN
    yield Cluster(httpserver)
    httpserver.check_assertions()


def test_kubernetes__whole_rollout__image_by_digest_set_once_then_watched_until_all_are_available(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = [kubernetes.carry_out(pods(), now=NOW).progress]
    cluster.roll_out(updated=1, available=1)
    said.append(kubernetes.carry_out(pods(), now=NOW).progress)
    cluster.roll_out(updated=3, available=2)
    said.append(kubernetes.carry_out(pods(), now=NOW).progress)
    cluster.roll_out(updated=3, available=3)
    said.append(kubernetes.carry_out(pods(), now=NOW).progress)

    assert said == [Progress.GOING_ON] * 3 + [Progress.DONE]
    (patch,) = cluster.patches
    assert patch["spec"]["template"]["spec"]["containers"] == [
        {"name": "app", "image": f"registry.example.com/billing@{DIGEST}"}
    ]
    assert TOKEN not in caplog.text


def test_kubernetes__another_rollback_later__sets_the_image_again(cluster: Cluster) -> None:
    kubernetes.carry_out(pods(), now=NOW)
    cluster.roll_out(updated=3, available=3)

    assert kubernetes.carry_out(pods("DEP-009"), now=NOW).progress is Progress.GOING_ON
    assert len(cluster.patches) == 2


def test_kubernetes__token_not_accepted__refused_in_the_clusters_words(cluster: Cluster, settings: Settings) -> None:
    settings.KUBERNETES_TOKEN = "wrong"

    report = kubernetes.carry_out(pods(), now=NOW)

    assert report.progress is Progress.REFUSED
    assert report.words.startswith("It answered 401:")
    assert "Unauthorized" in report.words
    assert cluster.patches == []


def test_kubernetes__no_cluster_configured__refused(settings: Settings) -> None:
    settings.KUBERNETES_URL = ""

    assert kubernetes.carry_out(pods(), now=NOW).progress is Progress.REFUSED


def test_kubernetes__api_server_on_a_network_nobody_allowed__refused_and_not_called(
    cluster: Cluster, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTBOUND_NETWORKS = ()
    monkeypatch.setenv("HTTP_PROXY", cluster.server.url_for(""))

    report = kubernetes.carry_out(pods(), now=NOW)

    assert report.progress is Progress.REFUSED
    assert "127.0.0.1" in report.words
    assert cluster.server.log == []


@pytest.mark.parametrize(
    ("answer", "tried_again"),
    [
        ((200, {"Content-Type": "text/html"}, "<html>"), True),
        ((200, {"Content-Type": "application/json"}, "<html>"), True),
        ((200, {"Content-Type": "application/json"}, "[1]"), True),
        ((200, {"Content-Type": "application/json"}, "null"), True),
        ((200, {"Content-Type": "application/json"}, "{}"), True),
        ((200, {"Content-Type": "application/json"}, '{"spec": [], "metadata": "x"}'), True),
        ((200, {"Content-Type": "application/json; charset=nonsense-1"}, "{}"), True),
        ((200, {"Content-Type": "application/octet-stream"}, "\0"), True),
        ((200, {"Content-Type": "application/json"}, '"' + "x" * (1024 * 1024) + '"'), True),
        ((409, {}, ""), True),
        ((429, {"Retry-After": "60"}, "slow down"), True),
        ((503, {}, ""), True),
        ((302, {"Location": "http://169.254.169.254/latest/meta-data/"}, ""), False),
        ((403, {}, "forbidden"), False),
        ((404, {"Content-Type": "application/json"}, '{"message": "no such deployment"}'), False),
    ],
)
def test_kubernetes__each_answer__means_one_thing(
    httpserver: HTTPServer, settings: Settings, answer: tuple[int, dict[str, str], str], tried_again: bool
) -> None:
    status, headers, body = answer
    settings.KUBERNETES_URL = httpserver.url_for("").rstrip("/")
    httpserver.expect_request(PATH).respond_with_data(body, status, headers)

    try:
        outcome = kubernetes.carry_out(pods(), now=NOW).progress
    except DriverUnavailable:
        outcome = Progress.GOING_ON

    assert outcome is (Progress.GOING_ON if tried_again else Progress.REFUSED)
    assert len(httpserver.log) == 1


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


def test_rollout_of__deadline_exceeded__refused() -> None:
    conditions = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "stuck"}]
    status = {"observedGeneration": 5, "replicas": 3, "conditions": conditions}
    spec = {"replicas": 3, "selector": {}, "template": {}}
    deployment = V1Deployment.from_dict({"metadata": {"generation": 5}, "spec": spec, "status": status})
    assert deployment is not None

    report = rollout_of(deployment)

    assert report.progress is Progress.REFUSED
    assert "stuck" in report.words
