"""Vouch for the isolation of an environment."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cybercube_portal.audit.actions import record
from cybercube_portal.catalog import permissions
from cybercube_portal.catalog.events import CatalogEvent
from cybercube_portal.catalog.isolation import Isolated
from cybercube_portal.catalog.models import Attestation
from cybercube_portal.catalog.selectors import get_environment
from cybercube_portal.errors import Invalid
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require

LONGEST_EVIDENCE = 1000


@transaction.atomic
def attest_isolation(*, environment: str, item: Isolated, evidence: str, actor: Actor, now: datetime) -> Attestation:
    """Note that `item` of §1.4 holds in an environment, by what was looked at; it counts for a year, the newest word first.

    Raises NotFound, NotPermitted, Invalid.
    """
    found = get_environment(environment)
    require(actor, permissions.ATTEST_ISOLATION, now=now)
    if not evidence.strip():
        raise Invalid.field(
            "/evidence", "isolation.evidence_missing", "Say what shows it: a link, or what you looked at."
        )
    if len(evidence) > LONGEST_EVIDENCE:
        raise Invalid.field("/evidence", "isolation.evidence_length", f"At most {LONGEST_EVIDENCE} characters.")
    attestation = Attestation.objects.create(
        environment=found, item=item.value, evidence=evidence.strip(), attested_at=now, attested_by_id=actor.id
    )
    record(
        CatalogEvent.ISOLATION_ATTESTED,
        object_type="environment",
        object_id=found.code,
        subjects=[f"environment:{found.code}"],
        actor=actor,
        at=now,
        data={"item": item.value, "evidence": attestation.evidence},
    )
    return attestation
