"""What people look for in the gate's log, and how the answer to one question came to be."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, Func, JSONField, OuterRef, Q, QuerySet, Subquery, TextField, Window
from django.db.models.functions import Cast, Concat, Lag

from cybercube_portal.catalog import selectors as catalog
from releases.models import FailedFreezes, GateDecision, GateEvaluation
from releases.selectors.gate_log import decisions_listed
from releases.states import GateOutcome

MOST_TURNS = 50


class Blockers(Func):
    """The messages of what stood in the way, failures first, taken out of `reasons` by the database: a log's row is long."""

    template = " || ".join(
        f"""jsonb_path_query_array(%(expressions)s, '$[*] ? (@.outcome == "{outcome}").message')"""
        for outcome in ("fail", "pending")
    )
    output_field = JSONField()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A moment at which the answer became another one. `blockers` are the messages of what stood in the way then."""

    at: datetime
    outcome: GateOutcome
    blockers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """`turns`, oldest first (the last MOST_TURNS), out of `count` evaluations."""

    turns: tuple[Turn, ...]
    count: int


def decisions_shown() -> QuerySet[GateDecision]:
    """Questions as `decisions_listed`, each with the `blockers` of its last answer."""
    last = GateEvaluation.objects.filter(decision=OuterRef("pk")).order_by("-id")
    return decisions_listed().annotate(blockers=Subquery(last.annotate(found=Blockers("reasons")).values("found")[:1]))


def with_last_outcome(outcome: str) -> Q:
    """Questions whose last answer it is. Nothing follows an allow or a deny, so only `wait` has to look for what came after."""
    answers = GateEvaluation.objects.filter(decision=OuterRef("pk"))
    said = Q(Exists(answers.filter(outcome=outcome)))
    return said & ~Q(Exists(answers.exclude(outcome=outcome))) if outcome == GateOutcome.WAIT else said


def stopped_since(since: datetime, *, teams: Iterable[str]) -> QuerySet[GateDecision]:
    """Those about services of `teams` that were asked since then and not allowed in the end."""
    asked = decisions_shown().filter(service__in=catalog.services_of_teams(teams).values("slug"), asked_at__gte=since)
    # Looked up answer by answer: a week's questions are few beside all that was ever denied.
    return asked.filter(Q(outcome__in=[GateOutcome.DENY, GateOutcome.WAIT]))


def about_change(number: str) -> Q:
    """Questions that named the change, and those it ever spoke for."""
    return Q(change_named=number) | Q(pk__in=GateEvaluation.objects.filter(change=number).values("decision"))


def denied_by_freeze(reference: str) -> Q:
    """Questions that were denied because of the freeze, perhaps among other reasons."""
    denials = GateEvaluation.objects.filter(outcome=GateOutcome.DENY).annotate(failed_freezes=FailedFreezes("reasons"))
    named = denials.filter(failed_freezes__contains=[reference.upper()])  # type: ignore[misc] # JSON, not text
    return Q(pk__in=named.values("decision"))


def history_of(decision_id: uuid.UUID, *, until: datetime | None = None) -> History:
    """How the answer went while it waited, or until a moment: a question asked every few seconds has many answers and few turns. One query."""
    order = F("id").asc()
    kept = GateEvaluation.objects.filter(decision=decision_id)
    if until is not None:
        kept = kept.filter(decided_at__lte=until)
    answers = kept.annotate(
        blockers=Blockers("reasons"), said=Concat("outcome", Cast("blockers", TextField()), output_field=TextField())
    )
    turns = (
        answers.annotate(before=Window(Lag("said"), order_by=order), count=Window(Count("*")))
        .filter(Q(before__isnull=True) | ~Q(before=F("said")))
        .order_by("-id")
        .values("decided_at", "outcome", "blockers", "count")[:MOST_TURNS]
    )
    found = list(turns)
    return History(turns=tuple(_turns(found[::-1])), count=found[0]["count"] if found else 0)


def _turns(rows: Iterable[Mapping[str, Any]]) -> Iterator[Turn]:
    for row in rows:
        yield Turn(at=row["decided_at"], outcome=GateOutcome(row["outcome"]), blockers=tuple(row["blockers"]))
