"""Looking at services: real HTTP on the loopback, what is kept of it, and what follows when production runs what nobody let through."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from changes.actions.content import edit_change
from changes.actions.emergencies import authorise_change
from changes.models import ChangeRequest
from cybercube_portal.audit.models import Delivery, Event, Intent
from cybercube_portal.audit.registry import Task
from cybercube_portal.catalog.models import Service
from cybercube_portal.errors import Invalid
from cybercube_portal.people.actions import add_person
from cybercube_portal.people.actors import OPERATOR
from cybercube_portal.people.models import User
from releases.actions.observations import claim_looks
from releases.checks.looking import Target, look
from releases.models import Observation
from releases.policy.sighting import Sighting
from releases.states import DeploymentState
from releases.tasks import look_at_services, tell_of_bypass
from tests.audit.listener import Listener
from tests.factories import changes as story
from tests.factories.deployed import deployed
from tests.factories.people import Cast
from tests.releases.sights import MINUTE, V1, V9, see


@pytest.fixture
def server(settings: Settings) -> Iterator[Listener]:
    """A service on the loopback, which the operator allows."""
    settings.OUTBOUND_NETWORKS = (ip_network("127.0.0.0/8"),)
    with closing(Listener()) as listener:
        yield listener


def answers(listener: Listener, body: Any, *, status: int = 200) -> None:
    """From now on /health says `body`."""
    text = json.dumps(body).encode() if not isinstance(body, bytes) else body
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode()
    listener.play = lambda peer: peer.sendall(head + text)


@pytest.fixture
def billing(cast: Cast, server: Listener) -> Service:
    """Answers in production on the loopback; v1.0.0 was deployed there yesterday."""
    return story.service(urls={"prd": server.url(path="")}, allowed_hosts=["127.0.0.1"])


@pytest.fixture
def known(billing: Service, now: datetime) -> Service:
    """The portal looked an hour ago and saw v1.0.0: any other version is new."""
    see(V1, at=now - timedelta(hours=1))
    return billing


HEALTH = [
    (
        {"status": "healthy", "version": "v2.3.1", "git_sha": "a1b2c3d"},
        Sighting(version="v2.3.1", git_sha="a1b2c3d", status="healthy"),
    ),
    ({"version": "2.3.1"}, Sighting(version="v2.3.1")),
    ({"version": "nightly"}, Sighting(version="nightly")),
    (
        {"version": "v1.0.0", "config": {"DB_PASSWORD": "hunter2"}},
        Sighting(version="v1.0.0", config_keys=("DB_PASSWORD",)),
    ),
    ({"version": "v1.0.0", "config": ["B", "A=secret", 3]}, Sighting(version="v1.0.0", config_keys=("A", "B"))),
    (
        {"version": "v1.0.0", "dependencies": {"node": "20", "pg": {"version": 16}}},
        Sighting(version="v1.0.0", dependencies={"node": "20", "pg": "16"}),
    ),
    ({"version": "v1.0.0", "config": "x", "dependencies": ["x"], "git_sha": 7}, Sighting(version="v1.0.0")),
]


@pytest.mark.parametrize(("body", "sighting"), HEALTH)
def test_look__health_answers__version_and_names_but_no_value(server: Listener, body: Any, sighting: Sighting) -> None:
    answers(server, body)
    target = Target(service="billing-service", environment="prd", url=server.url(path="/"), hosts=("127.0.0.1",))
    assert look(target, timeout=5) == sighting
    assert server.requests[-1].startswith(b"GET /health HTTP/1.1")


NOTHING = [
    (b"<html>", 200),
    ({"status": "ok"}, 200),
    ([], 200),
    ({"version": V1}, 404),
    ({"version": " "}, 200),
    (b"[" * 100, 200),
]


@pytest.mark.parametrize(("body", "status"), NOTHING)
def test_look__answer_says_no_version__unseen_with_a_reason(server: Listener, body: Any, status: int) -> None:
    answers(server, body, status=status)
    target = Target(service="billing-service", environment="prd", url=server.url(path=""), hosts=("127.0.0.1",))
    sighting = look(target, timeout=5)
    assert not sighting.is_seen
    assert sighting.error


@pytest.mark.parametrize(
    ("hosts", "networks"), [((), ("127.0.0.0/8",)), (("127.0.0.1",), ()), (("other.example",), ("127.0.0.0/8",))]
)
def test_look__address_not_allowed__nobody_is_called(
    settings: Settings, server: Listener, hosts: tuple[str, ...], networks: tuple[str, ...]
) -> None:
    settings.OUTBOUND_NETWORKS = tuple(ip_network(network) for network in networks)
    answers(server, {"version": V1})
    sighting = look(Target(service="x", environment="prd", url=server.url(path=""), hosts=hosts), timeout=5)
    assert not sighting.is_seen
    assert server.connections == 0


def test_sweep__service_answers__observation_kept_and_due_again(
    billing: Service, server: Listener, clock_at: Callable[[datetime], datetime], now: datetime
) -> None:
    answers(server, {"status": "ok", "version": V1, "git_sha": "a1b2c3d", "config": ["DB_HOST"]})
    deployed(billing, V1, at=now - timedelta(days=1))
    clock_at(now)
    look_at_services()
    row = Observation.objects.get()
    assert (row.version, row.git_sha, row.config_keys, row.error) == (V1, "a1b2c3d", ["DB_HOST"], "")
    assert (row.since, row.seen_at, row.due_at) == (now, now, now + MINUTE)
    look_at_services()
    assert server.connections == 1, "not due before the interval is over"
    clock_at(now + MINUTE)
    look_at_services()
    assert server.connections == 2


def test_sweep__service_is_down__says_why_and_keeps_what_it_saw(
    billing: Service, server: Listener, clock_at: Callable[[datetime], datetime], now: datetime
) -> None:
    answers(server, {"version": V1})
    clock_at(now)
    look_at_services()
    answers(server, b"oops", status=500)
    clock_at(now + MINUTE)
    look_at_services()
    row = Observation.objects.get()
    assert "500" in row.error
    assert (row.version, row.seen_at, row.looked_at) == (V1, now, now + MINUTE)


def test_claim__host_that_is_nobody_s__never_looked_at(cast: Cast, now: datetime) -> None:
    story.service(urls={"prd": "https://billing.cybercube.example", "stg": "http://x.test"}, allowed_hosts=[])
    assert claim_looks(now=now, interval=MINUTE) == []


def test_claim__address_taken_away__place_is_forgotten(billing: Service, now: datetime) -> None:
    assert len(claim_looks(now=now, interval=MINUTE)) == 1
    Service.objects.update(urls={})
    assert claim_looks(now=now + MINUTE, interval=MINUTE) == []
    assert not Observation.objects.exists()


def test_bypass__two_looks_in_a_row__one_event_one_draft_emergency(billing: Service, now: datetime) -> None:
    deployed(billing, V1, at=now - timedelta(days=1))
    see(V9, at=now)
    assert not ChangeRequest.objects.exists(), "one look may meet a replica that is being replaced"
    row = see(V9, at=now + MINUTE)
    for minute in range(2, 6):
        see(V9, at=now + minute * MINUTE)
    change = ChangeRequest.objects.get()
    assert (change.type, change.state, change.services) == ("emergency", "draft", ["billing-service"])
    assert (change.artifacts[0]["version"], change.rollback_version) == (V9, V1)
    assert (row.bypass_change, row.bypass_version) == (change.number, V9)
    event = Event.objects.get(verb="observation.bypass_found")
    assert (event.data["version"], event.data["expected"], event.data["change"]) == (V9, V1, change.number)
    assert {"service:billing-service", change.number} <= set(event.subjects)


def test_bypass__draft_of_the_portal__people_complete_and_authorise_it(
    known: Service, cast: Cast, now: datetime
) -> None:
    for minute in range(2):
        see(V9, at=now + minute * MINUTE)
    change = ChangeRequest.objects.get()
    later = now + 10 * MINUTE
    assert (change.requester.username, change.requester.kind) == ("portal", "service")
    edit_change(
        number=change.number,
        version=change.version,
        changes={
            "impact": {"customers": "all", "downtime": "none", "data": "none"},
            "rollback_plan": "Go back to v1.0.0",
        },
        actor=cast.actor("alice"),
        now=later,
    )
    done = authorise_change(
        number=change.number,
        approver="heidi",
        verbal_at=later,
        how="On the phone",
        criteria=["production_down"],
        actor=cast.actor("heidi"),
        now=later,
    )
    assert done.state == "approved"


def test_bypass__told__on_call_and_tech_lead_by_mail_once(known: Service, cast: Cast, now: datetime) -> None:
    for minute in range(2):
        see(V9, at=now + minute * MINUTE)
    intent = Intent.objects.get(kind="releases.tell_of_bypass")
    task = Task(id=intent.pk, kind=intent.kind, subject=intent.subject, payload=intent.payload)
    for _ in range(2):
        tell_of_bypass(task, now)
    mails = Delivery.objects.filter(subject__startswith="Without the gate")
    assert sorted(mail.target for mail in mails) == ["bob@example.com", "grace@example.com", "heidi@example.com"]
    assert V9 in mails[0].payload["body"]


def test_bypass__looks_alternate_between_two_replicas__nothing_is_told(billing: Service, now: datetime) -> None:
    deployed(billing, V1, at=now - timedelta(days=1))
    for minute in range(6):
        see((V1, V9)[minute % 2], at=now + minute * MINUTE)
    assert not ChangeRequest.objects.exists()


def test_bypass__same_look_kept_twice__counts_once(known: Service, now: datetime) -> None:
    for _ in range(3):
        see(V9, at=now)
    assert not ChangeRequest.objects.exists()


def test_bypass__version_of_a_deployment_that_failed__was_let_through(billing: Service, now: datetime) -> None:
    deployed(billing, V1, at=now - timedelta(days=2))
    deployed(billing, V9, at=now - timedelta(days=1), state=DeploymentState.FAILED)
    deployed(billing, "v9.9.8", at=now - timedelta(hours=1), state=DeploymentState.FAILED)
    for minute in range(3):
        see(V9, at=now + minute * MINUTE)
    assert not ChangeRequest.objects.exists()


def test_bypass__in_staging__a_finding_and_no_change(billing: Service, now: datetime) -> None:
    for minute in range(3):
        see(V9, at=now + minute * MINUTE, environment="stg")
    assert not ChangeRequest.objects.exists()


def test_bypass__another_version_while_the_draft_is_open__same_draft_stands_for_it(
    known: Service, now: datetime
) -> None:
    for minute in range(2):
        see(V9, at=now + minute * MINUTE)
    see("v9.9.10", at=now + 2 * MINUTE)
    row = see("v9.9.10", at=now + 3 * MINUTE)
    assert ChangeRequest.objects.count() == 1
    assert Event.objects.filter(verb="observation.bypass_found").count() == 2
    assert row.bypass_version == "v9.9.10"


def test_bypass__person_called_portal__refused_when_added(cast: Cast, now: datetime) -> None:
    with pytest.raises(Invalid):
        add_person(username="portal", name="P", actor=OPERATOR, now=now)
    assert not User.objects.filter(username="portal").exists()


def test_environments__expected_observed_and_findings(
    billing: Service, api: Callable[..., APIClient], clock_at: Callable[[datetime], datetime], now: datetime
) -> None:
    clock_at(now)
    done = deployed(billing, V1, at=now - timedelta(days=1), change="CR-2026-0113-001")
    deployed(billing, "v1.0.1", "stg", at=now - timedelta(hours=1), state=DeploymentState.RUNNING)
    for minute in (3, 2):
        see(V9, at=now - minute * MINUTE, config_keys=("DB_HOST",))
    answer = api("alice").get("/api/v1/services/billing-service/environments/")
    assert answer.status_code == 200
    body = answer.json()
    dev, stg, prd = body["results"]
    assert [dev["environment"], stg["environment"], prd["environment"]] == ["dev", "stg", "prd"]
    assert (prd["expected"]["version"], prd["expected"]["deployment"], prd["expected"]["change"]) == (
        V1,
        done.reference,
        "CR-2026-0113-001",
    )
    assert (prd["observed"]["version"], prd["observed"]["config_keys"]) == (V9, ["DB_HOST"])
    assert prd["observed"]["bypass_change"] == ChangeRequest.objects.get().number
    assert prd["drift"] is True
    assert prd["findings"][0]["code"] == "drift.bypass"
    assert (stg["expected"], stg["under_way"]["version"], stg["drift"]) == (None, "v1.0.1", False)
    assert [row["section"] for row in body["parity"]] == ["§1.5"] * 6


def test_environments__unknown_service__404(cast: Cast, api: Callable[..., APIClient]) -> None:
    assert api("alice").get("/api/v1/services/nothing/environments/").status_code == 404
