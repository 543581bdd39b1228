"""JSON rows of the gate's statement as frozen facts. A row that cannot be understood raises ValueError, KeyError or TypeError.

The same few rows come with question after question, so each text is read once and its fact kept: a row that changed is
another text, and nothing here ever goes stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from json import loads
from typing import Any

from changes.policy.approvals import ReleaseType, SignatureFact, counts
from changes.policy.artifacts import NamedArtifact
from changes.policy.classes import classes_of
from changes.policy.conflicts import Booking
from changes.policy.freezes import Freeze, FreezeKind
from changes.policy.predicate import parse_predicate
from changes.policy.recurrence import Recurrence, validate_recurrence
from changes.policy.risk import RiskFacts, answers_of
from changes.policy.schedule import Slot
from changes.policy.scope import Scope
from changes.policy.spans import Span
from changes.policy.windows import Window
from changes.states import ChangeState, ChangeType, Risk
from cybercube_portal.catalog.facts import EvidenceFact, ServiceFact, is_breaking
from cybercube_portal.catalog.states import Stage, StageStatus
from cybercube_portal.people.actors import Actor, GrantFact, KeyFact, Kind
from cybercube_portal.people.roles import Role
from releases.policy.gate import ArtifactFact, ChangeFact

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks. `key_id` is the API key's row (None without one), `key_used_at` when it was last noted."""

    actor: Actor
    key_id: int | None = None
    key_used_at: datetime | None = None


@lru_cache(maxsize=1024)
def asker_of(text: str) -> Asker:
    """Whose API key it is."""
    row = loads(text)
    key = KeyFact(prefix=row["prefix"], scopes=frozenset(row["scopes"]), services=frozenset(row["services"]))
    actor = Actor(
        id=row["id"],
        username=row["username"],
        name=row["name"] or row["username"],
        kind=Kind(row["kind"]),
        team=row["team"],
        grants=_grants(row["grants"]),
        key=key,
    )
    return Asker(actor, row["key"], _moment_or_none(row["used_at"]))


@lru_cache(maxsize=1024)
def service_fact(text: str) -> tuple[ServiceFact, frozenset[str]]:
    """The service with what it needs, and the services that need it."""
    row = loads(text)
    fact = ServiceFact(
        slug=row["slug"],
        name=row["name"],
        team=row["team"],
        tier=row["tier"],
        minimum_coverage=Decimal(row["minimum_coverage"]) if row["minimum_coverage"] is not None else None,
        depends_on=frozenset(row["depends_on"]),
    )
    return fact, frozenset(row["dependents"])


@lru_cache(maxsize=4096)
def artifact_fact(text: str) -> tuple[ArtifactFact, str]:
    """The artifact with the latest report of each stage, and the commit it was built from."""
    row = loads(text)
    fact = ArtifactFact(
        version=row["version"],
        digest=row["digest"],
        git_ref=row["git_ref"],
        is_signed=row["is_signed"],
        has_migrations=row["has_migrations"],
        stages={
            Stage(report["stage"]): EvidenceFact(
                stage=Stage(report["stage"]),
                status=StageStatus(report["status"]),
                summary=report["summary"],
                reported_at=_moment(report["reported_at"]),
                reported_by=report["reported_by"],
                url=report["url"],
            )
            for report in row["stages"] or ()
        },
    )
    return fact, row["git_sha"]


@lru_cache(maxsize=4096)
def change_fact(text: str) -> ChangeFact:
    """The change with the signatures that stand, each with the roles by which it counts."""
    row = loads(text)
    named = row["named"] or ()
    kinds = frozenset(row["kinds"] or ()).union(*(artifact["kinds"] or () for artifact in named))
    is_broken = any(is_breaking(message) for artifact in named for message in artifact["messages"] or ())
    return ChangeFact(
        number=row["number"],
        type=ChangeType(row["type"]),
        state=ChangeState(row["state"]),
        risk=Risk(row["risk"]),
        services=frozenset(row["services"]),
        environments=frozenset(row["environments"]),
        slot=Slot(_moment(row["starts_at"]), timedelta(seconds=row["seconds"])),
        requester=row["requester"],
        editors=frozenset(row["editors"]),
        artifacts=tuple(NamedArtifact(**entry) for entry in row["artifacts"]),
        release=row["release"],
        release_type=ReleaseType(row["release_type"]) if row["release_type"] else None,
        classes=classes_of(
            answers=row["answers"],
            deploys=bool(row["artifacts"]),
            migration_kinds=kinds,
            has_breaking_commits=is_broken,
        ),
        known=RiskFacts(
            migration_kinds=kinds,
            breaking_commits=is_broken,
            lint_failed=any(artifact["is_lint_failed"] for artifact in named),
            answers=answers_of(row["answers"]),
        ),
        submitted_at=_moment_or_none(row["submitted_at"]),
        has_rollback_plan=row["has_rollback_plan"],
        has_migrations=bool(kinds),
        signatures=tuple(_signatures(row["signatures"] or (), frozenset(row["teams"] or ()))),
        confirm_by=_moment_or_none(row["confirm_by"]),
        confirmed_at=_moment_or_none(row["confirmed_at"]),
    )


