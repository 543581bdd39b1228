"""Two who edit one thing at once: the second is told what the first saved, keeps what was typed, and saves it knowingly."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.forms import BaseForm, DateTimeInput
from django.test import Client

from changes.actions.cab import MeetingPlan, plan_meeting
from cybercube_portal.people.models import UnsentForm
from flags.actions.segments import create_segment
from releases.actions.release_content import ReleasePlan, open_release
from tests.changes.pages_words import words_of
from tests.factories import changes as stories
from tests.factories.flags import flag
from tests.factories.people import Cast

Session = Callable[[str], Client]
DAY = timedelta(days=1)


@pytest.fixture
def held(cast: Cast, now: datetime, clock_at: Callable[[datetime], datetime]) -> datetime:
    stories.service("billing-service")
    return clock_at(now)


def freeze(now: datetime) -> str:
    row = stories.freeze(now=now, published=False, starts_at=now + DAY, ends_at=now + 2 * DAY)
    return f"/freezes/{row.reference}/edit/"


def window(now: datetime) -> str:
    row = stories.window(now=now, starts_at=now + DAY, ends_at=now + 2 * DAY, rule="FREQ=MONTHLY")
    return f"/windows/{row.reference}/edit/"


def meeting(now: datetime) -> str:
    plan = MeetingPlan(title="Weekly CAB", scheduled_at=now + DAY)
    return f"/cab/{plan_meeting(plan=plan, actor=stories.actor('ivan'), now=now).reference}/edit/"


def notes(now: datetime) -> str:
    plan = ReleasePlan(service="billing-service", version="v2.3.1")
    return f"/releases/{open_release(plan=plan, actor=stories.actor('alice'), now=now).reference}/notes/edit/"


def a_flag(now: datetime) -> str:
    return f"/flags/{flag(now=now).key}/edit/"


def segment(now: datetime) -> str:
    groups = [[{"attribute": "plan", "operator": "eq", "value": "pro"}]]
    create_segment(slug="pro", name="Pro", groups=groups, actor=stories.actor("alice"), now=now)
    return "/flags/segments/pro/"


def as_shown(form: BaseForm) -> dict[str, Any]:
    """What a browser sends of a form that nobody touched."""
    sent = {}
    for field in form:
        value, widget = field.value(), field.field.widget
        if value not in (None, False, "", []):
            sent[field.html_name] = widget.format_value(value) if isinstance(widget, DateTimeInput) else value
    return sent


@pytest.mark.parametrize(
    ("made", "who", "name", "theirs", "mine"),
    [
        (freeze, "dan", "reason", "Audit of their books", "Audit"),
        (window, "dan", "title", "Their days", "My days"),
        (meeting, "ivan", "notes", "Their notes", "My notes"),
        (notes, "alice", "text", "# Their notes", "# My notes"),
        (a_flag, "alice", "description", "Their words", "My words"),
        (segment, "alice", "groups", "plan eq team", "plan eq free"),
    ],
)
def test_edit__saved_by_another__tells_what_and_keeps_what_was_typed(
    *,
    made: Callable[[datetime], str],
    who: str,
    name: str,
    theirs: str,
    mine: str,
    held: datetime,
    browser_session: Session,
) -> None:
    address, editor = made(held), browser_session(who)
    first = editor.get(address)
    read = {**as_shown(first.context["form"]), "version": first.context["version_read"]}

    bare = editor.post(address, {**read, name: theirs, "version": ""})
    assert bare.status_code == 412, "one who does not say what they read is told as well"
    assert editor.post(address, {**read, name: theirs}).status_code == 302
    # A form that was kept since before tells it as it opens, and is a conflict still.
    kept = {"address": address, "fields": urlencode({**read, name: mine}, doseq=True), "page": "a" * 32}
    editor.post("/unsent/", kept, headers={"HX-Request": "true"})
    opened = editor.get(address)
    assert opened.context["form"][name].value() == mine
    assert [texts for _label, texts in opened.context["saved_meanwhile"]] == [(theirs, mine)]
    refused = editor.post(address, {**read, name: mine, "unsent_page": "a" * 32})

    assert refused.status_code == 412
    said = words_of(refused)
    assert "Somebody else changed this since you opened it" in said
    assert "What is saved now, where you typed something else" in said
    assert theirs in said
    assert refused.context["form"][name].value() == mine
    (version,) = re.findall(r'name="version" value="(\w+)"', refused.content.decode())
    assert UnsentForm.objects.count() == 1
    again = editor.post(address, {**read, name: mine, "version": version, "unsent_page": "a" * 32})
    assert (again.status_code, UnsentForm.objects.count()) == (302, 0)
    assert editor.get(address).context["form"][name].value() == mine


def test_edit__long_texts_saved_by_another__are_compared_line_by_line(held: datetime, browser_session: Session) -> None:
    address, alice = notes(held), browser_session("alice")
    alice.post(address, {"text": "# v2.3.1\r\nSame\r\nTheirs", "version": alice.get(address).context["version_read"]})
    refused = alice.post(address, {"text": "# v2.3.1\r\nSame\r\nMine", "version": "1"})

    assert refused.status_code == 412
    said = words_of(refused)
    assert "Saved now: Theirs" in said
    assert "Typed by you: Mine" in said


def test_notes__drafted_afresh__what_was_typed_there_gives_way(held: datetime, browser_session: Session) -> None:
    address, alice = notes(held), browser_session("alice")
    kept = {"address": address, "fields": "text=Half&version=1", "page": "b" * 32}
    alice.post("/unsent/", kept, headers={"HX-Request": "true"})
    assert "<p>Half</p>" in alice.get(address).content.decode()

    alice.post(address.replace("edit/", "draft/"), {"unsent_page": "b" * 32})
    assert "<p>Half</p>" not in alice.get(address).content.decode()
