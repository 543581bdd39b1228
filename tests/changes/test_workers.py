"""What workers do for changes: expire, announce, remind, escalate, and judge signatures again (issue A, item 7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from changes import tasks
from changes.actions.approvals import refuse_change
from changes.actions.changes import expire_change, revise_change, start_change, submit_change
from changes.actions.content import edit_change
from changes.actions.freezes import cancel_freeze
from changes.models import ChangeRequest, FreezeNotice
from cybercube_portal import clock
from cybercube_portal.audit.models import Delivery, Event, Intent
from cybercube_portal.audit.selectors.work import due_deliveries, due_intents
from cybercube_portal.audit.tasks import send_delivery, work_intent
from cybercube_portal.celery import app, gather_schedules
from cybercube_portal.errors import MoveRefused
from cybercube_portal.people.actions import grant_role, revoke_grant
from cybercube_portal.people.models import Grant
from cybercube_portal.people.roles import Role
from tests.factories import changes as story
from tests.factories.people import Cast

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
At = Callable[[datetime], datetime]
Letters = Callable[[], dict[str, list[str]]]


@pytest.fixture
def letters(held: datetime) -> Letters:
    """Do all work that is promised, as the workers would, and give what was mailed since: subject -> names, sorted."""

    def work() -> dict[str, list[str]]:
        now = clock.now()
        while due := list(due_intents(now=now).order_by("pk")):
            for intent in due:
                work_intent(intent.pk)
        for delivery in due_deliveries(now=now):
            send_delivery(delivery.pk)
        assert not Intent.objects.filter(state="failed").exists()
        told: dict[str, list[str]] = {}
        for sent in mail.outbox:
            told.setdefault(str(sent.subject), []).extend(address.partition("@")[0] for address in sent.to)
        mail.outbox.clear()
        return {subject: sorted(names) for subject, names in told.items()}

    return work


def event_count(verb: str) -> int:
    return Event.objects.filter(verb=verb).count()


def test_submitted__approvers_of_open_seats__one_mail_each(letters: Letters, now: datetime) -> None:
    change = story.in_review(now=now, answers={**story.NO_RISK, "database_schema": True})

    assert letters() == {
        f"{change.number} waits for your approval: Deploy billing-service v2.3.1": ["bob", "carol", "erin"]
    }
    assert letters() == {}


def test_submitted__author_and_editor_hold_the_role__are_not_asked(letters: Letters, now: datetime) -> None:
    change = story.draft(now=now, by="erin")
    edit_change(number=change.number, version=1, changes={"description": "x"}, actor=story.actor("bob"), now=now)
    submit_change(number=change.number, actor=story.actor("erin"), now=now)

    told = letters()
    asked = told[f"{change.number} waits for your approval: Deploy billing-service v2.3.1"]
    assert asked == ["alice", "dan", "frank", "grace", "heidi", "ivan"]


def test_submitted__mail__says_what_where_when_and_links(letters: Letters, now: datetime) -> None:
    change = story.in_review(
        now=now, title="Two\nlines\n\nBcc: eve@example.com", answers={**story.NO_RISK, "security": True}
    )
    now_due = due_intents(now=now)
    for intent in now_due:
        work_intent(intent.pk)
    delivery = Delivery.objects.order_by("pk")[0]
    assert delivery.subject == f"{change.number} waits for your approval: Two lines Bcc: eve@example.com"
    assert delivery.about == change.number
    assert not {name for name, value in delivery.headers.items() if "eve" in f"{name}{value}"}
    body = delivery.payload["body"]
    assert "Alice Arnold asks for approval as Tech lead or Security." in body
    assert "Thu 15 Jan 2026, 12:00 UTC" in body
    assert f"http://127.0.0.1:8000/changes/{change.number}/review/" in body
    assert "&" not in body


def test_edited__signatures_were_superseded__approvers_are_asked_again(letters: Letters, now: datetime) -> None:
    change = story.half_signed(now=now)
    asked = f"{change.number} waits for your approval: Deploy billing-service v2.3.1"
    first = letters()[asked]
    edit_change(number=change.number, version=1, changes={"description": "x"}, actor=story.actor("alice"), now=now)

    again = letters()[asked]
    assert (first, again) == (["carol", "erin"], ["bob", "carol", "erin"])


def test_submitted__taken_back_before_the_worker_came__nobody_is_asked(letters: Letters, now: datetime) -> None:
    change = story.in_review(now=now)
    revise_change(number=change.number, actor=story.actor("alice"), now=now)
    assert letters() == {}


def test_refused__requester_is_told(letters: Letters, now: datetime) -> None:
    change = story.in_review(now=now)
    letters()
    refuse_change(number=change.number, comment="No tests", actor=story.actor("bob"), now=now)
    assert letters() == {f"{change.number} is rejected: Deploy billing-service v2.3.1": ["alice"]}


def test_slot_over__approved_change__expires_and_requester_is_told(
    letters: Letters, now: datetime, clock_at: At
) -> None:
    change = story.approved(now=now)
    letters()
    clock_at(change.slot.end - timedelta(seconds=1))
    tasks.expire_slots()
    assert ChangeRequest.objects.get().state == "approved"
    clock_at(change.slot.end)
    tasks.expire_slots()
    tasks.expire_slots()

    assert ChangeRequest.objects.get().state == "expired"
    assert event_count("change.expired") == 1
    assert letters() == {f"{change.number} is expired: Deploy billing-service v2.3.1": ["alice"]}


def test_slot_over__emergency_whose_word_holds__does_not_expire(letters: Letters, now: datetime, clock_at: At) -> None:
    story.authorised(now=now, scheduled_time=now)
    clock_at(now + 3 * HOUR)
    tasks.expire_slots()
    assert ChangeRequest.objects.get().state == "approved"


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (timedelta(days=7, seconds=1), None),
        (timedelta(days=7), "7d"),
        (timedelta(days=1, seconds=1), "7d"),
        (timedelta(days=1), "1d"),
        (timedelta(hours=1, seconds=1), "1d"),
        (timedelta(hours=1), "1h"),
        (timedelta(seconds=1), "1h"),
        (timedelta(0), None),
    ],
)
def test_freeze_ahead__at_each_moment__the_nearest_notice_alone(
    letters: Letters, now: datetime, before: timedelta, told: str | None
) -> None:
    story.freeze(now=now, starts_at=now + before, ends_at=now + before + DAY)
    tasks.notice_freezes()
    assert [notice.ahead for notice in FreezeNotice.objects.all()] == ([told] if told else [])


def test_freeze_ahead__a_week_through__three_notices_to_the_team_with_one_event_each(
    letters: Letters, now: datetime, clock_at: At
) -> None:
    start = now + 8 * DAY
    story.freeze(
        now=now,
        title="Launch",
        starts_at=start,
        ends_at=start + DAY,
        teams=("search",),
        timezone="Europe/Berlin",
        rule="FREQ=MONTHLY",
    )
    mails = []
    for moment in (now, start - 7 * DAY, start - 6 * DAY, start - DAY, start - HOUR, start, start + HOUR):
        clock_at(moment)
        tasks.notice_freezes()
        tasks.notice_freezes()
        mails.append(letters())

    everywhere = ["admin", "carol", "dan", "erin", "frank", "grace", "heidi", "ivan", "judy", "kim"]
    notice = {"Change freeze from Thu 22 Jan 2026, 10:00 UTC: Launch": sorted([*everywhere, "oscar", "sybil"])}
    assert mails == [{}, notice, {}, notice, notice, {}, {}]
    events = Event.objects.filter(verb="freeze.noticed").order_by("pk")
    assert [event.data["ahead"] for event in events] == ["7d", "1d", "1h"]
    assert {event.actor["kind"] for event in events} == {"system"}
    clock_at(start + 24 * DAY)
    tasks.notice_freezes()
    assert list(letters()) == ["Change freeze from Sun 22 Feb 2026, 10:00 UTC: Launch"]


def test_freeze_ahead__draft_or_cancelled__nobody_is_told(letters: Letters, now: datetime) -> None:
    story.freeze(now=now, published=False, starts_at=now + HOUR, ends_at=now + DAY)
    gone = story.freeze(now=now, starts_at=now + HOUR, ends_at=now + DAY)
    cancel_freeze(reference=gone.reference, reason="No", actor=story.actor("ivan"), now=now)
    tasks.notice_freezes()
    assert letters() == {}


def test_lead_time__review_takes_too_long__requester_is_told_once(
    letters: Letters, now: datetime, clock_at: At
) -> None:
    story.in_review(now=now)
    late = story.in_review(now=now, title="Late", scheduled_time=now + 23 * HOUR)
    letters()
    for minutes in (0, 5, 10):
        clock_at(now + timedelta(minutes=minutes))
        tasks.watch_lead_times()

    assert letters() == {f"{late.number} cannot start when planned: Late": ["alice"]}


def test_emergency_filed__every_approver_is_alerted(letters: Letters, now: datetime) -> None:
    change = story.emergency(now=now)
    assert letters() == {f"Emergency: Payments are down ({change.number})": ["heidi", "ivan", "judy"]}


def test_edited_into_an_emergency__every_approver_is_alerted(letters: Letters, now: datetime) -> None:
    change = story.draft(now=now)
    edit_change(number=change.number, version=1, changes={"type": "emergency"}, actor=story.actor("alice"), now=now)
    ((_, alerted),) = letters().items()
    assert alerted == ["heidi", "ivan", "judy"]


def test_authorised_by_somebody_elses_word__approver_is_asked_to_confirm(
    letters: Letters, now: datetime, clock_at: At
) -> None:
    change = story.authorised(now=now, caller="grace")
    assert letters()[f"Confirm your verbal approval of {change.number}: Payments are down"] == ["heidi"]
    clock_at(now + DAY)
    tasks.watch_emergencies()
    assert letters() == {}
    clock_at(now + DAY + timedelta(seconds=1))
    tasks.watch_emergencies()
    tasks.watch_emergencies()

    assert letters() == {f"Overdue: {change.number} Payments are down": ["ivan"]}
    assert event_count("change.confirmation_overdue") == 1


def test_record_overdue__escalated_once_and_team_is_suspended(letters: Letters, now: datetime, clock_at: At) -> None:
    change = story.authorised(now=now)
    start_change(number=change.number, actor=story.actor("alice"), now=now)
    letters()
    clock_at(now + DAY)
    tasks.watch_emergencies()
    assert letters() == {}
    later = clock_at(now + DAY + timedelta(seconds=1))
    tasks.watch_emergencies()
    tasks.watch_emergencies()

    assert letters() == {f"Overdue: {change.number} Payments are down": ["ivan"]}
    assert event_count("change.record_overdue") == 1
    scale: dict[str, Any] = {"type": "standard", "template": "scale", "artifacts": (), "parameters": {"replicas": 2}}
    number = story.draft(now=later, **scale).number
    with pytest.raises(MoveRefused, match="suspended"):
        submit_change(number=number, actor=story.actor("alice"), now=later)


def test_role_revoked__approved_change_stands_on_it__back_in_review(letters: Letters, now: datetime) -> None:
    stands_on_bob = story.approved(now=now)
    stands_on_grace = story.approved(now=now, signers=("grace",))
    letters()
    grant = Grant.objects.get(user__username="bob", role="tech_lead")
    revoke_grant(grant_id=grant.pk, actor=story.actor("admin"), now=now)

    told = letters()

    states = dict(ChangeRequest.objects.values_list("number", "state"))
    assert states == {stands_on_bob.number: "in_review", stands_on_grace.number: "approved"}
    assert told[f"{stands_on_bob.number} is in review: Deploy billing-service v2.3.1"] == ["alice"]
    (wanted,) = (names for subject, names in told.items() if "waits for your approval" in subject)
    assert "bob" not in wanted
    assert "grace" in wanted


def test_rotation_ended__signature_given_while_it_lasted__still_counts(
    letters: Letters, cast: Cast, now: datetime, clock_at: At
) -> None:
    admin = story.actor("admin")
    grant_role(username="kim", role=Role.ON_CALL, team=None, actor=admin, now=now, ends_at=now + HOUR)
    change = story.approved(now=now, signers=("kim",))
    clock_at(now + 2 * HOUR)
    letters()
    change.refresh_from_db()
    assert change.state == "approved"


def test_sweep__one_that_fails__holds_up_no_other(letters: Letters, now: datetime, clock_at: At) -> None:
    first, second = story.approved(now=now), story.approved(now=now)
    clock_at(now + 30 * DAY)
    tasks._each(
        [first.number, "CR-2020-0101-001", second.number],
        lambda number: expire_change(number=number, now=now + 30 * DAY),
    )
    assert set(ChangeRequest.objects.values_list("state", flat=True)) == {"expired"}


def test_beat__schedules_every_sweep() -> None:
    gather_schedules()
    wanted = {"changes.expire_slots", "changes.notice_freezes", "changes.watch_emergencies", "changes.watch_lead_times"}
    assert wanted <= set(app.conf.beat_schedule)
    assert wanted <= set(app.tasks)
