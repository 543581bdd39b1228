"""Period: when and where a freeze or a deployment window holds, as somebody writes it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar

from changes.models.freeze import Scoped
from changes.policy import recurrence
from changes.policy.recurrence import Recurrence, Span
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES
from cybercube_portal.errors import FieldError, Invalid, Stale
from cybercube_portal.people import selectors as people


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """When and where: the words of a freeze or a window. Empty scope parts mean all."""

    title: str
    starts_at: datetime
    ends_at: datetime
    timezone: str = "UTC"
    rule: str = ""
    excluded_dates: tuple[date, ...] = ()
    services: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    excluded_services: tuple[str, ...] = ()
    excluded_teams: tuple[str, ...] = ()


Words = TypeVar("Words", bound=Period)


def checked_period(period: Words, errors: list[FieldError] | None = None) -> Words:
    """The period with environments as codes. Raises Invalid with every error, those given included."""
    found = list(errors or [])
    if not period.title.strip():
        found.append(FieldError("/title", "freeze.no_title", "Give it a title."))
    if period.ends_at <= period.starts_at:
        found.append(FieldError("/ends_at", "freeze.ends_before_start", "It would end before it starts."))
    else:
        try:
            recurrence.validate_recurrence(_recurrence(period))
        except ValueError as error:
            found.append(FieldError("/rule" if period.rule else "/timezone", "freeze.recurrence", str(error)))
    found += _unknown("services", (*period.services, *period.excluded_services), set(catalog.slugs()))
    found += _unknown("teams", (*period.teams, *period.excluded_teams), people.team_slugs())
    found += _unknown("environments", period.environments, set(ENVIRONMENT_NAMES))
    if found:
        raise Invalid(found, message=" ".join(error.message for error in found))
    codes = tuple(dict.fromkeys(ENVIRONMENT_NAMES[name].value for name in period.environments))
    return replace(period, environments=codes)


def _unknown(name: str, given: tuple[str, ...], known: set[str]) -> list[FieldError]:
    return [
        FieldError(f"/{name}", f"{name}.unknown", f"{slug} is not known among the {name}.")
        for slug in given
        if slug not in known
    ]


def write_period(row: Scoped, period: Period) -> None:
    """Copy it onto the row."""
    for name, value in asdict(period).items():
        setattr(row, name, list(value) if isinstance(value, tuple) else value)


def tag_of(plan: Period | Any) -> str:  # noqa: ANN401 - a frozen dataclass of plain values
    """What an ETag and a form say of a thing that keeps no version: the same words, the same tag."""
    return hashlib.sha256(repr(plan).encode()).hexdigest()[:32]


def refuse_stale(reference: str, plan: Period, tag: str | None) -> None:
    """Raises Stale when an editor who says what they read has read something else than `plan`."""
    if tag is not None and tag != tag_of(plan):
        raise Stale(f"{reference} was changed by somebody else since you read it.", code="period.stale")


def _recurrence(period: Period) -> Recurrence:
    return Recurrence(
        first=Span(period.starts_at, period.ends_at),
        zone=period.timezone,
        rule=period.rule or None,
        excluded=frozenset(period.excluded_dates),
    )
