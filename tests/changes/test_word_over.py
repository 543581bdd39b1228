"""A spoken approval is for the emergency at hand: a day later it lets nobody begin or deploy (§6.4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from changes import tasks
from changes.actions.changes import reschedule_change, revise_change, start_change
from changes.actions.emergencies import authorise_change
from changes.models import ChangeRequest
from changes.selectors.readiness import readiness
from changes.selectors.situation import Situation
from cybercube_portal.audit.models import Event
from cybercube_portal.errors import MoveRefused
from tests.factories import changes as story
from tests.releases.asking import URL, blocking

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
At = Callable[[datetime], datetime]
MOMENT = timedelta.resolution


def codes(refused: pytest.ExceptionInfo[MoveRefused]) -> set[str]:
    return {reason.code for reason in refused.value.decision.blockers}


def test_authorised__not_begun_within_a_day__expires_by_itself_and_once(held: datetime, clock_at: At) -> None:
    change = story.authorised(now=held)

    clock_at(held + DAY - MOMENT)
    tasks.expire_slots()
    assert ChangeRequest.objects.get().state == "approved"

    clock_at(held + DAY)
    tasks.expire_slots()
    tasks.expire_slots()
    assert ChangeRequest.objects.get().state == "expired"
    assert Event.objects.filter(verb="change.expired", object_id=change.number).count() == 1


def test_authorised__a_month_ago_and_no_worker_came__neither_start_nor_gate(
    held: datetime, clock_at: At, api: Callable[..., object]
) -> None:
    change = story.authorised(now=held, artifacts=())
    later = clock_at(held + timedelta(days=30))

    with pytest.raises(MoveRefused) as refused:
        start_change(number=change.number, actor=story.actor("alice"), now=later)
    assert codes(refused) == {"emergency.word_over"}
    assert "emergency.word_over" in {reason.code for reason in readiness(Situation(change, now=later)).blockers}

    pipeline = api("ci-payments", scopes=["gate"])
    question = {"service": "billing-service", "environment": "prd", "action": "scale", "change": change.number}
    answer = pipeline.post(URL, question).json()  # type: ignore[attr-defined]
    assert (answer["decision"], blocking(answer)) == ("deny", {"emergency.word_over"})


def test_gate__under_a_fresh_word__allows_no_longer_than_the_word(
    held: datetime, clock_at: At, api: Callable[..., object]
) -> None:
    change = story.authorised(now=held, artifacts=())
    clock_at(held + DAY - 5 * timedelta(minutes=1))
    pipeline = api("ci-payments", scopes=["gate"])
    question = {"service": "billing-service", "environment": "prd", "action": "scale", "change": change.number}

    answer = pipeline.post(URL, question).json()  # type: ignore[attr-defined]

    assert (answer["decision"], answer["valid_until"]) == ("allow", "2026-01-15T10:00:00Z")


def test_expired_emergency__another_slot__is_no_new_word_but_another_word_is(held: datetime, clock_at: At) -> None:
    change = story.authorised(now=held)
    later = clock_at(held + 2 * DAY)
    tasks.expire_slots()
    alice, heidi = story.actor("alice"), story.actor("heidi")

    with pytest.raises(MoveRefused) as refused:
        reschedule_change(number=change.number, scheduled_time=later + HOUR, actor=alice, now=later)
    assert codes(refused) == {"emergency.word_over"}

    revise_change(number=change.number, actor=alice, now=later)
    word = {"verbal_at": later, "how": "On the phone", "criteria": ["production_down"]}
    authorise_change(number=change.number, approver="heidi", actor=heidi, now=later, **word)  # type: ignore[arg-type]
    assert start_change(number=change.number, actor=alice, now=later + HOUR).state == "implementing"


def test_authorised__work_had_begun_in_time__is_carried_through_and_recorded(held: datetime, clock_at: At) -> None:
    """A weekend's emergency that is written down on Monday: its record is owed, so it neither expires nor stays stuck."""
    change = story.authorised(now=held, started_at=held - HOUR)
    later = clock_at(held + 2 * DAY)

    tasks.expire_slots()

    assert ChangeRequest.objects.get().state == "approved"
    assert start_change(number=change.number, actor=story.actor("alice"), now=later).state == "implementing"
