"""Each service against each component of "Implementation Status" and what else the standard demands and facts can show. Pure.

COMPLETE: the facts show it. PARTIAL: a part of it, or not always. PENDING: nothing shows it. Each row says what shows it and where
that can be opened, and the next step and where it is done while it is not complete. What no fact shows (separate networks and keys,
§1.4) is complete while somebody answers for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from releases.policy.compliance import building, running, shipping
from releases.policy.compliance.facts import Finding, Link, Page, ServiceFacts, Status


class Requirement(NamedTuple):
    """One row: its section, its name, how it is judged, where it is shown and where the next step is done."""

    section: str
    title: str
    judge: Callable[[ServiceFacts], Finding]
    shown_on: Page
    done_on: Page


class Judged(NamedTuple):
    """A requirement with its finding. `shown_on` None: there is nothing to open yet; `done_on` None: nothing is to be done."""

    section: str
    title: str
    status: Status
    proof: str
    next_step: str
    shown_on: Link | None
    done_on: Link | None


def tally(rows: Iterable[Judged]) -> Counter[Status]:
    """How many rows came out in each way."""
    return Counter(row.status for row in rows)


def judged(facts: ServiceFacts) -> tuple[Judged, ...]:
    """Every row of the table for one service."""
    return tuple(_judged(row, row.judge(facts), facts) for row in REQUIREMENTS)


def _judged(row: Requirement, found: Finding, facts: ServiceFacts) -> Judged:
    return Judged(
        section=row.section,
        title=row.title,
        status=found.status,
        proof=found.proof,
        next_step=found.next_step,
        shown_on=found.shown_on or _link(row.shown_on, facts),
        done_on=(found.done_on or _link(row.done_on, facts)) if found.next_step else None,
    )


def _link(page: Page, facts: ServiceFacts) -> Link | None:
    if page is Page.ARTIFACT:
        return Link(page, facts.artifact.version) if facts.artifact else None
    return Link(page)


P = Page
REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement("§0", "Weekly releases", shipping.cadence, P.PRODUCTION, P.RELEASE_NEW),
    Requirement("§1.3", "Environment separation: addresses", running.addresses, P.SERVICE, P.SERVICE_EDIT),
    Requirement("§1.4", "Environment separation: isolation", running.isolation, P.ENVIRONMENTS, P.ENVIRONMENTS),
    Requirement("§1.5", "Staging environment: parity", running.parity, P.PARITY, P.RELEASE_NEW),
    Requirement("§2", "Version control (Git)", building.git, P.ARTIFACT, P.HOW_TO_REGISTER),
    Requirement("§2.2", "Release branch workflow", building.release_refs, P.ARTIFACT, P.HOW_TO_REGISTER),
    Requirement("§2.5", "Branch protection", building.protection, P.PROTECTION, P.PROTECTION),
    Requirement("§3.1", "Reproducible builds", building.reproducible, P.ARTIFACT, P.HOW_TO_REGISTER),
    Requirement("§3.1", "Artifact signing (cosign)", building.signing, P.ARTIFACT, P.HOW_TO_REGISTER),
    Requirement("§3.2", "Version numbers", shipping.versions, P.PRODUCTION, P.RELEASE_NEW),
    Requirement("§3.5", "Artifact registry", building.registry, P.ARTIFACT, P.HOW_TO_REGISTER),
    Requirement("§3.6", "Build metadata", building.metadata, P.ARTIFACT, P.HOW_TO_REGISTER),
    Requirement("§4.2", "CI pipeline", building.pipeline, P.ARTIFACT, P.HOW_TO_REPORT),
    Requirement("§4.2", "Promotion through staging", shipping.promotion, P.STAGING, P.HOW_TO_ASK),
    Requirement("§4.6", "Health endpoints", running.health, P.SERVICE, P.SERVICE_EDIT),
    Requirement("§4.7", "Monitoring", running.monitoring, P.SERVICE_SETTINGS, P.SERVICE_EDIT),
    Requirement("§4.7", "Post-deployment verification", shipping.verification, P.CARRIED_OUT, P.SERVICE_EDIT),
    Requirement("§5.3", "Monitoring for 30 minutes", shipping.watch, P.PRODUCTION, P.SERVICE_EDIT),
    Requirement("§5.5", "Release documentation", shipping.documents, P.RELEASES, P.RELEASES),
    Requirement("§6", "Change management", shipping.changes, P.PRODUCTION, P.CHANGE_NEW),
    Requirement("§6.4", "Records of emergencies", shipping.emergencies, P.EMERGENCIES, P.EMERGENCIES),
    Requirement("§6.5", "Change freezes", shipping.freezes, P.GATE, P.HOW_TO_ASK),
    Requirement("§7.6", "Feature flag system", running.flags, P.FLAGS, P.FLAG_NEW),
    Requirement("§8", "Rollback automation", shipping.rollback, P.ROLLBACKS, P.SERVICE_EDIT),
    Requirement(
        "§8.6",
        "Rollback communication",
        shipping.rollback_notices,
        P.ROLLBACKS_IN_PRODUCTION,
        P.ROLLBACKS_IN_PRODUCTION,
    ),
    Requirement("§9", "Database migrations", building.migrations, P.ARTIFACT, P.HOW_TO_REGISTER),
)
