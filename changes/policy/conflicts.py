"""Changes that get in each other's way: overlapping slots on a service or on one it depends on (domain.md section 4). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from changes.policy.spans import Span
from changes.states import ChangeState
from cybercube_portal.decisions import Decision, decide, passed, pending, utc_text

# A draft holds no slot yet; what ended, expired or was turned down holds none any more.
BOOKED_STATES: frozenset[ChangeState] = frozenset(
    {ChangeState.IN_REVIEW, ChangeState.APPROVED, ChangeState.IMPLEMENTING, ChangeState.VERIFYING}
)


class ConflictKind(StrEnum):
    """Why two changes meet."""

    SAME_SERVICE = "same_service"
    DEPENDENCY = "dependency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A change's slot on its services and environments."""

    number: str
    services: frozenset[str]
    environments: frozenset[str]
    span: Span
    state: ChangeState
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """`service` is the asking change's, `other_service` that of change `number`; `span` is the time they share."""

    number: str
    service: str
    other_service: str
    environment: str
    span: Span
    kind: ConflictKind


def conflicts_of(
    booking: Booking, others: Iterable[Booking], depends_on: Mapping[str, frozenset[str]]
) -> tuple[Conflict, ...]:
    """Every clash of `booking` with a booked change, earliest first. `depends_on` maps a service to what it needs."""
    found = (
        Conflict(
            number=other.number,
            service=service,
            other_service=other_service,
            environment=environment,
            span=Span(max(booking.span.start, other.span.start), min(booking.span.end, other.span.end)),
            kind=kind,
        )
        for other in others
        if other.number != booking.number and other.state in BOOKED_STATES and booking.span.overlaps(other.span)
        for environment in booking.environments & other.environments
        for service, other_service, kind in _clashes(booking.services, other.services, depends_on)
    )
    return tuple(
        sorted(found, key=lambda one: (one.span.start, one.number, one.environment, one.service, one.other_service))
    )


def _clashes(
    services: frozenset[str], others: frozenset[str], depends_on: Mapping[str, frozenset[str]]
) -> Iterator[tuple[str, str, ConflictKind]]:
    for service in services:
        for other in others:
            if service == other:
                yield service, other, ConflictKind.SAME_SERVICE
            elif other in depends_on.get(service, frozenset()) or service in depends_on.get(other, frozenset()):
                yield service, other, ConflictKind.DEPENDENCY


def told(conflicts: Iterable[Conflict]) -> Decision:
    """One pending reason for each clash: listed for people to agree on, no rule of the standard forbids it."""
    reasons = [
        pending(
            "conflict.overlaps",
            "§6.3",
            f"{one.number} works on {one.other_service} in {one.environment} at the same time, until {utc_text(one.span.end)}.",
            "Agree with its requester, or reschedule one of the two.",
            change=one.number,
            service=one.service,
            other_service=one.other_service,
            environment=one.environment,
            kind=one.kind.value,
            start=one.span.start.isoformat(),
            end=one.span.end.isoformat(),
        )
        for one in conflicts
    ]
    return decide(*(reasons or [passed("conflict.none", "§6.3", "No other change works there at the same time.")]))
