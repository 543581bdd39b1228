"""Which changes a freeze holds back: nobody ends a freeze for the sake of their own, and a dashboard shows what each costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from django.db.models import F, Q

from changes.models import ChangeRequest, Freeze, FreezeException
from changes.policy import freezes as policy
from changes.policy.recurrence import occurrences
from changes.policy.schedule import GRACE
from changes.policy.spans import Span
from changes.selectors.changes import with_people
from changes.selectors.freezes import freeze_facts
from changes.selectors.situation import Situation
from changes.states import ChangeState, FreezeState
from cybercube_portal.catalog import selectors as catalog

# What may still begin, or is being carried out.
MOST = 500
# What a freeze asks of a change.
JUDGED = (
    "number",
    "type",
    "risk_level",
    "services",
    "environments",
    "artifacts",
    "migrations",
    "scheduled_time",
    "estimated_duration",
)
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


def held_back_by(freezes: Iterable[Freeze], *, now: datetime, until: datetime) -> dict[str, list[ChangeRequest]]:
    """By a freeze's reference, the changes of everybody that it forbids in what is left of their slots before `until`.

    Looks at the first MOST of those that meet one; exceptions that were granted count. Three queries, however many freezes.
    """
    rows = [row for row in freezes if row.state == FreezeState.PUBLISHED]
    if not rows:
        return {}
    excepted: dict[int, set[str]] = defaultdict(set)
    granted = FreezeException.objects.filter(freeze__in=rows).values_list("freeze_id", "change__number")
    for freeze, number in granted:
        excepted[freeze].add(number)
    facts = [
        replace(fact, exceptions=frozenset(excepted[row.pk]))
        for row, fact in zip(rows, freeze_facts(rows), strict=True)
    ]
    held = [(fact, occurrences(fact.recurrence, now, until)) for fact in facts]
    found: dict[str, list[ChangeRequest]] = defaultdict(list)
    for situation in _ahead([span for _fact, spans in held for span in spans], now=now):
        span = Span(max(now, situation.slot.start), situation.slot.end)
        for fact, spans in held:
            if any(one.overlaps(span) for one in spans) and any(
                policy.judge_span([fact], subject, span).failures for subject in situation.subjects
            ):
                found[fact.reference].append(situation.change)
    return dict(found)


def _ahead(spans: Iterable[Span], *, now: datetime) -> Iterator[Situation]:
    """Changes whose slot goes on after `now` and meets one of `spans`, with their teams and migrations, read together (two queries)."""
    meets = Q()
    for span in _merged(spans):
        meets |= Q(scheduled_time__lt=span.end, slot_ends_at__gt=max(span.start, now))
    if not meets:
        return
    ahead = ChangeRequest.objects.annotate(slot_ends_at=F("scheduled_time") + F("estimated_duration") + GRACE)
    rows = list(ahead.filter(meets, state__in=AHEAD).only(*JUDGED).order_by("scheduled_time", "id")[:MOST])
    team_of, traits = catalog.owners_and_artifacts(
        {service for row in rows for service in row.services},
        {entry["version"] for row in rows for entry in row.artifacts},
    )
    for row in rows:
        named = [traits[pair] for entry in row.artifacts if (pair := (entry["service"], entry["version"])) in traits]
        situation = Situation(row, now=now)
        situation.team_of = {slug: team_of[slug] for slug in row.services if slug in team_of}
        situation.migration_kinds = frozenset(
            {kind for found in named for kind in found.migration_kinds} | {entry["kind"] for entry in row.migrations}
        )
        yield situation


def _merged(spans: Iterable[Span]) -> list[Span]:
    """As few spans as cover the same time."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found
