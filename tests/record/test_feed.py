"""What happened to the work, for everybody who is signed in, as CloudEvents (integrations.md C4)."""

from __future__ import annotations

import pkgutil
import re
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

import changes
import cybercube_portal
import releases
from cybercube_portal import clock
from cybercube_portal.audit.actions.sealing import seal_all
from cybercube_portal.audit.models import Event
from cybercube_portal.record.cloud_events import LARGEST_DATA, PRIVATE, SHARED, webhook_body
from tests.factories.people import Cast
from tests.record.conftest import Api, Happen

EVENTS = "/api/v1/events/"
CLOUD_EVENT = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"}
# CDEvents 0.5.1: the pattern of custom types, and the members it allows.
CUSTOM_TYPE = re.compile(r"dev\.cdeventsx\.[a-zA-Z0-9]+-[a-zA-Z]+\.[a-zA-Z]+\.[0-9]\.[0-9]\.[0-9]")
CDEVENT = {"context", "subject", "customData", "customDataContentType"}


def assert_is_cloud_event(event: dict[str, Any]) -> None:
    """CloudEvents 1.0.2 section 3, over the members this portal sends."""
    assert set(event) == CLOUD_EVENT
    assert event["specversion"] == "1.0"
    assert str(UUID(event["id"])) == event["id"]
    assert re.fullmatch(r"https?://[^\s]+", event["source"])
    assert event["subject"]
    assert re.fullmatch(r"[a-z0-9_.-]+", event["type"])
    assert datetime.fromisoformat(event["time"]).utcoffset() is not None
    assert event["datacontenttype"] == "application/json"
    assert isinstance(event["data"], dict)


def assert_is_cdevent(event: dict[str, Any]) -> None:
    """CDEvents' CloudEvents binding: the attributes repeat the context."""
    cdevent = event["data"]
    assert set(cdevent) == CDEVENT
    context, subject = cdevent["context"], cdevent["subject"]
    assert set(context) == {"specversion", "id", "source", "type", "timestamp"}
    assert set(subject) == {"id", "content"}
    assert CUSTOM_TYPE.fullmatch(context["type"])
    assert (context["id"], context["source"], context["type"], context["timestamp"], subject["id"]) == (
        event["id"],
        event["source"],
        event["type"],
        event["time"],
        event["subject"],
    )


@pytest.mark.parametrize("username", ["alice", "kim", "ci-search"])
def test_events__anybody_signed_in__reads_cloud_events(api: Api, happen: Happen, username: str) -> None:
    happen("change.rolled_back", number=1)
    happen("artifact.registered", object_id="billing-service:v2.3.1")
    seal_all(now=clock.now)
    answer = api(username).get(EVENTS)
    assert answer.status_code == 200
    artifact, change = answer.json()["results"]
    for event in (artifact, change):
        assert_is_cloud_event(event)
    assert_is_cdevent(change)
    assert change["type"] == "dev.cdeventsx.cybercube-changerequest.rolledback.0.1.0"
    assert change["data"]["customData"]["verb"] == "change.rolled_back"
    assert change["data"]["customData"]["data"] == {"number": 1}
    assert artifact["type"] == "software.cybercube.portal.artifact.registered"
    assert artifact["data"]["object_id"] == artifact["subject"] == "billing-service:v2.3.1"


def test_events__nobody__has_to_sign_in(cast: Cast) -> None:
    assert APIClient().get(EVENTS).status_code == 401


def test_events__what_people_did_with_accounts_and_keys__stays_inside(api: Api, happen: Happen) -> None:
    for noun in sorted(PRIVATE | {"unheard_of"}):
        happen(f"{noun}.created", secret="a secret")
    event = happen("change.commented")
    seal_all(now=clock.now)
    client = api("alice")
    (found,) = client.get(EVENTS).json()["results"]
    assert found["id"] == str(event.event_id)
    assert found["data"]["customData"]["actor"] == {"kind": "person", "id": "alice"}
    assert client.get(f"{EVENTS}?verb=session.*").json()["results"] == []
    assert [webhook_body(event) is None for event in Event.objects.order_by("verb")].count(False) == 1


def test_events__unsealed__not_yet_told(api: Api, happen: Happen) -> None:
    happen()
    assert api("alice").get(EVENTS).json()["results"] == []


