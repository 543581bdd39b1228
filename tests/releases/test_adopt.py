"""What ran before the portal first looked: unrecorded until somebody answers for it, and no excuse for what comes after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from changes.models import ChangeRequest
from cybercube_portal.audit.models import Event
from cybercube_portal.catalog.models import Service
from releases.actions.observations import claim_looks
from releases.states import DeploymentState
from tests.factories import changes as story
from tests.factories.deployed import deployed
from tests.factories.people import Cast
from tests.releases.sights import MINUTE, V1, V9, drift, see


@pytest.fixture
def billing(cast: Cast) -> Service:
    return story.service(urls={"prd": "https://billing.cybercube.test"})


def test_first_look__what_ran_before_the_portal__is_unrecorded_and_no_emergency_until_it_changes(
    billing: Service, now: datetime
) -> None:
    for minute in range(3):
        see(V9, at=now + minute * MINUTE)
    assert not ChangeRequest.objects.exists()
    assert drift(now + 2 * MINUTE) == ("drift.unrecorded", "fail")

    for minute in (3, 4):
        see("v9.9.10", at=now + minute * MINUTE)
    assert ChangeRequest.objects.get().artifacts[0]["version"] == "v9.9.10"
    assert drift(now + 4 * MINUTE) == ("drift.bypass", "fail")


def test_first_look__address_taken_away_and_given_back__is_not_the_first_again(billing: Service, now: datetime) -> None:
    urls = billing.urls
    see(V1, at=now)
    Service.objects.update(urls={})
    claim_looks(now=now + MINUTE, interval=MINUTE)
    Service.objects.update(urls=urls)
    for minute in (2, 3):
        see(V9, at=now + minute * MINUTE)
    assert drift(now + 3 * MINUTE) == ("drift.bypass", "fail")


def adopt(client: Any, **fields: Any) -> Any:
    body = {"version": V9, "reason": "Built by hand in 2024, checked against the tag", **fields}
    return client.post("/api/v1/services/billing-service/environments/prd/adopt/", body, format="json")


def test_adopt__what_ran_before__is_the_baseline_until_something_is_deployed(
    billing: Service, api: Callable[..., APIClient], clock_at: Callable[[datetime], datetime], now: datetime
) -> None:
    for minute in range(2):
        see(V9, at=now + minute * MINUTE)
    clock_at(now + MINUTE)
    assert adopt(api("alice")).status_code == 403
    assert adopt(api("bob"), version=V1).status_code == 409
    assert adopt(api("bob"), reason=" ").status_code in {400, 422}
    answer = adopt(api("bob"))
    assert (answer.status_code, answer.json()["findings"][0]["code"]) == (200, "drift.adopted")
    assert answer.json()["drift"] is False
    assert adopt(api("bob")).status_code == 409, "once"
    event = Event.objects.get(verb="observation.adopted")
    assert (event.data["version"], event.data["reason"][:5]) == (V9, "Built")

    deployed(billing, V1, at=now + 5 * MINUTE, state=DeploymentState.FAILED)
    see(V9, at=now + 60 * MINUTE)
    assert drift(now + 60 * MINUTE) == ("drift.adopted", "pass")
    deployed(billing, V1, at=now + 70 * MINUTE)
    for minute in (90, 91):
        see(V9, at=now + minute * MINUTE)
    assert ChangeRequest.objects.get().rollback_version == V1


def test_adopt__page__says_what_runs_and_keeps_what_was_typed(
    billing: Service, browser_session: Callable[[str], Client], clock_at: Callable[[datetime], datetime], now: datetime
) -> None:
    url = "/services/billing-service/environments/prd/adopt/"
    see(V9, at=now)
    clock_at(now)
    bob = browser_session("bob")
    assert url in bob.get("/services/billing-service/").content.decode()
    assert V9 in bob.get(url).content.decode()
    assert "disabled" in browser_session("alice").get(url).content.decode()
    again = bob.post(url, {"version": V1, "reason": "It was always there"})
    assert (again.status_code, "It was always there" in again.content.decode()) == (409, True)
    assert bob.post(url, {"version": V9, "reason": ""}).status_code == 422
    assert bob.post(url, {"version": V9, "reason": "It was always there"}).status_code == 302
    shown = bob.get("/services/billing-service/").content.decode()
    assert "It was always there" in shown
    assert url not in shown
    assert bob.get("/services/billing-service/environments/moon/adopt/").status_code == 404
