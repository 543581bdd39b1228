"""The change record of §6.6, field for field: written from a change, read into a proposal.

What a record says of itself beyond its content (number, status, requester, approvals, implementation) is kept as claims: an import
is a draft, and nobody signs by writing YAML (reliability.md section 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from changes.models import ChangeRequest
from changes.policy.lifecycle import IMPACT
from changes.policy.schedule import format_duration
from changes.proposals import Proposal
from changes.selectors.situation import SignatureView, Situation
from changes.states import Risk, SignatureState
from cybercube_portal.people.roles import Role

DECISIONS: dict[str, str] = {SignatureState.GIVEN: "approved", SignatureState.REFUSED: "refused"}
CLAIMED = ("change_id", "status", "requester", "approvals", "implementation")


def record_of(situation: Situation) -> dict[str, Any]:
    """The record with the standard's names, in the standard's order. Moments are aware datetimes."""
    change = situation.change
    return {
        "change_id": change.number,
        "title": change.title,
        "type": change.type,
        "status": change.state,
        "requester": {
            "name": change.requester.get_full_name(),
            "email": change.requester.email,
            "date": _utc(change.created_at),
        },
        "change": {
            "description": change.description,
            "services_affected": list(change.services),
            "environments": list(change.environments),
            "scheduled_time": _utc(change.scheduled_time),
            "estimated_duration": format_duration(change.estimated_duration),
        },
        "risk_assessment": {"level": change.risk_level, "factors": list(change.risk_factors)},
        "impact": {part: change.impact.get(part) for part in IMPACT},
        "rollback_plan": change.rollback_plan,
        "approvals": [*_authorisation(change), *map(_approval, _standing(situation))],
        "implementation": {
            "started": _utc(change.started_at),
            "completed": _utc(change.finished_at),
            "implementer": change.implementer.get_full_name() if change.implementer else None,
            "notes": change.notes or None,
        },
    }


def proposal_of_record(record: Mapping[str, Any]) -> tuple[Proposal, dict[str, Any]]:
    """A checked record as a Proposal and its claims. A level above low is people's choice; factors are words, not answers."""
    content, assessment = record["change"], record.get("risk_assessment") or {}
    level = assessment.get("level") or Risk.LOW
    proposal = Proposal(
        title=record["title"],
        type=record["type"],
        description=content.get("description", ""),
        services=tuple(content["services_affected"]),
        environments=tuple(content["environments"]),
        scheduled_time=content["scheduled_time"],
        estimated_duration=content["estimated_duration"],
        raised_to="" if level == Risk.LOW else level,
        impact={part: text for part, text in (record.get("impact") or {}).items() if text},
        rollback_plan=record.get("rollback_plan") or "",
        notes=(record.get("implementation") or {}).get("notes") or "",
    )
    claims = {name: record[name] for name in CLAIMED if record.get(name)}
    if assessment:
        claims["risk_assessment"] = assessment
    return proposal, claims


def _standing(situation: Situation) -> list[SignatureView]:
    return [view for view in situation.signatures if view.signature.state in DECISIONS]


def _approval(view: SignatureView) -> dict[str, Any]:
    signature = view.signature
    held = [role.label for role in Role if role in view.fact.roles]
    return {
        "name": signature.signer.get_full_name(),
        "role": held[0] if held else signature.seat or None,
        "date": _utc(signature.signed_at),
        "decision": DECISIONS[signature.state],
    }


def _authorisation(change: ChangeRequest) -> list[dict[str, Any]]:
    if change.authorised_by is None:
        return []
    said = datetime.fromisoformat(change.authorisation["verbal_at"])
    name = change.authorised_by.get_full_name()
    return [{"name": name, "role": "Emergency approver", "date": _utc(said), "decision": "approved"}]


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC).replace(microsecond=0)
