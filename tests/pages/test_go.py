"""The palette and the search page: things, actions and places by a few letters; and what home asks of somebody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from changes.actions.approvals import refuse_change
from cybercube_portal.pages.finding import ACTIONS, WAYS
from releases.models import Verification
from releases.states import DeploymentState
from tests.factories import changes as stories
from tests.factories import flags as flag_lives
from tests.factories.deployments import deployed
from tests.factories.people import Cast

HX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


@pytest.fixture
def alice(
    cast: Cast, browser_session: Callable[[str], Client], clock_at: Callable[[datetime], datetime], now: datetime
) -> Client:
    clock_at(now)
    stories.service()
    return browser_session("alice")


def labels(page: Any) -> list[str]:
    return [str(line.label) for group in page.context["groups"] for line in group.lines]


def test_go__a_few_letters__finds_things_of_every_kind(alice: Client, now: datetime) -> None:
    change = stories.draft(now=now, title="Deploy billing with taxes")
    deployed("v2.3.0", at=now - timedelta(hours=2))
    flag_lives.flag("release_billing_v2", now=now)

    page = alice.get("/go/", {"q": "billing"})

    found = {line.reference for group in page.context["groups"] for line in group.lines}
    assert {change.number, "billing-service", "release_billing_v2"} <= found
    assert any(reference.startswith("DEP-") for reference in found)
    assert change.title in page.content.decode()


def test_go__a_number__stands_first_and_leads_there(alice: Client, now: datetime) -> None:
    change = stories.draft(now=now, title="Deploy")
    stories.draft(now=now, title=f"After {change.number}")

    page = alice.get("/go/", {"q": change.number.lower()}, headers=HX)

    first = page.context["groups"][0].lines[0]
    assert (first.reference, first.url) == (change.number, f"/changes/{change.number}/")
    assert 'role="option"' in page.content.decode()
    assert "<html" not in page.content.decode()


def test_go__nothing_typed__shows_what_one_may_do_and_every_place(alice: Client) -> None:
    found = labels(alice.get("/go/"))

    assert {"New change", "Kill a flag", "Home", "Compliance"} <= set(found)
    assert "New freeze" not in found
    assert "Audit" not in found


@pytest.mark.parametrize(("username", "may"), [("dan", "New freeze"), ("kim", "Audit")])
def test_go__for_whoever_may__offers_it(
    cast: Cast, browser_session: Callable[[str], Client], username: str, may: str
) -> None:
    assert may in labels(browser_session(username).get("/go/"))


def test_go__nothing_is_called_so__says_so(alice: Client) -> None:
    assert "Nothing is called so." in alice.get("/go/", {"q": "zzzzqqqq"}).content.decode()


def test_go__costs_few_queries(alice: Client, now: datetime, django_assert_max_num_queries: Any) -> None:
    stories.draft(now=now)
    alice.get("/go/", {"q": "de"}, headers=HX)

    with django_assert_max_num_queries(5):
        alice.get("/go/", {"q": "deploy"}, headers=HX)


@pytest.mark.parametrize("q", ["%", "\\", "'; DROP TABLE x;--", "\x00", "a" * 5000, "🙂 ü", "<script>", "CR-" * 60])
def test_go__hostile__answers(alice: Client, q: str) -> None:
    page = alice.get("/go/", {"q": q})

    assert page.status_code == 200
    assert f'value="{q}"' not in page.content.decode() or "<" not in q


def test_ways__every_one__leads_to_a_page_and_is_named_once() -> None:
    ways = [*ACTIONS, *WAYS]

    assert all(way.url.startswith("/") for way in ways)
    assert len({str(way.label) for way in ways}) == len(ways)


def test_home__refused_and_expiring__needs_its_people_until_it_is_done(
    alice: Client, cast: Cast, now: datetime
) -> None:
    refused = stories.in_review(now=now, title="Deploy it twice")
    refuse_change(number=refused.number, comment="Not twice", actor=cast.actor("bob"), now=now)

    page = alice.get("/")

    (need,) = page.context["needs"]
    assert (need.reference, str(need.ask.words)) == (refused.number, "Refused: revise or cancel")
    assert need.url in page.content.decode()


def test_home__checks_left_a_doubt__needs_whoever_carries_the_pager(
    cast: Cast, browser_session: Callable[[str], Client], clock_at: Callable[[datetime], datetime], now: datetime
) -> None:
    clock_at(now)
    stories.service()
    running = deployed("v2.3.1", at=now, state=DeploymentState.VERIFYING)
    last = Verification.objects.filter(deployment=running).order_by("-number").first()
    if last is None:
        last = Verification.objects.create(deployment=running, number=1, queued_at=now, queued_by="ci")
    last.run(at=now)
    last.save()
    last.doubt(at=now, message="Prometheus did not answer")
    last.save()

    asked = {name: browser_session(name).get("/").context["needs"] for name in ("grace", "kim")}

    assert [need.reference for need in asked["grace"]] == [running.reference]
    assert asked["kim"] == ()


def test_home__own_change_in_review__says_whose_signature_is_open(alice: Client, cast: Cast, now: datetime) -> None:
    stories.in_review(now=now, raised_to="high")

    (own,) = alice.get("/").context["mine"]

    assert set(own.seats) == {"Tech lead", "Product"}
