from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from cybercube_portal.audit.models import Event
from cybercube_portal.errors import Invalid, NotFound, NotPermitted
from cybercube_portal.people.actions import change_view, delete_view, prefer_view, save_view
from cybercube_portal.people.models import SavedView, User
from cybercube_portal.people.selectors import actor_named
from tests.changes.pages_words import Sessions, within_budget, words_of
from tests.factories import changes as stories
from tests.factories.people import Cast

NEW = "/views/new/?list=changes&query=is%3Adraft"


@pytest.fixture
def held(now: datetime, clock_at: Callable[[datetime], datetime], cast: Cast) -> datetime:
    stories.service("billing-service")
    return clock_at(now)


@pytest.fixture
def alice(held: datetime, browser_session: Sessions) -> Client:
    return browser_session("alice")


def names_on(session: Client, path: str = "/changes/") -> list[str]:
    return [view.name for view in session.get(path).context["shown"].saved]


def test_view__saved_from_a_list__stands_there_changes_and_goes(alice: Client, held: datetime) -> None:
    assert 'value="is:draft"' in alice.get(NEW).content.decode()

    answer = alice.post(NEW, {"name": " My  drafts ", "query": "requester:@me is:draft"})
    assert answer.headers["Location"] == "/changes/?q=requester%3A%40me+is%3Adraft"
    page = alice.get(answer.headers["Location"])
    (link,) = page.context["shown"].saved_links
    assert (link.saved.name, link.active) == ("My drafts", True)
    assert names_on(alice, "/deployments/") == []

    view = SavedView.objects.get()
    alice.post(f"/views/{view.pk}/edit/", {"name": "Drafts", "query": "is:draft"})
    assert names_on(alice) == ["Drafts"]
    assert "Drafts" in words_of(alice.get("/views/"))
    alice.post(f"/views/{view.pk}/delete/")
    assert names_on(alice) == []
    assert [event.verb for event in Event.objects.filter(verb__startswith="saved_view.").order_by("id")] == [
        "saved_view.saved",
        "saved_view.changed",
        "saved_view.deleted",
    ]


def test_view__usual__opens_the_list_until_something_else_is_asked(alice: Client, held: datetime) -> None:
    stories.in_review(now=held, title="Waits")
    stories.draft(now=held, title="Drafted")
    alice.post(NEW, {"name": "Drafts", "query": "is:draft", "is_usual": "on"})

    page = alice.get("/changes/")
    assert [row.title for row in page.context["page"].rows] == ["Drafted"]
    assert not page.context["shown"].is_narrowed
    assert len(alice.get("/changes/?q=is:open").context["page"].rows) == 2
    alice.post(f"/views/{SavedView.objects.get().pk}/prefer/", {"usual": "no"})
    assert len(alice.get("/changes/").context["page"].rows) == 2
    change = {"name": "Drafts", "query": "is:draft", "is_usual": "on"}
    alice.post(f"/views/{SavedView.objects.get().pk}/edit/", change)
    assert len(alice.get("/changes/").context["page"].rows) == 1


def test_view__shared__is_seen_by_the_team_and_changed_by_its_owner(
    alice: Client, held: datetime, cast: Cast, browser_session: Sessions
) -> None:
    alice.post(NEW, {"name": "Ours", "query": "team:payments", "is_shared": "on"})
    view = SavedView.objects.get()
    bob, oscar = browser_session("bob"), browser_session("oscar")

    assert names_on(bob) == ["Ours"]
    assert names_on(oscar) == []
    assert bob.post(f"/views/{view.pk}/prefer/").status_code == 302
    assert bob.get("/changes/").context["shown"].text == "team:payments"
    assert bob.post(f"/views/{view.pk}/delete/").status_code == 403
    assert bob.post(f"/views/{view.pk}/edit/", {"name": "Mine", "query": ""}).status_code == 403
    assert oscar.post(f"/views/{view.pk}/prefer/").status_code == 404

    User.objects.filter(username="bob").update(team=None)
    assert bob.get("/changes/").context["shown"].text == "is:open"
    alice.post(f"/views/{view.pk}/edit/", {"name": "Ours", "query": "team:payments"})
    assert SavedView.objects.get().team is None


def test_view__that_means_nothing_any_more__says_why(alice: Client, held: datetime, cast: Cast) -> None:
    for number in range(12):
        query = f"service:gone-{number} tpye:normal requester:nobody-{number}"
        save_view(listing="changes", name=f"Old {number}", query=query, actor=cast.actor("alice"), now=held)
    save_view(listing="retired-list", name="Nowhere", query="", actor=cast.actor("alice"), now=held)
    alice.get("/")

    with within_budget():
        page = alice.get("/views/")
    assert "service: there is no “gone-3”." in words_of(page)
    assert "This list has no word “tpye”." in words_of(page)
    listed = alice.get(page.context["groups"][0][1][0]["url"])
    assert listed.status_code == 200
    assert "requester: there is no “nobody-0”." in words_of(listed)


def test_form__wrong__is_shown_again_with_what_was_typed(alice: Client) -> None:
    alice.post(NEW, {"name": "Drafts", "query": "is:draft"})
    for name in ("", "Drafts", "x" * 61):
        page = alice.post(NEW, {"name": name, "query": "is:draft typed"})
        assert page.status_code == 422
        assert "is:draft typed" in page.content.decode()
    assert SavedView.objects.count() == 1
    assert alice.get("/views/new/?list=nothing").status_code == 404


def test_actions__against_their_rules__refuse(held: datetime, cast: Cast) -> None:
    alice, kim, now = cast.actor("alice"), cast.actor("kim"), held
    view = save_view(listing="changes", name="A", query="x", actor=alice, now=now)
    User.objects.filter(username="oscar").update(team=None)

    with pytest.raises(NotFound):
        change_view(view_id=view.pk, name="B", query="", actor=kim, now=now)
    with pytest.raises(NotFound):
        prefer_view(view_id=view.pk, is_usual=True, actor=kim, now=now)
    with pytest.raises(NotFound):
        delete_view(view_id=view.pk + 1, actor=alice, now=now)
    with pytest.raises(NotPermitted):
        save_view(listing="changes", name="A", query="", actor=cast.actor("ci-payments"), now=now)
    with pytest.raises(Invalid):
        save_view(listing="changes", name="A", query="", is_shared=True, actor=actor_named("oscar"), now=now)
    with pytest.raises(Invalid):
        save_view(listing="changes", name="B", query="x" * 501, actor=alice, now=now)
    for number in range(49):
        save_view(listing="changes", name=f"View {number}", query="", actor=alice, now=now)
    with pytest.raises(Invalid):
        save_view(listing="changes", name="One more", query="", actor=alice, now=now)
