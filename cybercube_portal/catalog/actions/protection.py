"""Report how a repository's branches are protected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from cybercube_portal.audit.actions import record
from cybercube_portal.catalog import permissions, selectors
from cybercube_portal.catalog.events import CatalogEvent
from cybercube_portal.catalog.models import ProtectionReport
from cybercube_portal.catalog.protection import Platform, audit
from cybercube_portal.catalog.protection_platforms import read_code_owner_errors, read_settings
from cybercube_portal.errors import Invalid
from cybercube_portal.people.actors import Actor

LARGEST_SETTINGS = 64 * 1024


@transaction.atomic
def report_protection(
    *,
    service: str,
    platform: Platform,
    settings: Mapping[str, Any],
    codeowners: bool,
    actor: Actor,
    now: datetime,
    run: Mapping[str, Any] | None = None,
) -> ProtectionReport:
    """Keep what the platform says of main and release/*, judged by §2.5. Pipelines only; the latest counts.

    `settings` as `catalog.protection.read_settings` takes it. Raises NotFound, NotPermitted, Invalid.
    """
    owner = selectors.get_service(service)
    permissions.require_pipeline(
        actor, permissions.REPORT_PROTECTION, now=now, teams=[owner.team.slug], services=[service]
    )
    if len(json.dumps(settings)) > LARGEST_SETTINGS:
        message = f"At most {LARGEST_SETTINGS} characters: send what the platform says of main and release/* alone."
        raise Invalid.field("/settings", "protection.too_large", message)
    decision = audit(
        read_settings(platform, settings),
        has_code_owners=codeowners,
        code_owner_errors=read_code_owner_errors(settings),
    )
    report = ProtectionReport.objects.create(
        service=owner,
        platform=platform.value,
        settings=dict(settings),
        has_code_owners=codeowners,
        findings=decision.as_list(),
        is_protected=decision.allowed,
        run=dict(run or {}),
        reported_at=now,
        reported_by_id=actor.id,
    )
    record(
        CatalogEvent.PROTECTION_REPORTED,
        object_type="protection",
        object_id=service,
        subjects=[f"service:{service}"],
        actor=actor,
        at=now,
        data={
            "platform": platform.value,
            "is_protected": decision.allowed,
            "failing": [{"code": reason.code, "branch": reason.details.get("branch")} for reason in decision.failures],
            "run": report.run,
        },
    )
    return report
