"""A change as the API answers with it: one Situation, read once, in the public contract's names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from changes.models import ChangeRequest
from changes.policy import content, risk
from changes.policy.approvals import FilledSeat, Seat
from changes.selectors.moves import moves_for
from changes.selectors.readiness import readiness
from changes.selectors.situation import SignatureView, Situation
from changes.states import SignatureState
from cybercube_portal.audit.selectors.events import timeline
from cybercube_portal.people.actors import Actor

# The newest ones; all of them are at `audit/events/`.
MOST_HISTORY = 200

AS_STORED = (
    "number",
    "state",
    "version",
    "title",
    "type",
    "description",
    "services",
    "environments",
    "artifacts",
    "release",
    "release_type",
    "parameters",
    "scheduled_time",
    "estimated_duration",
    "impact",
    "rollback_plan",
    "rollback_version",
    "rollback_flag",
    "notes",
    "migrations",
    "requester",
    "editors",
    "implementer",
    "outcome",
    "created_at",
    "updated_at",
    "submitted_at",
    "approved_at",
    "started_at",
    "finished_at",
    "closed_at",
    "claims",
)


def shown_change(change: ChangeRequest, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """What ChangeSerializer writes, with the moves open to `actor`."""
    situation = Situation(change, now=now)
    return {
        **{name: getattr(change, name) for name in AS_STORED},
        "release_type": change.release_type or None,
        "template": change.template.slug if change.template else None,
        "slot": {"start": change.slot.start, "end": change.slot.end},
        "risk_assessment": {
            "level": change.risk_level,
            "computed": risk.assess(situation.risk_facts).computed,
            "raised_to": change.risk_raised_to,
            "factors": change.risk_factors,
            "answers": change.risk_answers,
        },
        "approvals": {
            "complete": situation.seat_decision.allowed,
            "content_hash": change.content_hash,
            "seats": list(_seats(situation)),
            "signatures": [_signature(view, situation) for view in situation.signatures],
        },
        "blockers": readiness(situation).blockers,
        "conflicts": situation.conflicts,
        "freeze_exceptions": situation.exceptions,
        "moves": moves_for(situation, actor=actor),
        "authorisation": _authorisation(change),
        "record": _record(change, now),
        "history": history(change.number),
    }


def history(number: str) -> list[dict[str, Any]]:
    """What happened to it, in order: the newest MOST_HISTORY events that name it."""
    events = list(timeline(number)[:MOST_HISTORY])
    return [
        {
            "event_id": event.event_id,
            "at": event.occurred_at,
            "verb": event.verb,
            "object_type": event.object_type,
            "object_id": event.object_id,
            "actor": event.actor,
            "data": event.data,
            "changes": [
                {"field": change.field, "before": change.before, "after": change.after}
                for change in content.difference(event.before, event.after)
            ]
            if event.before and event.after
            else [],
        }
        for event in reversed(events)
    ]


def _seats(situation: Situation) -> Iterator[dict[str, Any]]:
    change = situation.change
    for item in situation.seats:
        shown = shown_seat(item)
        if item.signature is None and change.is_emergency and change.authorised_by is not None:
            shown |= {"state": "filled", "by": change.authorised_by.username, "at": change.approved_at}
        yield shown
    for seat in situation.plan.waived:
        yield _seat(seat, "waived")


def shown_seat(item: FilledSeat) -> dict[str, Any]:
    """What SeatSerializer writes."""
    if item.signature is None:
        return _seat(item.seat, "open")
    return {**_seat(item.seat, "filled"), "by": item.signature.person, "at": item.signature.at}


def _seat(seat: Seat, state: str) -> dict[str, Any]:
    return {
        "label": seat.label,
        "roles": sorted(seat.roles),
        "source": ", ".join(seat.sources),
        "sources": seat.sources,
        "state": state,
        "by": None,
        "at": None,
    }


def _signature(view: SignatureView, situation: Situation) -> dict[str, Any]:
    signature = view.signature
    return {
        "by": signature.signer.username,
        "name": signature.signer.get_full_name(),
        "state": signature.state,
        "counts": signature.state == SignatureState.GIVEN and view.fact in situation.given,
        "seat": signature.seat,
        "roles": sorted(view.fact.roles),
        "comment": signature.comment,
        "via": signature.via,
        "content_hash": signature.content_hash,
        "at": signature.signed_at,
        "ended_at": signature.ended_at,
        "ended_because": signature.ended_because,
    }


def _authorisation(change: ChangeRequest) -> dict[str, Any] | None:
    if not change.authorisation:
        return None
    return {**change.authorisation, "confirm_by": change.confirm_by, "confirmed_at": change.confirmed_at}


def _record(change: ChangeRequest, now: datetime) -> dict[str, Any] | None:
    if not change.is_emergency:
        return None
    return {
        "due_at": change.record_due_at,
        "overdue": change.recorded_at is None and change.record_due_at is not None and now > change.record_due_at,
        "what_happened": change.what_happened,
        "prevention": change.prevention,
        "severity": change.severity,
        "postmortem_at": change.postmortem_at,
        "recorded_at": change.recorded_at,
    }
