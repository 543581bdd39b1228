"""Whose changes a freeze holds back: nobody ends a freeze for the sake of their own."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from changes.models import ChangeRequest, Freeze
from changes.policy import freezes as policy
from changes.policy.spans import Span
from changes.selectors.changes import with_people
from changes.selectors.freezes import freeze_facts
from changes.selectors.situation import Situation
from changes.states import ChangeState, FreezeState

# What may still begin, or is being carried out.
AHEAD = (ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.APPROVED, ChangeState.IMPLEMENTING)


def held_back(freeze: Freeze, *, username: str, now: datetime) -> tuple[str, ...]:
    """Numbers of changes that `username` requested or edited and that a published freeze forbids in what is left of their slot."""
    if freeze.state != FreezeState.PUBLISHED:
        return ()
    own = Q(requester__username=username) | Q(editors__contains=[username])
    rows = with_people(ChangeRequest.objects.filter(own, state__in=AHEAD)).order_by("number")
    if freeze.envelope_ends_at is not None:
        rows = rows.filter(scheduled_time__lt=freeze.envelope_ends_at)
    return tuple(change.number for change in rows if _forbids(freeze, Situation(change, now=now)))


def _forbids(freeze: Freeze, situation: Situation) -> bool:
    start, end = max(situation.now, situation.slot.start), situation.slot.end
    facts = freeze_facts([freeze], change_number=situation.change.number)
    return start < end and any(
        policy.judge_span(facts, subject, Span(start, end)).failures for subject in situation.subjects
    )