def _signatures(rows: Iterable[Row], teams: frozenset[str]) -> Iterator[SignatureFact]:
    for row in sorted(rows, key=lambda row: (row["at"], row["id"])):
        at = _moment(row["at"])
        roles = counts(grants=_grants(row["grants"]), teams=teams, signed_at=at)
        if roles:
            yield SignatureFact(person=row["person"], roles=roles, at=at, id=row["id"])


def _grants(rows: Iterable[Row] | None) -> tuple[GrantFact, ...]:
    return tuple(
        GrantFact(
            role=Role(row["role"]),
            team=row["team"],
            starts_at=_moment(row["starts_at"]),
            ends_at=_moment_or_none(row["ends_at"]),
            revoked_at=_moment_or_none(row["revoked_at"]),
        )
        for row in rows or ()
    )


@lru_cache(maxsize=8192)
def booking_fact(text: str) -> Booking:
    """Another change's slot."""
    row = loads(text)
    return Booking(
        number=row["number"],
        services=frozenset(row["services"]),
        environments=frozenset(row["environments"]),
        span=Slot(_moment(row["starts_at"]), timedelta(seconds=row["seconds"])).span,
        state=ChangeState(row["state"]),
        title=row["title"],
    )


def freeze_facts(
    texts: Iterable[str], unreadable: list[str], *, excepted: frozenset[str], number: str
) -> Iterator[Freeze]:
    """Freezes; `excepted` are the references of those that granted change `number` an exception.

    One that cannot be read is named in `unreadable` instead.
    """
    for text in texts:
        try:
            freeze = _freeze(text)
        except (ValueError, KeyError, TypeError):
            unreadable.append(f"freeze {_reference(text)}")
            continue
        yield replace(freeze, exceptions=frozenset({number})) if freeze.reference in excepted else freeze


def window_facts(texts: Iterable[str], unreadable: list[str]) -> Iterator[Window]:
    """Deployment windows; one that cannot be read is named in `unreadable` instead."""
    for text in texts:
        try:
            yield _window(text)
        except (ValueError, KeyError, TypeError):
            unreadable.append(f"window {_reference(text)}")


@lru_cache(maxsize=8192)
def _freeze(text: str) -> Freeze:
    row = loads(text)
    return Freeze(
        reference=row["reference"],
        title=row["title"],
        kind=FreezeKind(row["kind"]),
        recurrence=_recurrence(row),
        predicate=parse_predicate(row["predicate"]),
        scope=_scope(row),
        hard=row["hard"],
        url=f"/freezes/{row['reference']}/",
    )


@lru_cache(maxsize=1024)
def _window(text: str) -> Window:
    row = loads(text)
    return Window(reference=row["reference"], title=row["title"], recurrence=_recurrence(row), scope=_scope(row))


def _recurrence(row: Row) -> Recurrence:
    recurrence = Recurrence(
        first=Span(_moment(row["starts_at"]), _moment(row["ends_at"])),
        zone=row["zone"],
        rule=row["rule"] or None,
        excluded=frozenset(date.fromisoformat(day) for day in row["excluded_dates"]),
    )
    validate_recurrence(recurrence)
    return recurrence


def _scope(row: Row) -> Scope:
    return Scope(
        services=frozenset(row["services"]),
        teams=frozenset(row["teams"]),
        environments=frozenset(row["environments"]),
        excluded_services=frozenset(row["excluded_services"]),
        excluded_teams=frozenset(row["excluded_teams"]),
    )


def _reference(text: str) -> str:
    return str(loads(text)["reference"])


def _moment(text: str) -> datetime:
    """A timestamp as PostgreSQL writes it into JSON."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _moment_or_none(text: str | None) -> datetime | None:
    return None if text is None else _moment(text)
