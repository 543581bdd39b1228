"""/deployments/: the list with its filters, one with its moves, and the panel on a change's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from changes.models import ChangeRequest
from releases.models import Deployment
from releases.states import Method
from tests.factories import releases as lives
from tests.releases.page_words import words

Session = Callable[[str], Client]
Hold = Callable[[datetime], datetime]
MOST_QUERIES = 12


@pytest.fixture
def alice(browser_session: Session) -> Client:
    return browser_session("alice")


@pytest.mark.usefixtures("_shop")
def test_list__nothing_deployed__says_how_it_begins(alice: Client) -> None:
    assert "Nothing was deployed yet." in words(alice.get("/deployments/"))


@pytest.mark.usefixtures("artifact")
def test_list__filters__narrow_alone_and_together(alice: Client, held: datetime) -> None:
    staged = Deployment.objects.get()
    broken = lives.broken("dev", at=held)
    running = lives.started("stg", at=held + timedelta(hours=1))

    def found(query: str) -> list[str]:
        return [row.reference for row in alice.get("/deployments/", {"q": query}).context["page"].rows]

    assert found("") == [running.reference, broken.reference, staged.reference]
    assert found("is:under_way") == [running.reference]
    assert found("is:failed") == [broken.reference]
    assert found("environment:staging state:healthy") == [staged.reference]
    assert found("service:search-api") == found("version:v9.9.9") == found("is:taken_back") == []
    assert found("team:@me") == found("created:2026-01") == found("-is:rollback") == found("")
    assert found("state:asleep") == found("environment:moon") == found("service:x") == []
    assert "service: there is no “x”." in words(alice.get("/deployments/?q=service:x"))


@pytest.mark.usefixtures("approved")
def test_page__a_canary__shows_its_steps_and_why_it_cannot_go_on_yet(
    alice: Client, slot: datetime, clock_at: Hold, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    canary = lives.started(at=slot, method=Method.CANARY)
    clock_at(slot + timedelta(seconds=60))
    # What is announced on top of every page is remembered for all of them.
    alice.get("/profile/")

    with django_assert_max_num_queries(MOST_QUERIES):
        page = alice.get(f"/deployments/{canary.reference}/")

    text = words(page)
    assert "5 % Here · 5 minutes 25 % To come" in text
    assert "Advance to the next step : The step at 5 % has 241 s left." in text
    assert canary.change in text

    clock_at(slot + timedelta(minutes=5))
    done = alice.post(f"/deployments/{canary.reference}/advance/", follow=True)
    assert "Advanced to the next step." in words(done)
    canary.refresh_from_db()
    assert canary.step == 1


@pytest.mark.usefixtures("approved")
def test_move__refused__shows_the_page_with_the_reason_and_what_was_typed(
    alice: Client, slot: datetime, clock_at: Hold
) -> None:
    canary = lives.started(at=slot, method=Method.CANARY)
    clock_at(slot)
    page = alice.post(f"/deployments/{canary.reference}/finish/", {"status": "succeeded", "note": "All of it"})
    assert page.status_code == 409
    assert "The canary is at step 1 of 4." in words(page)

    missing = alice.post(f"/deployments/{canary.reference}/abort/", {"reason": ""})
    assert missing.status_code == 422
    assert alice.post(f"/deployments/{canary.reference}/abort/", {"reason": "Wrong build"}).status_code == 302
    canary.refresh_from_db()
    assert (canary.state, canary.note) == ("aborted", "Wrong build")


@pytest.mark.usefixtures("approved")
def test_page__somebody_of_another_team__sees_every_button_off(
    browser_session: Session, slot: datetime, clock_at: Hold
) -> None:
    running = lives.started(at=slot)
    clock_at(slot)
    oscar = browser_session("oscar")
    assert "Oscar Okafor does not hold a role that may do this for payments." in words(
        oscar.get(f"/deployments/{running.reference}/")
    )
    assert oscar.post(f"/deployments/{running.reference}/abort/", {"reason": "x"}).status_code == 403


def test_change__with_deployments__shows_them_and_what_took_them_back(
    alice: Client, approved: ChangeRequest, slot: datetime, clock_at: Hold
) -> None:
    assert b'id="deployments"' not in alice.get(f"/changes/{approved.number}/").content
    running = lives.started(at=slot)
    clock_at(slot)
    assert running.reference in words(alice.get(f"/changes/{approved.number}/"))


def test_page__unknown__is_not_found(alice: Client) -> None:
    assert alice.get("/deployments/DEP-999/").status_code == 404
