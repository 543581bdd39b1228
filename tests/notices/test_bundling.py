"""At most two mails for ten edits (ui.md section 3): the first at once, what follows in one once it is quiet. All of it in rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from changes.actions.approvals import refuse_change
from changes.actions.content import comment_change, edit_change
from changes.models import ChangeRequest
from cybercube_portal.audit.actions.working import sweep_intents
from cybercube_portal.audit.models import Delivery, Intent
from cybercube_portal.notices.actions.watching import set_watch
from cybercube_portal.notices.models import Notice
from cybercube_portal.notices.policy.bundling import LONGEST, goes_out_at
from tests.audit.worker import Worker
from tests.factories import changes as story
from tests.factories.people import Cast

MINUTE = timedelta(minutes=1)
QUIET = 10 * MINUTE
T = datetime(2026, 1, 14, 10, tzinfo=UTC)

At = Callable[[datetime], datetime]
Work = Callable[[], list[EmailMultiAlternatives]]


@pytest.mark.parametrize(
    ("last_sent", "held_since", "goes"),
    [
        (None, None, T),
        (T - QUIET, None, T),
        (T - QUIET + MINUTE, None, T + QUIET),
        (T - MINUTE, T - MINUTE, T + QUIET),
        (None, T - 3 * QUIET, T + QUIET),
        (None, T - LONGEST * QUIET + MINUTE, T + MINUTE),
        (None, T - 9 * QUIET, T),
        (T - 9 * QUIET, T - LONGEST * QUIET, T),
    ],
)
def test_goes_out_at__by_what_was_sent_and_is_held(
    last_sent: datetime | None, held_since: datetime | None, goes: datetime
) -> None:
    assert goes_out_at(now=T, quiet=QUIET, last_sent_at=last_sent, held_since=held_since) == goes


def edit(change: ChangeRequest, number: int, *, by: str, now: datetime) -> None:
    edits = {"description": f"Version {number}"}
    edit_change(number=change.number, version=number, changes=edits, actor=story.actor(by), now=now)


def to(name: str, mails: list[EmailMultiAlternatives]) -> list[EmailMultiAlternatives]:
    return [letter for letter in mails if letter.to == [f"{name}@example.com"]]


def watched(by: str, *, now: datetime) -> ChangeRequest:
    change = story.draft(now=now)
    set_watch(subject=change.number, on=True, actor=story.actor(by), now=now)
    return change


def test_ten_edits__of_what_somebody_watches__two_mails(work: Work, held: datetime, clock_at: At) -> None:
    change, mails, now = watched("oscar", now=held), [], held
    for number in range(1, 11):
        now = clock_at(held + number * MINUTE)
        edit(change, number, by="alice", now=now)
        mails += work()
    assert [letter.subject for letter in to("oscar", mails)] == [
        f"Alice Arnold edited {change.number} Deploy billing-service v2.3.1"
    ]
    # Nobody is told of what they did themselves.
    assert to("alice", mails) == []
    clock_at(now + QUIET - MINUTE)
    assert work() == []
    clock_at(now + QUIET)
    (bundle,) = work()
    assert (bundle.to, bundle.subject) == (
        ["oscar@example.com"],
        f"{change.number} Deploy billing-service v2.3.1: 9 updates",
    )
    assert "What changes, and why: Version 9 → Version 10" in str(bundle.body)
    assert bundle.body.count("Alice Arnold edited it") == 9
    assert Notice.objects.filter(person__username="oscar", sent_at__isnull=False).count() == 10
    clock_at(now + 20 * QUIET)
    assert work() == []


def test_edits__without_an_end__bundle_goes_after_six_quiet_times(work: Work, held: datetime, clock_at: At) -> None:
    change, mails, now = watched("oscar", now=held), [], held
    for number in range(1, 16):
        now = clock_at(held + (number - 1) * (QUIET - MINUTE))
        edit(change, number, by="alice", now=now)
        mails += work()
    assert len(to("oscar", mails)) == 2
    clock_at(now + QUIET)
    assert [letter.subject.rpartition(": ")[2] for letter in to("oscar", work())] == ["7 updates"]


def test_watcher__who_is_asked_to_sign_too__asked_at_once_and_the_edits_wait(
    work: Work, held: datetime, clock_at: At
) -> None:
    change = story.half_signed(now=held)
    set_watch(subject=change.number, on=True, actor=story.actor("bob"), now=held)
    work()
    clock_at(held + 30 * MINUTE)
    mails = []
    for number in range(1, 11):
        now = clock_at(held + 30 * MINUTE + number * MINUTE)
        edit(change, number, by="alice", now=now)
        mails += work()
    now = clock_at(now + QUIET)
    mails += work()
    asked, bundle = to("bob", mails)
    assert "waits for your approval" in asked.subject
    assert "edited after it was signed" in str(asked.body)
    assert bundle.subject.endswith(": 10 updates")


def test_events__of_two_things__are_not_bundled_together(work: Work, held: datetime, clock_at: At) -> None:
    first, second = watched("oscar", now=held), watched("oscar", now=held)
    for change in (first, second):
        comment_change(number=change.number, body="Seen", actor=story.actor("bob"), now=held)
    assert len(to("oscar", work())) == 2


def test_told_directly__of_what_one_watches__once(work: Work, held: datetime) -> None:
    change = story.in_review(now=held)
    work()
    refuse_change(number=change.number, comment="No tests", actor=story.actor("bob"), now=held)
    (letter,) = to("alice", work())
    assert letter.subject == f"{change.number} is rejected: Deploy billing-service v2.3.1"
    assert "No tests" in str(letter.body)


def test_bundle__worked_twice_or_lost_by_its_worker__goes_out_once(work: Work, held: datetime, clock_at: At) -> None:
    change = watched("oscar", now=held)
    for number in (1, 2):
        edit(change, number, by="alice", now=held)
        work()
    held_back = Intent.objects.get(kind="notices.carry", state="waiting")
    assert held_back.not_before == held + QUIET
    now = clock_at(held + QUIET)
    Intent.objects.filter(pk=held_back.pk).update(rung_at=None)
    assert sweep_intents(now=now) >= 1
    assert len(to("oscar", work())) == 1
    Intent.objects.filter(pk=held_back.pk).update(not_before=now)
    assert work() == []
    assert Delivery.objects.filter(target="oscar@example.com").count() == 2


@pytest.mark.django_db(transaction=True)
def test_ten_edits__by_a_real_worker__two_mails(worker: Worker, cast: Cast, now: datetime) -> None:
    story.service()
    worker.environment["CYBERCUBE_NOTICE_QUIET_TIME"] = "1s"
    change = watched("oscar", now=now)
    for number in range(1, 11):
        edit(change, number, by="alice", now=now)
    told = Notice.objects.filter(person__username="oscar")
    worker.start()

    def mailed() -> bool:
        sweep_intents(now=datetime.now(tz=UTC))
        return told.filter(sent_at__isnull=False).count() == 10

    worker.until(mailed)
    assert Delivery.objects.filter(target="oscar@example.com").count() == 2
    assert timedelta(minutes=10) == settings.NOTICE_QUIET_TIME
