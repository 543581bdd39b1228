"""The gate's facts and who asks for them, in one statement."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson
from django.conf import settings

from changes.policy.conflicts import Booking
from changes.selectors.templates import template_kinds
from changes.states import ChangeType
from cybercube_portal import clock
from cybercube_portal.database.plans import prepared
from cybercube_portal.people.actors import Actor
from releases.policy.gate import ArtifactFact, CallerFact, ChangeFact, GateFacts, Question, speaking
from releases.policy.gate.schedule import LOOK_AHEAD
from releases.selectors.gate_records import deployment_facts, release_facts
from releases.selectors.gate_rows import (
    Asker,
    artifact_fact,
    asker_of,
    booking_fact,
    change_fact,
    freeze_facts,
    service_fact,
    window_facts,
)
from releases.selectors.gate_statement import FOR_ARTIFACTS, FOR_SERVICES
from releases.selectors.migration_records import open_migration_items


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
    question: Question, *, actor: Actor, at: datetime | None = None, look_ahead: timedelta = LOOK_AHEAD
) -> Reading:
    """Everything the gate judges, at `at` (None: by the database's clock), for an actor who proved themselves before.

    Freezes are read up to `look_ahead` from there. Raises django.db.Error, and ValueError, KeyError or TypeError for a row
    that cannot be understood: none of these is ever an allow.
    """
    found = _executed(question, at=at, look_ahead=look_ahead)
    return _reading(question, found, asker=Asker(actor))


def read_facts_by_key(question: Question, *, key_digest: str, at: datetime | None = None) -> Reading | None:
    """The same for whoever the API key with this SHA-256 belongs to; None when the key is not good."""
    found = _executed(question, key_digest=key_digest, at=at)
    text = found.columns["asker"]
    return _reading(question, found, asker=asker_of(text)) if text else None


class _Found(NamedTuple):
    """The statement's row: the clock, the moment judged, and its columns by name."""

    now: datetime
    at: datetime
    columns: dict[str, Any]


def _executed(question: Question, **options: Any) -> _Found:
    statement = FOR_ARTIFACTS if question.moves_artifact else FOR_SERVICES
    with prepared() as cursor:
        cursor.execute(statement, parameters_of(question, **options))
        now, at, *columns = cursor.fetchone()
    return _Found(now.astimezone(UTC), at.astimezone(UTC), dict(zip(_COLUMNS, columns, strict=True)))


def _reading(question: Question, found: _Found, *, asker: Asker) -> Reading:
    judged = {name: value for name, value in found.columns.items() if name != "asker"}
    return Reading(
        asker=asker,
        facts=_facts(question, found.columns, caller=asker.actor, at=found.at),
        now=found.now,
        inputs=hashlib.sha256(orjson.dumps(judged)).hexdigest(),
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
        "digest": question.digest,
        "commit": question.commit,
        "released": json.dumps([{"service": question.service, "version": question.version}]),
        "by_version": json.dumps([{"service": question.service, "version": question.version, "digest": ""}]),
        "by_digest": json.dumps([{"service": question.service, "digest": question.digest or "none"}]),
        "change": question.change,
        "look_ahead": f"{look_ahead.total_seconds()} seconds",
    }


# The statement's columns after its two moments.
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
    "deployments",
    "spent",
    "release",
)


def _facts(question: Question, found: Mapping[str, Any], *, caller: Actor, at: datetime) -> GateFacts:
    service, dependents = service_fact(found["service"]) if found["service"] else (None, frozenset[str]())
    artifact = _artifact(question, found["artifact"])
    changes = _with_templates(tuple(change_fact(text) for text in found["changes"]))
    if question.change:
        change = next(iter(changes), None)
    else:
        digest = artifact.digest if artifact else question.digest
        change = speaking(changes, question=question, digest=digest, at=at)
    number = change.number if change else ""
    excepted = frozenset(reference for granted_to, reference in _pairs(found["exceptions"]) if granted_to == number)
    deployments, in_production = deployment_facts(found["deployments"])
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
        service=service,
        is_environment_known=found["is_environment_known"],
        artifact=artifact,
        change=change,
        freezes=tuple(freeze_facts(found["freezes"], unreadable, excepted=excepted, number=number)),
        windows=tuple(window_facts(found["windows"], unreadable)),
        bookings=tuple(_beside(change, found["bookings"])),
        dependents=dependents,
        overdue_records=frozenset(found["overdue"]),
        unreadable=tuple(unreadable),
        is_signature_required=settings.GATE_SIGNED_ARTIFACTS,
        deployments=replace(deployments, spent_by=dict(_pairs(found["spent"])).get(number)),
        releases=release_facts(found["release"], version=question.version, in_production=in_production),
        open_migration_items=open_migration_items(question),
    )


def _with_templates(changes: tuple[ChangeFact, ...]) -> tuple[ChangeFact, ...]:
    """Standard changes with the template they were filed from; where there is none, nothing is asked."""
    standard = [change.number for change in changes if change.type is ChangeType.STANDARD]
    if not standard:
        return changes
    kinds = template_kinds(standard)
    return tuple(replace(change, template=kinds.get(change.number)) for change in changes)


def _pairs(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """`<number of a change> <reference>` each."""
    for text in texts:
        number, _, reference = text.partition(" ")
        yield number, reference


def _beside(change: ChangeFact | None, texts: Iterable[str]) -> Iterator[Booking]:
    """The bookings that touch the change's slot."""
    if change is None:
        return
    slot = change.slot.span
    for booking in map(booking_fact, texts):
        if booking.number != change.number and booking.span.overlaps(slot):
            yield booking


def _artifact(question: Question, text: str | None) -> ArtifactFact | None:
    """None as well when the version names another commit than the artifact was built from (R17)."""
    if text is None:
        return None
    artifact, built_from = artifact_fact(text)
    is_named = built_from.startswith(question.commit) or question.commit.startswith(built_from)
    return artifact if is_named else None
