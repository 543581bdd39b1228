"""One verb for several changes: what would happen, what happened, and what was refused and why."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client

from changes.actions.changes import finish_change, start_change
from changes.models import ChangeRequest, Comment
from changes.states import ChangeState
from changes.views.bulk import ACTS
from tests.changes.pages_words import Sessions, within_budget, words_of
from tests.factories import changes as stories
from tests.factories.people import Cast

BULK = "/changes/bulk/"


@pytest.fixture
def alice(held: datetime, browser_session: Sessions) -> Client:
    return browser_session("alice")


def state_of(change: ChangeRequest) -> str:
    return str(ChangeRequest.objects.get(pk=change.pk).state)


def test_cancel__several__each_judged_alone(alice: Client, held: datetime) -> None:
    mine, second = stories.draft(now=held, title="Mine"), stories.draft(now=held, title="Second")
    foreign = stories.draft(now=held, by="oscar", title="Not mine", services=("search-api",), artifacts=())
    running = stories.approved(now=held, title="Started", type="normal")
    numbers = [row.number for row in (mine, second, foreign, running)]

    page = alice.get(BULK, {"act": "cancel", "number": [*numbers, "CR-2020-0101-001"], "next": "/changes/?q=is:draft"})
    assert [row.change.title for row in page.context["possible"]] == ["Mine", "Second", "Started"]
    (refused,) = page.context["refused"]
    assert refused.reasons[0].message in words_of(page)
    assert "There is no such change." in words_of(page)
    assert state_of(mine) == ChangeState.DRAFT

    answer = alice.post(
        BULK, {"act": "cancel", "number": numbers, "reason": "Not needed", "next": "/changes/?q=is:draft"}
    )
    assert answer.headers["Location"] == "/changes/bulk/done/"
    done = alice.get("/changes/bulk/done/")
    assert [number for number, _ in done.context["done"]] == [mine.number, second.number, running.number]
    assert [number for number, _ in done.context["refused"]] == [foreign.number]
    assert refused.reasons[0].message in words_of(done)
    assert 'href="/changes/?q=is:draft"' in done.content.decode()
    assert state_of(mine) == ChangeState.CANCELLED
    assert state_of(foreign) == ChangeState.DRAFT


def test_close__several__the_outcome_must_fit_each(alice: Client, held: datetime, cast: Cast) -> None:
    before = held
    rows = [stories.approved(now=before, scheduled_time=before, artifacts=()) for _ in range(2)]
    actor = cast.actor("alice")
    for row in rows:
        ChangeRequest.objects.filter(pk=row.pk).update(submitted_at=before.replace(year=2025))
        start_change(number=row.number, actor=actor, now=before)
    finish_change(number=rows[0].number, actor=actor, now=before)
    numbers = [row.number for row in rows]

    page = alice.get(BULK, {"act": "close", "number": numbers})
    assert [row.change.number for row in page.context["possible"]] == numbers[:1]
    assert "close is not possible" in words_of(page)
    again = alice.post(BULK, {"act": "close", "number": numbers[:1]})
    assert again.status_code == 422
    alice.post(BULK, {"act": "close", "number": numbers, "outcome": "successful", "notes": "Fine"})
    assert [state_of(row) for row in rows] == [ChangeState.CLOSED, ChangeState.IMPLEMENTING]


def test_comment__fifty_changes__seen_beforehand_in_few_queries(alice: Client, held: datetime) -> None:
    numbers = [stories.draft(now=held, artifacts=()).number for _ in range(50)]
    alice.get("/")

    with within_budget():
        page = alice.get(BULK, {"act": "comment", "number": numbers})
    assert len(page.context["possible"]) == 50
    alice.post(BULK, {"act": "comment", "number": numbers[:3], "body": "Seen"})
    assert Comment.objects.count() == 3


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"act": "cancel"},
        {"number": "CR-1"},
        {"act": "approve", "number": "CR-1"},
        {"act": "cancel", "number": "\x00"},
    ],
)
def test_bulk__nothing_ticked_or_nothing_to_do__goes_back_and_says_so(alice: Client, sent: dict[str, str]) -> None:
    page = alice.get(BULK, {**sent, "next": "https://evil.example/"}, follow=True)

    assert page.redirect_chain == [("/changes/", 302)]
    assert "Tick the changes first" in words_of(page)
    assert alice.post(BULK, sent).headers["Location"] == "/changes/"


def test_acts__in_bulk__approve_nothing(alice: Client) -> None:
    assert set(ACTS) == {"cancel", "close", "comment"}
    assert alice.get("/changes/bulk/done/").headers["Location"] == "/changes/"
