"""The driver for Kubernetes against a server that answers like its API: what is sent, and what each answer means."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from kubernetes.client import V1Deployment
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer

from releases.drivers import DriverUnavailable, Progress, kubernetes
from releases.drivers.kubernetes import rollout_of
from tests.releases.cluster import DIGEST, NOW, PATH, TOKEN, Cluster, pods


@pytest.fixture(autouse=True)
def _loopback_may_be_called(settings: Settings) -> None:
    settings.OUTBOUND_NETWORKS = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


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


def test_rollout_of__deadline_exceeded__refused() -> None:
    conditions = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "stuck"}]
    status = {"observedGeneration": 5, "replicas": 3, "conditions": conditions}
    spec = {"replicas": 3, "selector": {}, "template": {}}
    deployment = V1Deployment.from_dict({"metadata": {"generation": 5}, "spec": spec, "status": status})
    assert deployment is not None

    report = rollout_of(deployment)

    assert report.progress is Progress.REFUSED
    assert "stuck" in report.words
