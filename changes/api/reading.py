"""From a request's body to what actions take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from changes.models import ChangeRequest
from changes.proposals import Proposal

TUPLES = ("services", "environments", "artifacts")
MERGED = {"risk_assessment", "impact"}


def proposal_from(sent: Mapping[str, Any]) -> Proposal:
    """A new change's members as a Proposal."""
    return Proposal(**edits_from(sent, answers={}, impact={}))


def edits_to(change: ChangeRequest, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The members sent as fields of a Proposal: answers and impact are merged into what is there, the rest replaces it."""
    return edits_from(sent, answers=change.risk_answers, impact=change.impact)


def edits_from(
    sent: Mapping[str, Any], *, answers: Mapping[str, bool | None], impact: Mapping[str, str]
) -> dict[str, Any]:
    """Fields of a Proposal for the members sent; null empties a text."""
    fields = {name: "" if value is None else value for name, value in sent.items() if name not in MERGED}
    fields |= {name: tuple(fields[name]) for name in TUPLES if name in fields}
    assessment = sent.get("risk_assessment", {})
    if "answers" in assessment:
        fields["answers"] = {**answers, **assessment["answers"]}
    if "level" in assessment:
        fields["raised_to"] = assessment["level"] or ""
    if "impact" in sent:
        fields["impact"] = {**impact, **sent["impact"]}
    return fields
