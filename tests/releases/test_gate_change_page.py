"""The gate's panel on a change's page: what REST says of it, now and at its slot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from changes.actions.changes import cancel_change
from changes.models import ChangeRequest
from cybercube_portal.catalog.models import Artifact
from tests.factories import changes as story
from tests.releases.asking import SERVICE, URL, Ask
from tests.releases.conftest import NAMED
from tests.releases.page_words import MOST_QUERIES, asked_over_rest, in_any_order, public, queries_of, words

Session = Callable[[str], Client]
Hold = Callable[[datetime], datetime]


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


@pytest.fixture
def alice(browser_session: Session) -> Client:
    return browser_session("alice")


def test_change__its_panel__says_what_rest_says_now_and_at_the_slot(
    approved: ChangeRequest, slot: datetime, alice: Client
) -> None:
    bodies = [
        asked_over_rest(alice, dry_run=True, change=approved.number, **moment)
        for moment in ({}, {"at": slot.isoformat()})
    ]
    [target] = alice.get(f"/gate/changes/{approved.number}/").context["targets"]

    assert [supposed.at for supposed in target.supposed] == [None, slot]
    for supposed, body in zip(target.supposed, bodies, strict=True):
        assert supposed.answer.outcome == body["decision"]
        assert in_any_order(public(supposed.answer.reasons)) == in_any_order(body["reasons"])
        followed = alice.get(supposed.url).context["answer"]
        assert in_any_order(public(followed.reasons)) == in_any_order(body["reasons"])
    assert [body["decision"] for body in bodies] == ["wait", "allow"]


def test_change__its_page__holds_a_place_for_the_panel_that_costs_no_query(
    approved: ChangeRequest, alice: Client
) -> None:
    path = f"/gate/changes/{approved.number}/"
    page = alice.get(f"/changes/{approved.number}/").content.decode()
    part = alice.get(path, headers={"HX-Request": "true"})

    assert f'hx-get="{path}"' in page
    assert f'<a href="{path}">' in page
    assert "<html" not in part.content.decode()
    assert "HX-Request" in part.headers["Vary"]
    assert "<html" in alice.get(path).content.decode()
    with CaptureQueriesContext(connection) as queries:
        alice.get(f"/changes/{approved.number}/")
    assert not [query for query in queries if query["sql"].startswith('SELECT "releases_gate')]
    assert queries_of(alice, path) <= MOST_QUERIES


def test_change__asked_about_before__lists_each_decision_once(
    ask: Ask, ci: APIClient, approved: ChangeRequest, alice: Client
) -> None:
    body = ask()
    ci.get(f"{URL}{body['id']}/")
    kept = alice.get(f"/gate/changes/{approved.number}/").context["kept"]
    assert [(str(decision.pk), decision.outcome) for decision in kept] == [(body["id"], "wait")]


@pytest.mark.usefixtures("artifact")
@pytest.mark.parametrize(("environments", "judged"), [(("prd",), 2), (("stg", "prd"), 2), (("dev", "stg", "prd"), 3)])
def test_change__several_environments__three_answers_at_most(
    environments: tuple[str, ...], judged: int, held: datetime, slot: datetime, alice: Client
) -> None:
    change = story.in_review(now=held, scheduled_time=slot, artifacts=(NAMED,), environments=environments)
    targets = alice.get(f"/gate/changes/{change.number}/").context["targets"]
    answers = [supposed.answer for target in targets for supposed in target.supposed]
    assert len(targets) == len(environments)
    assert len([answer for answer in answers if answer]) == judged


def test_change__more_than_a_page_can_judge__links_to_each_question(
    held: datetime, slot: datetime, artifact: Artifact, alice: Client
) -> None:
    change = story.in_review(
        now=held,
        scheduled_time=slot,
        artifacts=(NAMED,),
        services=(SERVICE, "search-api"),
        environments=("stg", "prd"),
    )
    page = alice.get(f"/gate/changes/{change.number}/")
    supposed = [one for target in page.context["targets"] for one in target.supposed]

    assert [one.answer for one in supposed] == [None] * 4
    assert queries_of(alice, f"/gate/changes/{change.number}/") <= MOST_QUERIES
    answers = [alice.get(one.url).context for one in supposed]
    assert {(one["question"].service, one["question"].action.value) for one in answers} == {
        (SERVICE, "deploy"),
        ("search-api", "configure"),
    }
    assert {one["answer"].decided_at for one in answers} == {slot}


def test_change__over__is_not_judged_any_more(approved: ChangeRequest, held: datetime, alice: Client) -> None:
    cancel_change(number=approved.number, actor=story.actor("alice"), now=held, reason="Not needed")
    page = alice.get(f"/gate/changes/{approved.number}/")
    assert page.context["targets"] == ()
    assert "No pipeline asked the gate about this change." in words(page)


@pytest.mark.usefixtures("_shop")
def test_change__unknown__is_not_found(alice: Client) -> None:
    assert alice.get("/gate/changes/CR-2020-0101-001/").status_code == 404
