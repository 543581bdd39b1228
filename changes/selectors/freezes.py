"""Freezes and deployment windows as the frozen facts that policies judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Count, F, Model, Q, QuerySet

from changes.models import DeploymentWindow, Freeze, FreezeException
from changes.models.freeze import Scoped
from changes.policy import freezes as policy
from changes.policy.predicate import parse_predicate
from changes.policy.recurrence import Recurrence, Span, occurrences
from changes.policy.scope import Scope
from changes.policy.windows import Window
from changes.states import FreezeState
from cybercube_portal.errors import NotFound

Row = TypeVar("Row", bound=Model)
LOOK_AHEAD = timedelta(days=732)


def in_scope(
    rows: QuerySet[Row], *, services: Iterable[str], teams: Iterable[str], environments: Iterable[str]
) -> QuerySet[Row]:
    """Rows whose scope may reach one of these; an empty column means all. Exclusions are left to the policy."""
    return rows.filter(
        Q(services=[]) | Q(services__overlap=sorted(services)),
        Q(teams=[]) | Q(teams__overlap=sorted(teams)),
        Q(environments=[]) | Q(environments__overlap=sorted(environments)),
    )


def published_between(start: datetime, end: datetime) -> QuerySet[Freeze]:
    """Published freezes of which an occurrence may touch the half-open range."""
    return Freeze.objects.filter(
        Q(envelope_ends_at__isnull=True) | Q(envelope_ends_at__gt=start), state=FreezeState.PUBLISHED, starts_at__lt=end
    )


def windows_standing() -> QuerySet[DeploymentWindow]:
    """Deployment windows that were not removed."""
    return DeploymentWindow.objects.filter(removed_at__isnull=True)


def freeze_facts(
    rows: Iterable[Freeze], *, change_number: str | None = None, passed: frozenset[int] | None = None
) -> tuple[policy.Freeze, ...]:
    """Rows as facts, with the exceptions that `change_number` was granted.

    `passed` are the ids of the freezes it may pass; where they are not given and a number is, they are read (one query).
    """
    rows = tuple(rows)
    if passed is None and change_number is not None and rows:
        granted = FreezeException.objects.filter(change__number=change_number, freeze__in=rows)
        passed = frozenset(granted.values_list("freeze_id", flat=True))
    excepted: Mapping[int, frozenset[str]] = {freeze: frozenset({change_number or ""}) for freeze in passed or ()}
    return tuple(
        policy.Freeze(
            reference=row.reference,
            title=row.title,
            kind=policy.FreezeKind(row.kind),
            recurrence=recurrence_of(row),
            predicate=parse_predicate(row.predicate),
            scope=scope_of(row),
            hard=row.hard,
            exceptions=excepted.get(row.pk, frozenset()),
            url=f"/freezes/{row.reference}/",
        )
        for row in rows
    )


def window_facts(rows: Iterable[DeploymentWindow]) -> tuple[Window, ...]:
    """Rows as facts."""
    return tuple(
        Window(reference=row.reference, title=row.title, recurrence=recurrence_of(row), scope=scope_of(row))
        for row in rows
    )


def recurrence_of(row: Scoped) -> Recurrence:
    """When it happens."""
    return Recurrence(
        first=Span(row.starts_at, row.ends_at),
        zone=row.timezone,
        rule=row.rule or None,
        excluded=frozenset(row.excluded_dates),
    )


def scope_of(row: Scoped) -> Scope:
    """What it is about."""
    return Scope(
        services=frozenset(row.services),
        teams=frozenset(row.teams),
        environments=frozenset(row.environments),
        excluded_services=frozenset(row.excluded_services),
        excluded_teams=frozenset(row.excluded_teams),
    )


def get_freeze(reference: str) -> Freeze:
    """Raises NotFound."""
    freeze = Freeze.objects.filter(reference=reference).select_related("created_by").first()
    if freeze is None:
        raise NotFound(f"There is no freeze {reference}.", code="freeze.unknown")
    return freeze


def lock_freeze(reference: str) -> Freeze:
    """The freeze, locked for the transaction. Raises NotFound."""
    freeze = Freeze.objects.select_for_update(of=("self",)).filter(reference=reference).first()
    if freeze is None:
        raise NotFound(f"There is no freeze {reference}.", code="freeze.unknown")
    return freeze


def exceptions_to(reference: str) -> QuerySet[FreezeException]:
    """Who was let pass a freeze. Raises NotFound."""
    return get_freeze(reference).exceptions.select_related("change", "granted_by")


def get_window(reference: str) -> DeploymentWindow:
    """Removed ones too. Raises NotFound."""
    window = DeploymentWindow.objects.filter(reference=reference).select_related("created_by").first()
    if window is None:
        raise NotFound(f"There is no deployment window {reference}.", code="deployment_window.unknown")
    return window


def lock_window(reference: str) -> DeploymentWindow:
    """The window, locked for the transaction. Raises NotFound."""
    window = (
        DeploymentWindow.objects.select_for_update(of=("self",))
        .filter(reference=reference, removed_at__isnull=True)
        .first()
    )
    if window is None:
        raise NotFound(f"There is no deployment window {reference}.", code="deployment_window.unknown")
    return window


def freezes_listed(*, now: datetime, when: str = "") -> QuerySet[Freeze]:
    """Freezes for a list; `when` is `current` (not over), `past`, or all."""
    rows = Freeze.objects.select_related("created_by")
    over = Q(envelope_ends_at__lte=now) | Q(state__in=[FreezeState.LIFTED, FreezeState.CANCELLED])
    if when == "current":
        return rows.exclude(over)
    if when == "past":
        return rows.filter(over).order_by(F("envelope_ends_at").desc(nulls_last=True), "-id")
    return rows


def is_active(row: Freeze, *, now: datetime) -> bool:
    """Whether a published freeze holds at `now`: derived, never stored."""
    if row.state != FreezeState.PUBLISHED:
        return False
    found = next_occurrence(row, after=now)
    return found is not None and found.contains(now)


def phase_of(row: Freeze, *, now: datetime) -> str:
    """Its state, and for a published one upcoming, active or past: derived, never stored."""
    if row.state != FreezeState.PUBLISHED:
        return str(row.state)
    found = next_occurrence(row, after=now)
    if found is None:
        return "upcoming" if row.starts_at > now else "past"
    return "active" if found.contains(now) else "upcoming"


def next_occurrence(row: Scoped, *, after: datetime) -> Span | None:
    """The occurrence that covers `after`, or else the next one within two years."""
    found = occurrences(recurrence_of(row), after, after + LOOK_AHEAD)
    return found[0] if found else None


def freezes_around(start: datetime, end: datetime) -> QuerySet[Freeze]:
    """Freezes that ever counted and of which an occurrence may touch the half-open range, each with how many it let pass (`granted`)."""
    rows = Freeze.objects.filter(
        Q(envelope_ends_at__isnull=True) | Q(envelope_ends_at__gt=start),
        state__in=[FreezeState.PUBLISHED, FreezeState.LIFTED],
        starts_at__lt=end,
    )
    return rows.annotate(granted=Count("exceptions")).order_by("starts_at", "id")
