"""One way to tell anybody anything: whom it reaches, how, once, in their own zone, and never less than safety asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.core.mail import EmailMultiAlternatives
from django.utils import translation

from cybercube_portal.audit.models import Delivery, Event
from cybercube_portal.errors import Invalid, NotPermitted
from cybercube_portal.notices.actions import tell
from cybercube_portal.notices.actions.choosing import choose_notices
from cybercube_portal.notices.actions.reading import KEPT, forget_old, mark_read
from cybercube_portal.notices.kinds import ROWS, Kind, Way
from cybercube_portal.notices.message import Message, message_of
from cybercube_portal.notices.models import Choice, Notice
from cybercube_portal.notices.policy.ways import ways_to
from cybercube_portal.notices.selectors.history import unread_count
from cybercube_portal.people.models import User
from cybercube_portal.web.times import exact_with_zone
from tests.factories import changes as story
from tests.factories.people import Cast

Work = Callable[[], list[EmailMultiAlternatives]]
MAIL, CHAT = Way.MAIL, Way.CHAT
BOTH = frozenset({MAIL, CHAT})


@pytest.mark.parametrize(
    ("reachable", "chosen", "kept", "goes"),
    [
        ((MAIL, CHAT), {}, False, (MAIL, CHAT)),
        ((MAIL, CHAT), {CHAT: False}, False, (MAIL,)),
        ((MAIL,), {MAIL: False}, False, ()),
        ((MAIL,), {MAIL: False}, True, (MAIL,)),
        ((MAIL, CHAT), {MAIL: False}, True, (CHAT,)),
        ((MAIL, CHAT), {MAIL: False, CHAT: False}, True, (MAIL,)),
        ((CHAT,), {CHAT: False}, True, (CHAT,)),
        ((), {}, True, ()),
    ],
)
def test_ways_to__by_choice_and_safety(
    reachable: tuple[Way, ...], chosen: dict[Way, bool], kept: bool, goes: tuple[Way, ...]
) -> None:
    assert ways_to(reachable=reachable, chosen=chosen, usual=BOTH, kept=kept) == goes


def test_kinds__each_has_one_row_with_its_section() -> None:
    assert set(ROWS) == set(Kind)
    assert all(row.section.startswith("§") and str(row.label) and str(row.because) for row in ROWS.values())
    # Whatever befalls production, emergencies and corrupted data cannot be switched off everywhere.
    kept = {kind for kind in Kind if kind.row.kept}
    assert {Kind.ROLLBACK_NOTICE, Kind.ROLLBACK_FAILED, Kind.EMERGENCY_FILED, Kind.DATA_CORRUPTION} <= kept
    assert not {kind for kind in Kind if kind.row.kept and not kind.row.at_once}


def say(at: datetime) -> Message:
    moment = exact_with_zone(at)
    return Message(subject=f"Begins {moment}", thing="FRZ-1", path="/freezes/FRZ-1/", button="Look")


def told(kind: Kind, cast: Cast, *names: str, now: datetime, occasion: str = "one") -> int:
    ids = [cast[name].pk for name in names]
    return tell(kind, about="FRZ-1", occasion=occasion, to=ids, write=lambda: say(now), now=now)


def choose(who: str, *, now: datetime, **wanted: frozenset[Way]) -> None:
    choose_notices(wanted={Kind(name): ways for name, ways in wanted.items()}, actor=story.actor(who), now=now)


def test_tell__readers_in_two_zones__each_in_their_own_and_once(work: Work, held: datetime, cast: Cast) -> None:
    User.objects.filter(username="alice").update(timezone="Europe/Berlin")
    User.objects.filter(username="bob").update(is_active=False)
    with translation.override("de"):
        assert told(Kind.FREEZE_AHEAD, cast, "alice", "oscar", "bob", "ci-payments", now=held) == 2
    assert told(Kind.FREEZE_AHEAD, cast, "alice", "oscar", "kim", now=held) == 1
    subjects = {letter.to[0]: letter.subject for letter in work()}
    assert subjects == {
        "alice@example.com": "Begins Wed 14 Jan 2026, 11:00 Europe/Berlin (10:00 UTC)",
        "oscar@example.com": "Begins Wed 14 Jan 2026, 10:00 UTC",
        "kim@example.com": "Begins Wed 14 Jan 2026, 10:00 UTC",
    }


def test_tell__switched_off__listed_and_not_mailed(work: Work, held: datetime, cast: Cast) -> None:
    choose("alice", now=held, freeze_ahead=frozenset())
    assert told(Kind.FREEZE_AHEAD, cast, "alice", "oscar", now=held) == 2
    assert [letter.to for letter in work()] == [["oscar@example.com"]]
    row = Notice.objects.get(person=cast.alice)
    assert (row.due_at, row.sent_at) == (None, None)
    assert message_of(row.message) == say(held)


def test_choices__safety_switched_off_everywhere__refused_and_mailed_all_the_same(
    work: Work, held: datetime, cast: Cast
) -> None:
    with pytest.raises(Invalid) as refused:
        choose("alice", now=held, rollback_notice=frozenset(), freeze_ahead=frozenset())
    assert [error.pointer for error in refused.value.errors] == ["/rollback_notice"]
    with pytest.raises(Invalid):
        # Without a chat of her own, choosing the chat alone is choosing nothing.
        choose("alice", now=held, rollback_notice=frozenset({CHAT}))
    assert not Choice.objects.exists()
    Choice.objects.create(person=cast.alice, kind=Kind.ROLLBACK_NOTICE, way=MAIL, wanted=False)
    told(Kind.ROLLBACK_NOTICE, cast, "alice", now=held)
    assert len(work()) == 1


def test_choices__changed_and_changed_back__recorded_and_only_differences_kept(held: datetime, cast: Cast) -> None:
    choose("alice", now=held, freeze_ahead=frozenset())
    choose("alice", now=held, freeze_ahead=frozenset())
    assert Choice.objects.count() == 2
    choose("alice", now=held, freeze_ahead=BOTH)
    assert not Choice.objects.exists()
    events = Event.objects.filter(verb="notice_choice.changed").order_by("pk")
    assert [event.after for event in events] == [{"freeze_ahead": []}, {"freeze_ahead": ["chat", "mail"]}]
    with pytest.raises(NotPermitted):
        choose_notices(wanted={}, actor=cast.actor("ci-payments"), now=held)


def test_read__own_notices_alone_and_old_ones_are_forgotten(held: datetime, cast: Cast) -> None:
    told(Kind.FREEZE_AHEAD, cast, "alice", "oscar", now=held)
    assert mark_read(actor=cast.actor("alice"), now=held) == 1
    assert (unread_count(cast.alice.pk), unread_count(cast.oscar.pk)) == (0, 1)
    assert forget_old(now=held + KEPT) == 0
    told(Kind.FREEZE_AHEAD, cast, "alice", now=held + KEPT, occasion="next")
    assert forget_old(now=held + 1.5 * KEPT) == 2
    assert Notice.objects.count() == 1


def test_mail__text_and_html__say_the_same_and_no_markup_of_others(work: Work, held: datetime, cast: Cast) -> None:
    message = Message(
        subject="A <b>title</b>\nBcc: eve@example.com",
        thing="CR-1",
        text=("<script>alert(1)</script> & more",),
        facts=(("Services", "a <i>b</i>"),),
        points=("First",),
        prose="# Notes\n\n<img src=x onerror=alert(1)> [link](javascript:alert(1)) **bold**",
        path="/changes/CR-1/",
        button="Open it",
        more=(("The service", "/services/a/"),),
    )
    tell(Kind.NOTES_PUBLISHED, about="CR-1", occasion="x", to=[cast.alice.pk], write=lambda: message, now=held)
    (letter,) = work()
    assert letter.subject == "A <b>title</b> Bcc: eve@example.com"
    assert letter.recipients() == ["alice@example.com"]
    text, html = str(letter.body), str(letter.alternatives[0][0])
    for words in ("http://127.0.0.1:8000/changes/CR-1/", "http://127.0.0.1:8000/profile/notifications/", "First"):
        assert words in text
        assert words in html
    assert "<script>alert(1)</script> & more" in text
    assert "<script>" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert "<strong>bold</strong>" in html
    assert 'width="600"' in html
    assert "prefers-color-scheme: dark" in html
    assert "because you belong to the team of this service" in text
    assert Delivery.objects.get().headers["References"] == "<CR-1@127.0.0.1>"