def test_events__followed_by_previous__nothing_missed_and_nothing_twice(api: Api, happen: Happen) -> None:
    client = api("alice")
    for number in range(5):
        happen(number=number)
    seal_all(now=clock.now)
    page = client.get(f"{EVENTS}?page_size=2").json()
    assert [event["data"]["customData"]["data"]["number"] for event in page["results"]] == [4, 3]
    older = client.get(page["next"]).json()
    assert [event["data"]["customData"]["data"]["number"] for event in older["results"]] == [2, 1]
    happen(number=5)
    seal_all(now=clock.now)
    newer = client.get(older["previous"]).json()
    assert [event["data"]["customData"]["data"]["number"] for event in newer["results"]] == [4, 3]
    newest = client.get(newer["previous"]).json()
    assert [event["data"]["customData"]["data"]["number"] for event in newest["results"]] == [5]


def test_events__batch_asked_for__an_array_with_links(api: Api, history: list[Event]) -> None:
    client, batch = api("alice"), {"Accept": "application/cloudevents-batch+json"}
    answer = client.get(f"{EVENTS}?page_size=4&subject=CR-2026-0117-001", headers=batch)
    assert answer.headers["Content-Type"] == "application/cloudevents-batch+json"
    assert len(answer.json()) == 4
    for event in answer.json():
        assert_is_cloud_event(event)
    link = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers["Link"])
    assert link is not None
    following = client.get(link[1], headers=batch)
    assert answer.json()[-1]["data"]["customData"]["sequence"] > following.json()[0]["data"]["customData"]["sequence"]
    assert client.get(EVENTS, headers={"Accept": "text/html"}).status_code == 406


def test_webhook_body__event_too_large__shortened_below_20_kb(happen: Happen) -> None:
    happen(words="x" * LARGEST_DATA)
    seal_all(now=clock.now)
    body = webhook_body(Event.objects.get(verb="change.commented"))
    assert body is not None
    told = body["data"]["customData"]
    assert (told["shortened"], told["data"], told["object_id"]) == (True, {}, "CR-2026-0117-001")


def test_nouns__every_verb_of_the_portal__shared_or_private_and_never_both() -> None:
    modules = [
        import_module(found.name)
        for package in (cybercube_portal, changes, releases)
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=lambda _name: None)
        if found.name.endswith(".events") and ".selectors." not in found.name and ".actions." not in found.name
    ]
    verbs = [
        verb
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum
        for verb in kind
    ]
    assert len(verbs) > 50
    assert {verb.partition(".")[0] for verb in verbs} == SHARED | PRIVATE
    assert not SHARED & PRIVATE


@pytest.mark.parametrize(("action", "predicate"), [("deploy", "deployed"), ("rollback", "rolledback")])
def test_events__a_verified_deployment__is_what_cdevents_calls_a_service(
    api: Api, happen: Happen, action: str, predicate: str
) -> None:
    digest = "sha256:" + "a" * 64
    happen(
        "deployment.verified",
        object_id="DEP-017",
        service="billing-service",
        environment="prd",
        digest=digest,
        action=action,
    )
    happen("deployment.started", object_id="DEP-017", service="billing-service", environment="prd")
    seal_all(now=clock.now)
    started, verified = api("alice").get(EVENTS).json()["results"]
    assert verified["type"] == f"dev.cdevents.service.{predicate}.0.3.0"
    assert verified["data"]["subject"] == {
        "id": "billing-service",
        "content": {
            "environment": {"id": "prd"},
            "artifactId": f"pkg:oci/billing-service@sha256%3A{'a' * 64}",
        },
    }
    assert verified["subject"] == "billing-service"
    assert started["type"] == "software.cybercube.portal.deployment.started"
    assert started["data"]["object_id"] == "DEP-017"


def test_events__an_incident__names_where_it_is(api: Api, happen: Happen) -> None:
    happen("incident.detected", object_id="INC-001", service="billing-service", environment="prd")
    seal_all(now=clock.now)
    (event,) = api("alice").get(EVENTS).json()["results"]
    assert event["type"] == "dev.cdevents.incident.detected.0.3.0"
    assert event["data"]["subject"]["content"]["environment"] == {"id": "prd"}
