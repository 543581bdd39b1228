"""Pages of notices: what one was told, what reaches one, chats, watching, and the way from a mail through the log-in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from rest_framework.test import APIClient

from changes.models import ChangeRequest
from cybercube_portal.notices.kinds import Kind, Way
from cybercube_portal.notices.models import Channel, Choice, Notice, Watch
from cybercube_portal.notices.selectors.watches import watchers_of
from releases.actions.release_content import ReleasePlan, open_release
from tests.factories import changes as story
from tests.factories.people import PASSWORD, Cast

Session = Callable[[str], Client]
Work = Callable[[], list[EmailMultiAlternatives]]


def test_approve_from_mail__through_the_log_in__page_first_and_only_a_post_decides(
    work: Work, held: datetime, client: Client
) -> None:
    change = story.in_review(now=held)
    letter = next(letter for letter in work() if letter.to == ["bob@example.com"])
    link = next(word for word in str(letter.body).split() if "/review/" in word)
    path = link.removeprefix("http://127.0.0.1:8000")
    assert f'href="{link}"' in str(letter.alternatives[0][0])

    to_log_in = client.get(path)
    assert to_log_in.headers["Location"] == f"/login/?next={path}"
    form = client.get(to_log_in.headers["Location"]).content.decode()
    assert f'name="next" value="{path}"' in form
    logged_in = client.post("/login/", {"username": "bob", "password": PASSWORD, "next": path})
    assert logged_in.headers["Location"] == path
    assert client.get(path).headers["Location"] == f"/changes/{change.number}/#review"
    page = client.get(f"/changes/{change.number}/").content.decode()
    assert 'id="review"' in page
    assert f'name="content_hash" value="{change.content_hash}"' in page
    for verb in ("approve", "refuse", "review"):
        client.get(f"/changes/{change.number}/{verb}/")
    assert ChangeRequest.objects.get().state == "in_review"

    stale = client.post(f"/changes/{change.number}/approve/", {"content_hash": "0" * 64})
    assert stale.status_code == 412
    client.post(f"/changes/{change.number}/approve/", {"content_hash": change.content_hash})
    assert ChangeRequest.objects.get().state == "approved"


def test_notifications__own_ones_unread_first_seen_then_marked(
    work: Work, held: datetime, browser_session: Session, django_assert_max_num_queries: Any
) -> None:
    change = story.in_review(now=held)
    work()
    bob = browser_session("bob")
    with django_assert_max_num_queries(12):
        page = bob.get("/notifications/")
    assert f"{change.number} waits for your approval" in page.content.decode()
    assert b"Unread:" in page.content
    assert b"1" in bob.get("/notifications/count/").content
    assert bob.post("/notifications/read/").status_code == 302
    assert bob.get("/notifications/count/").content.strip() == b""
    assert b"You have read everything" in bob.get("/notifications/?show=unread").content
    assert b"waits for your approval" not in browser_session("kim").get("/notifications/").content


def ticks(**without: str) -> dict[str, list[str]]:
    """The form as it is drawn, each kind by mail, but not `without`."""
    return {kind.value: ["mail"] for kind in Kind if kind.value not in without}


def test_choices__kept_and_shown_and_safety_refused_at_its_row(
    held: datetime, browser_session: Session, django_assert_max_num_queries: Any
) -> None:
    alice = browser_session("alice")
    assert alice.post("/profile/notifications/", ticks(freeze_ahead="")).status_code == 302
    assert list(Choice.objects.values_list("kind", "way", "wanted")) == [("freeze_ahead", "mail", False)]
    refused = alice.post("/profile/notifications/", ticks(rollback_failed="", flag_expires=""))
    assert refused.status_code == 422
    assert "keep it on one channel at least" in refused.content.decode()
    assert Choice.objects.count() == 1
    with django_assert_max_num_queries(12):
        page = alice.get("/profile/notifications/").content.decode()
    assert page.count("checked") == len(Kind) - 1


def test_own_chat__registered_tested_removed_and_chosen(held: datetime, browser_session: Session, cast: Cast) -> None:
    admin = browser_session("admin")
    sent = {"tool": "slack", "name": "me", "url": "https://hooks.slack.example/services/secret"}
    assert admin.post("/profile/notifications/chat/", sent).status_code == 302
    channel = Channel.objects.get(person=cast.admin)
    page = admin.get("/profile/notifications/").content.decode()
    assert "hooks.slack.example" in page
    assert "services/secret" not in page
    chosen = {**ticks(), "rollback_failed": ["chat"]}
    assert admin.post("/profile/notifications/", chosen).status_code == 302
    assert Choice.objects.filter(kind="rollback_failed", way=Way.MAIL, wanted=False).exists()
    assert admin.post(f"/channels/{channel.channel_id}/test/").headers["Location"] == "/profile/notifications/"
    assert browser_session("bob").post(f"/channels/{channel.channel_id}/end/").status_code == 403
    admin.post(f"/channels/{channel.channel_id}/end/")
    channel.refresh_from_db()
    assert channel.ended_at == held


def test_team_chat__tech_lead__registers_edits_and_sees_what_became_of_posts(
    held: datetime, browser_session: Session, django_assert_max_num_queries: Any
) -> None:
    sent = {"tool": "teams", "name": "Releases", "url": "https://flows.example/w?sig=secret", "team": "payments"}
    assert browser_session("admin").post("/channels/new/", sent).status_code == 302
    bob = browser_session("bob")
    made = bob.post("/channels/new/", {**sent, "name": "Second"})
    path = made.headers["Location"]
    assert bob.post("/channels/new/", {**sent, "team": "search"}).status_code == 422
    assert bob.post(path, {"name": "Second", "kinds": ["freeze_ahead"]}).status_code == 302
    bob.post(f"{path}test/")
    with django_assert_max_num_queries(12):
        page = bob.get(path).content.decode()
    assert "a test" in page
    assert "secret" not in page
    listed = browser_session("oscar").get("/channels/").content.decode()
    assert "Releases" in listed
    assert path not in listed
    refused = bob.post("/channels/new/", {**sent, "name": ""})
    assert refused.status_code == 422
    assert "https://flows.example" in refused.content.decode()


@pytest.mark.parametrize("page", ["change", "release", "service"])
def test_watch__by_the_button_of_a_page__and_no_longer(
    held: datetime, browser_session: Session, cast: Cast, page: str
) -> None:
    alice = browser_session("oscar")
    if page == "change":
        subject = story.in_review(now=held).number
        path = f"/changes/{subject}/"
    elif page == "release":
        plan = ReleasePlan(service="billing-service", version="v2.3.1")
        subject = open_release(plan=plan, actor=story.actor("alice"), now=held).reference
        path = f"/releases/{subject}/"
    else:
        subject, path = "service:billing-service", "/services/billing-service/"
    assert b"> Watch" in alice.get(path).content.replace(b"</svg>Watch", b"> Watch")
    assert alice.post(f"{path}watch/", {"watch": "on"}).status_code == 302
    assert cast.oscar.pk in watchers_of([subject])
    assert b"Unwatch" in alice.get(path).content
    assert subject.removeprefix("service:").encode() in alice.get("/profile/notifications/").content
    alice.post("/profile/notifications/unwatch/", {"subject": subject})
    assert not Watch.objects.filter(person=cast.oscar).exists()
    assert alice.post(f"{path}watch/x").status_code == 404


def test_history__of_a_kind_that_is_no_more__still_shows_the_rest(
    held: datetime, browser_session: Session, cast: Cast
) -> None:
    Notice.objects.create(person=cast.alice, kind="gone", about="x", occasion="x", message={}, at=held)
    assert browser_session("alice").get("/notifications/").status_code == 200


def test_rest__own_notices_and_choices__read_by_key_and_changed_in_a_session_alone(
    work: Work, held: datetime, browser_session: Session, api: Callable[..., APIClient]
) -> None:
    change = story.in_review(now=held)
    work()
    bob = api("bob")
    (told,) = bob.get("/api/v1/notifications/?unread=true").json()["results"]
    assert (told["kind"], told["about"], told["path"]) == (
        "approval_wanted",
        change.number,
        f"/changes/{change.number}/review/",
    )
    path = "/api/v1/notifications/choices/"
    choices = {row["kind"]: row for row in bob.get(path).json()["choices"]}
    assert (choices["rollback_failed"]["kept"], choices["freeze_ahead"]["ways"]) == (True, ["mail", "chat"])
    sent = {"choices": [{"kind": "freeze_ahead", "ways": ["chat"]}]}
    assert bob.patch(path, sent, format="json").status_code == 403
    session = browser_session("bob")
    answer = session.patch(path, sent, "application/json")
    assert answer.status_code == 200, answer.content
    assert next(row for row in answer.json()["choices"] if row["kind"] == "freeze_ahead")["ways"] == ["chat"]
    sent = {"choices": [{"kind": "rollback_failed", "ways": []}]}
    refused = session.patch(path, sent, "application/json")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "notice.kept")
