"""Chats of teams and people: their address is a secret, the guard judges it, posts are deliveries, bodies are what the makers take."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from pytest_django.fixtures import Settings

from changes.actions.content import comment_change
from cybercube_portal.audit.models import Delivery, Event
from cybercube_portal.audit.tasks import send_delivery
from cybercube_portal.errors import Conflict, Invalid, NotPermitted
from cybercube_portal.notices.actions import tell
from cybercube_portal.notices.actions.channels import (
    check_channel,
    edit_channel,
    end_channel,
    register_channel,
    usual_kinds,
)
from cybercube_portal.notices.actions.choosing import choose_notices
from cybercube_portal.notices.kinds import Kind, Way
from cybercube_portal.notices.message import Message
from cybercube_portal.notices.models import Channel
from cybercube_portal.notices.rendering.news import News
from cybercube_portal.notices.rendering.post import render_post
from tests.audit.listener import Listener
from tests.factories import changes as story
from tests.factories.people import Cast

Work = Callable[[], list[EmailMultiAlternatives]]
SECRET = "T000/B000/very-secret"
URL = f"https://hooks.chat.test/services/{SECRET}"


def register(who: str = "admin", **fields: Any) -> Channel:
    now = fields.pop("now")
    given = {"tool": "slack", "name": "#payments", "url": URL, "team": "payments", **fields}
    return register_channel(actor=story.actor(who), now=now, **given)


@pytest.fixture
def _allowed(settings: Settings) -> None:
    """The operator lets the portal call this machine."""
    settings.OUTBOUND_HOSTS = ("127.0.0.1",)
    settings.OUTBOUND_NETWORKS = (ip_network("127.0.0.0/8"),)


def texts_of(blocks: Any) -> list[dict[str, Any]]:
    """Every text object of Block Kit, however deep."""
    if isinstance(blocks, list):
        return [text for block in blocks for text in texts_of(block)]
    if not isinstance(blocks, dict):
        return []
    own = [blocks] if isinstance(blocks.get("text"), str) else []
    return own + [text for value in blocks.values() for text in texts_of(value)]


def bodies(chat: Listener) -> list[dict[str, Any]]:
    return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in chat.requests]


def test_register__by_whom__tech_lead_for_their_team_where_an_admin_let_the_host_in(held: datetime, cast: Cast) -> None:
    with pytest.raises(NotPermitted) as refused:
        register("bob", now=held)
    assert refused.value.reason.code == "channel.host_not_registered"
    register("admin", now=held)
    assert register("bob", name="#second", now=held).kinds == usual_kinds()
    for who, team in (("alice", "payments"), ("bob", "search"), ("sybil", "payments")):
        with pytest.raises(NotPermitted):
            register(who, team=team, now=held)
    assert Event.objects.filter(verb="chat_channel.registered").count() == 2


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("url", "http://hooks.chat.test/x", "channel.url_not_https"),
        ("url", "ftp://hooks.chat.test/x", "outbound.url_invalid"),
        ("url", "https://me:word@hooks.chat.test/x", "outbound.url_invalid"),
        ("url", "https://hooks.chat.test/" + "x" * 2000, "channel.url_length"),
        ("tool", "irc", "channel.tool_unknown"),
        ("name", " ", "channel.name"),
        ("kinds", ["change_moved"], "channel.kind_unknown"),
    ],
)
def test_register__what_cannot_be_posted_to__refused_without_its_secret(
    held: datetime, field: str, value: Any, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        register(now=held, **{field: value})
    assert [error.code for error in refused.value.errors] == [code]
    assert "chat.test/x" not in str(refused.value.errors)


def test_secret__of_an_address__is_nowhere_but_sealed(
    work: Work, held: datetime, browser_session: Callable[[str], Client]
) -> None:
    channel = register(now=held)
    check_channel(channel_id=str(channel.channel_id), actor=story.actor("bob"), now=held)
    work()
    (delivery,) = Delivery.objects.all()
    stored = [*Channel.objects.values(), *Delivery.objects.values(), *Event.objects.values()]
    assert SECRET not in str(stored)
    assert delivery.target == f"channel:{channel.channel_id}"
    # The name does not resolve, so it waits for its next try and says so without the secret.
    assert "hooks.chat.test" in delivery.last_error
    session = browser_session("admin")
    for path in ("/channels/", f"/channels/{channel.channel_id}/", f"/admin/notices/channel/{channel.pk}/"):
        page = session.get(path, follow=True).content.decode()
        assert SECRET not in page
        assert channel.sealed_url not in page


@pytest.mark.usefixtures("_allowed")
def test_post__to_a_team__shaped_for_slack_and_tried_again(
    work: Work, held: datetime, chat: Listener, clock_at: Callable[[datetime], datetime]
) -> None:
    register(url=chat.url(path=f"/{SECRET}"), now=held)
    chat.play = lambda peer: peer.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    change = story.in_review(now=held, title="Ship <!channel> & <https://evil.test|more>")
    work()
    (delivery,) = Delivery.objects.filter(channel="webhook")
    assert (delivery.state, delivery.failures) == ("waiting", 1)
    del chat.play
    chat.play = lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    clock_at(held + timedelta(minutes=1))
    send_delivery(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "delivered"
    assert f"POST /{SECRET}" in chat.requests[-1].decode()
    body = bodies(chat)[-1]
    assert body["text"].startswith(f"{change.number} waits for your approval: Ship &lt;!channel&gt;")
    assert body["blocks"][0]["type"] == "header"
    marked = [text["text"] for text in texts_of(body["blocks"]) if text["type"] == "mrkdwn"]
    assert not [text for text in marked if "<!" in text or "<https://evil" in text]
    assert f"/changes/{change.number}/review/|" in json.dumps(body)


@pytest.mark.usefixtures("_allowed")
def test_post__410_gone__chat_is_ended_and_its_secret_dropped(work: Work, held: datetime, chat: Listener) -> None:
    channel = register(url=chat.url(), now=held)
    chat.play = lambda peer: peer.sendall(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
    check_channel(channel_id=str(channel.channel_id), actor=story.actor("admin"), now=held)
    work()
    channel.refresh_from_db()
    assert (channel.ended_because, channel.sealed_url) == ("The receiver answered 410 Gone.", "")
    with pytest.raises(Conflict):
        check_channel(channel_id=str(channel.channel_id), actor=story.actor("admin"), now=held)
    story.in_review(now=held)
    work()
    assert Delivery.objects.filter(channel="webhook").count() == 1


@pytest.mark.usefixtures("_allowed")
def test_guard__name_of_a_metadata_service__never_called(work: Work, held: datetime, settings: Settings) -> None:
    channel = register(url="https://169.254.169.254/latest/", now=held)
    check_channel(channel_id=str(channel.channel_id), actor=story.actor("admin"), now=held)
    work()
    assert Delivery.objects.get().state == "failed"
    assert Event.objects.filter(verb="delivery.failed").count() == 1


@pytest.mark.usefixtures("_allowed")
def test_chat__of_one_person__takes_what_they_choose_and_is_nobody_elses(
    work: Work, held: datetime, cast: Cast
) -> None:
    with closing(Listener()) as own:
        channel = register("oscar", tool="teams", url=own.url(), team="", now=held)
        with pytest.raises(Conflict):
            register("oscar", url=own.url(), team="", now=held)
        with pytest.raises(NotPermitted):
            end_channel(channel_id=str(channel.channel_id), actor=story.actor("admin"), now=held)
        wanted = {Kind.DATA_CORRUPTION: frozenset({Way.CHAT})}
        choose_notices(wanted=wanted, actor=cast.actor("oscar"), now=held)
        message = Message(subject="SEV-1: data corruption", thing="INC-1", path="/incidents/INC-1/", button="Look")
        for kind in (Kind.DATA_CORRUPTION, Kind.FLAG_EXPIRES, Kind.CAB_REMINDER):
            tell(kind, about=kind, occasion="x", to=[cast.oscar.pk], write=lambda: message, now=held)
        mails = work()
        assert [json.dumps(body).count("SEV-1") for body in bodies(own)] == [2, 2]
        assert len(mails) == 2
        assert bodies(own)[0]["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
        end_channel(channel_id=str(channel.channel_id), actor=cast.actor("oscar"), now=held)
        tell(Kind.DATA_CORRUPTION, about="INC-2", occasion="x", to=[cast.oscar.pk], write=lambda: message, now=held)
        # What was to go to the chat alone goes by mail now: it is a notice of safety.
        assert len(work()) == 1


@pytest.mark.usefixtures("_allowed")
def test_watched__by_a_teams_chat__first_at_once_then_bundled(
    work: Work, held: datetime, chat: Listener, clock_at: Callable[[datetime], datetime]
) -> None:
    channel = register(url=chat.url(), now=held)
    edit_channel(
        channel_id=str(channel.channel_id), name="#p", kinds=["watched_commented"], actor=story.actor("bob"), now=held
    )
    change, now = story.draft(now=held), held
    for minute in range(4):
        now = clock_at(held + timedelta(minutes=minute))
        comment_change(number=change.number, body=f"Comment {minute}", actor=story.actor("bob"), now=now)
        work()
    clock_at(now + timedelta(minutes=10))
    work()
    assert [body["text"] for body in bodies(chat)] == [
        f"Bob Baker commented on {change.number} Deploy billing-service v2.3.1",
        f"{change.number} Deploy billing-service v2.3.1: 3 updates",
    ]


@pytest.mark.parametrize("tool", ["slack", "teams"])
def test_post__of_the_longest_kind__stays_within_what_the_makers_take(tool: str, now: datetime) -> None:
    long = "門" * 30_000
    message = Message(
        subject=long,
        thing=long,
        text=(long,) * 3,
        facts=(("Label", long),) * 12,
        points=(long,) * 12,
        prose=f"# {long}\n\n" + "- [link](https://evil.test)\n" * 2000,
        path="/changes/CR-1/",
        button="Open it",
    )
    one = render_post(tool, [News(Kind.NOTES_PUBLISHED, message, now)])
    bundle = render_post(tool, [News(Kind.WATCHED_EDITED, Message(**message_parts(message)), now)] * 60)
    if tool == "slack":
        assert len(bundle["blocks"]) <= 50
        assert len(one["text"]) <= 40_000
    else:
        assert len(json.dumps(one, ensure_ascii=False).encode()) < 28_000
        assert len(json.dumps(bundle, ensure_ascii=False).encode()) < 28_000


def message_parts(message: Message) -> dict[str, Any]:
    """A bundle's entry: a line and a comment."""
    return {
        "subject": "Somebody commented",
        "thing": "CR-1",
        "text": (message.text[0][:800],),
        "path": message.path,
        "button": message.button,
    }
