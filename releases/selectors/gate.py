"""The gate's facts and who asks for them, in one statement."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from changes.policy.conflicts import Booking
from cybercube_portal import clock
from cybercube_portal.people.actors import Actor, KeyFact, Kind
from releases.policy.gate import ArtifactFact, CallerFact, ChangeFact, GateFacts, Question, speaking
from releases.policy.gate.schedule import LOOK_AHEAD
from releases.selectors.gate_rows import (
    artifact_fact,
    booking_fact,
    change_fact,
    freeze_facts,
    grant_facts,
    moment,
    service_fact,
    window_facts,
)
from releases.selectors.gate_statement import FOR_ARTIFACTS, FOR_SERVICES


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks. `key_id` is the API key's row (None without one), `key_used_at` when it was last noted."""

    actor: Actor
    key_id: int | None = None
    key_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the statement found. `now` is the clock, from which `facts.at` differs in a dry run for another moment.

    `inputs` is a SHA-256 in hex over the facts as they came, clock and credential aside.
    """

    asker: Asker
    facts: GateFacts
    now: datetime
    inputs: str


def read_facts(
    question: Question,
    *,
    key_digest: str = "",
    actor: Actor | None = None,
    at: datetime | None = None,
    look_ahead: timedelta = LOOK_AHEAD,
) -> Reading | None:
    """Everything the gate judges, at `at` (None: by the database's clock); None when the API key is not good.

    Freezes are read up to `look_ahead` from there. The credential is the API key with the SHA-256 `key_digest`, or an actor who proved themselves otherwise. Raises
    django.db.Error, and ValueError or KeyError for a row that cannot be understood: neither is ever an allow.
    """
    statement = FOR_ARTIFACTS if question.moves_artifact else FOR_SERVICES
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters_of(question, key_digest=key_digest, at=at, look_ahead=look_ahead))
        now, judged_at, *columns = cursor.fetchone()
    found = _named(columns)
    asker = Asker(actor) if actor else _asker(found["asker"])
    if asker is None:
        return None
    return Reading(
        asker=asker,
        facts=_facts(question, found, caller=asker.actor, at=judged_at.astimezone(UTC)),
        now=now.astimezone(UTC),
        inputs=hashlib.sha256(repr(columns[1:]).encode()).hexdigest(),
    )


def parameters_of(
    question: Question, *, key_digest: str = "", at: datetime | None = None, look_ahead: timedelta = LOOK_AHEAD
) -> dict[str, Any]:
    """What the statement takes."""
    return {
        "at": at,
        "held": clock.held(),
        "key": key_digest,
        "service": question.service,
        "environment": question.environment,
        "version": question.version,
        "by_version": json.dumps([{"service": question.service, "version": question.version, "digest": ""}]),
        "by_digest": json.dumps([{"service": question.service, "digest": question.digest or "none"}]),
        "change": question.change,
        "look_ahead": f"{look_ahead.total_seconds()} seconds",
    }


# The statement's columns after its two moments, and those of them that are JSON.
_COLUMNS = (
    "asker",
    "service",
    "is_environment_known",
    "artifact",
    "changes",
    "freezes",
    "exceptions",
    "windows",
    "overdue",
    "bookings",
)
_JSON = frozenset({"asker", "service", "artifact", "changes", "exceptions", "bookings"})


def _named(columns: Iterable[Any]) -> dict[str, Any]:
    return {
        name: json.loads(value) if name in _JSON and value is not None else value
        for name, value in zip(_COLUMNS, columns, strict=True)
    }


def _asker(row: Mapping[str, Any] | None) -> Asker | None:
    if row is None:
        return None
    actor = Actor(
        id=row["id"],
        username=row["username"],
        name=row["name"] or row["username"],
        kind=Kind(row["kind"]),
        team=row["team"],
        grants=grant_facts(row["grants"]),
        key=KeyFact(prefix=row["prefix"], scopes=frozenset(row["scopes"]), services=frozenset(row["services"])),
    )
    return Asker(actor, row["key"], moment(row["used_at"]) if row["used_at"] else None)


def _facts(question: Question, found: Mapping[str, Any], *, caller: Actor, at: datetime) -> GateFacts:
    service, artifact = found["service"], _artifact(question, found["artifact"])
    changes = tuple(change_fact(row) for row in found["changes"])
    if question.change:
        change = next(iter(changes), None)
    else:
        digest = artifact.digest if artifact else question.digest
        change = speaking(changes, question=question, digest=digest, at=at)
    number = change.number if change else ""
    excepted = frozenset(reference for reference, granted_to in found["exceptions"] if granted_to == number)
    unreadable: list[str] = []
    return GateFacts(
        question=question,
        at=at,
        caller=CallerFact(
            username=caller.username,
            is_service=caller.is_service,
            team=caller.team,
            key_services=caller.key.services if caller.key else frozenset(),
        ),
        service=service_fact(service) if service else None,
        is_environment_known=found["is_environment_known"],
        artifact=artifact,
        change=change,
        freezes=tuple(freeze_facts(found["freezes"], unreadable, excepted=excepted, number=number)),
        windows=tuple(window_facts(found["windows"], unreadable)),
        bookings=tuple(_beside(change, found["bookings"])),
        dependents=frozenset(service["dependents"]) if service else frozenset(),
        overdue_records=frozenset(found["overdue"]),
        unreadable=tuple(unreadable),
        is_signature_required=settings.GATE_SIGNED_ARTIFACTS,
    )


def _beside(change: ChangeFact | None, rows: Iterable[Mapping[str, Any]]) -> Iterator[Booking]:
    """The bookings that touch the change's slot."""
    for booking in map(booking_fact, rows):
        if change is not None and booking.number != change.number and booking.span.overlaps(change.slot.span):
            yield booking


def _artifact(question: Question, row: Mapping[str, Any] | None) -> ArtifactFact | None:
    """None as well when the version names another commit than the artifact was built from (R17)."""
    if row is None:
        return None
    built, named = row["git_sha"], question.commit
    return artifact_fact(row) if built.startswith(named) or named.startswith(built) else None
