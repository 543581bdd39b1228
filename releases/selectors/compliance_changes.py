"""What changes and the record say of how services keep to the rules: emergencies, exceptions, what is on its way, what passed the gate by."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Concat

from changes.selectors.changes import changes_listed, excepted_since, records_owed
from cybercube_portal.audit.selectors.events import events_filtered
from cybercube_portal.catalog.states import EnvironmentCode
from releases.events import ObservationEvent
from releases.policy.compliance import Emergencies
from releases.selectors.places import COMING

PRODUCTION = EnvironmentCode.PRD.value
IN_TIME, LATE, OVERDUE, EXCEPTED, TAKING = "in time", "late", "overdue", "excepted", "coming"


@dataclass(slots=True)
class ChangesBehind:
    """Of one service: how many changes of each word, and the versions that open changes take to production."""

    counts: Counter[str] = field(default_factory=Counter)
    coming: set[str] = field(default_factory=set)

    def emergencies(self) -> Emergencies:
        """As the policy takes them."""
        owed = sum(self.counts[word] for word in (IN_TIME, LATE, OVERDUE))
        return Emergencies(owed=owed, in_time=self.counts[IN_TIME], overdue=self.counts[OVERDUE])

    @property
    def excepted(self) -> int:
        """Changes that a freeze let pass."""
        return self.counts[EXCEPTED]


def changes_behind(slugs: Iterable[str], *, since: datetime, now: datetime) -> Mapping[str, ChangesBehind]:
    """By slug. One query."""
    wanted = list(slugs)
    kept = Case(
        When(recorded_at__isnull=True, then=Value(OVERDUE)),
        When(Q(recorded_at__lte=F("record_due_at")), then=Value(IN_TIME)),
        default=Value(LATE),
    )
    taking = changes_listed().filter(environments__contains=[PRODUCTION], state__in=COMING)
    first, *others = (
        _worded(rows, word, wanted)
        for rows, word in (
            (records_owed(since=since, now=now), kept),
            (excepted_since(since), Value(EXCEPTED)),
            (taking, Value(TAKING)),
        )
    )
    found = defaultdict[str, ChangesBehind](ChangesBehind)
    for services, artifacts, word in first.union(*others, all=True):
        if word == TAKING:
            for entry in artifacts:
                found[entry["service"]].coming.add(entry["version"])
            continue
        for slug in services:
            found[slug].counts[word] += 1
    return found


def _worded(rows: QuerySet[Any], word: Case | Value, slugs: list[str]) -> QuerySet[Any, Any]:
    bare: QuerySet[Any, Any] = rows.order_by().filter(services__overlap=slugs).annotate(word=word)
    return bare.values_list("services", "artifacts", "word")


def bypasses(slug: str, *, since: datetime) -> Coalesce:
    """How often a version was found in production that no gate let through; `slug` is the column of the query that asks."""
    place = Concat(OuterRef(slug), Value(f"/{PRODUCTION}"))
    found = events_filtered(verb=ObservationEvent.BYPASS_FOUND, start=since).filter(object_id=place)
    return Coalesce(Subquery(found.order_by().values("verb").annotate(found=Count("pk")).values("found")), 0)
