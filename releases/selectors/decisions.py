"""A decision that shall be spent."""

from __future__ import annotations

import uuid

from cybercube_portal.errors import NotFound
from releases.models import Deployment, GateDecision, Migration
from releases.selectors.gate_log import Answer, kept_answer

# What an allow of the gate is spent by.
SPENDERS: tuple[type[Deployment | Migration], ...] = (Deployment, Migration)


def decision_to_spend(decision_id: uuid.UUID) -> tuple[Answer, str]:
    """The decision's last answer, held until the transaction ends, and the deployment or migration that spent it (or "").

    Raises NotFound.
    """
    held = GateDecision.objects.select_for_update(no_key=True).filter(pk=decision_id).first()
    if held is None:
        raise NotFound("There is no such decision.", code="gate.decision_unknown")
    last = held.evaluations.select_related("decision").latest("id")
    spenders = (kind.objects.filter(decision=held).values_list("reference", flat=True).first() for kind in SPENDERS)
    return kept_answer(last), next(filter(None, spenders), "")
