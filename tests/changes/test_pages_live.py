"""A change's page that stands open: what it asks, and what it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from changes.actions.approvals import approve_change
from changes.actions.changes import cancel_change
from changes.actions.content import comment_change, edit_change
from changes.models import ChangeRequest, Signature
from tests.changes.pages_words import Sessions, within_budget, words_of
from tests.factories import changes as stories
from tests.factories.people import Cast

HTMX = {"HX-Request": "true"}


@pytest.fixture
def change(held: datetime) -> ChangeRequest:
    return stories.in_review(now=held)


@pytest.fixture
def bob(browser_session: Sessions) -> Client:
    return browser_session("bob")


def live_url(client: Client, change: ChangeRequest) -> str:
    return str(client.get(f"/changes/{change.number}/").context["live_url"])


def test_live__nothing_moved__one_query_about_it_and_no_words(
    change: ChangeRequest, bob: Client, django_assert_num_queries: Any
) -> None:
    url = live_url(bob, change)

    # The session, its person and their grants, as on every page, then the one question.
    with django_assert_num_queries(4):
        page = bob.get(url, headers=HTMX)

    assert (page.status_code, page.content) == (204, b"")


def test_live__somebody_approved__moving_parts_with_the_news_and_where_to_ask_next(
    change: ChangeRequest, held: datetime, cast: Cast, bob: Client, browser_session: Sessions
) -> None:
    alice = browser_session("alice")
    url = live_url(alice, change)
    approve_change(number=change.number, actor=cast.actor("bob"), now=held, comment="Read it.")

    with within_budget():
        page = alice.get(url, headers=HTMX)

    html = page.content.decode()
    assert "<html" not in html
    assert "Approved" in words_of(page)
    assert "Bob Baker approved as Engineer" in " ".join(html.partition('id="live-said"')[2].split())
    assert page.context["live_url"] != url
    assert alice.get(page.context["live_url"], headers=HTMX).status_code == 204


def test_live__time_alone_went_on__drawn_again_without_being_announced(
    change: ChangeRequest, held: datetime, bob: Client, clock_at: Callable[[datetime], datetime]
) -> None:
    url = live_url(bob, change)
    clock_at(held + timedelta(minutes=6))

    page = bob.get(url, headers=HTMX)

    assert page.status_code == 200
    assert "live-said" not in page.content.decode()


def test_live__content_edited__reader_still_signs_what_they_opened_and_is_refused(
    change: ChangeRequest, held: datetime, cast: Cast, bob: Client
) -> None:
    url = live_url(bob, change)
    edit_change(
        number=change.number,
        version=change.version,
        changes={"rollback_plan": "Flip the flag."},
        actor=cast.actor("alice"),
        now=held,
    )

    page = bob.get(url, headers=HTMX)
    again = bob.get(page.context["live_url"], headers=HTMX)

    assert "Its content is not what you opened any more." in words_of(page)
    assert again.status_code == 204
    assert change.content_hash in page.content.decode()
    sent = bob.post(f"/changes/{change.number}/approve/", {"content_hash": change.content_hash})
    assert sent.status_code == 412
    assert not Signature.objects.exists()


def test_live__change_over__asks_no_more(change: ChangeRequest, held: datetime, cast: Cast, bob: Client) -> None:
    url = live_url(bob, change)
    cancel_change(number=change.number, reason="Not needed.", actor=cast.actor("alice"), now=held)

    page = bob.get(url, headers=HTMX)

    assert page.context["live_url"] == ""
    assert "hx-get" not in page.content.decode()


@pytest.mark.parametrize("query", ["", "seen=x&read=y", "seen=%00&read=" + "0" * 9000])
def test_live__nonsense_asked__drawn_from_what_is_true(query: str, change: ChangeRequest, bob: Client) -> None:
    page = bob.get(f"/changes/{change.number}/live/?{query}", headers=HTMX)

    assert page.status_code == 200
    assert f'value="{change.content_hash}"' in page.content.decode()


def test_live__by_a_link__is_the_page_itself(change: ChangeRequest, bob: Client) -> None:
    assert bob.get(f"/changes/{change.number}/live/").headers["Location"] == f"/changes/{change.number}/"
    assert bob.get("/changes/CR-2026-0101-999/live/", headers=HTMX).status_code == 404


def test_live__logged_out_meanwhile__ends_quietly(change: ChangeRequest, client: Client) -> None:
    assert client.get(f"/changes/{change.number}/live/", headers=HTMX).status_code == 286
    assert client.get(f"/changes/{change.number}/live/").status_code == 302


def test_timeline__comments__stay_apart(change: ChangeRequest, held: datetime, cast: Cast, bob: Client) -> None:
    for body in ("One.", "Two."):
        comment_change(number=change.number, body=body, actor=cast.actor("alice"), now=held)

    entries = bob.get(f"/changes/{change.number}/").context["entries"]

    assert [entry.body for entry in entries if entry.words == "commented"] == ["One.", "Two."]
