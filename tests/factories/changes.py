"""Life stories of changes: each factory goes the way a real change goes, through the real actions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from changes.actions.approvals import approve_change
from changes.actions.changes import submit_change
from changes.actions.content import create_change
from changes.actions.emergencies import authorise_change
from changes.actions.freezes import FreezePlan, create_freeze, publish_freeze
from changes.actions.periods import Period
from changes.actions.windows import create_window
from changes.models import ChangeRequest, DeploymentWindow, Freeze
from changes.policy.risk import QUESTIONS
from changes.proposals import ArtifactName, Proposal
from cybercube_portal.catalog.models import Artifact, Service
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.models import Team, User
from cybercube_portal.people.selectors import actor_named

NO_RISK = dict.fromkeys(QUESTIONS, False)
NO_IMPACT = {"customers": "none", "downtime": "none", "data": "none"}


def service(slug: str = "billing-service", *, team: str = "payments", **fields: Any) -> Service:
    """A registered service of a team of the cast."""
    found, _ = Service.objects.get_or_create(
        slug=slug,
        defaults={
            "name": slug.replace("-", " ").title(),
            "team": Team.objects.get(slug=team),
            "created_at": User.objects.get(username="admin").date_joined,
            **fields,
        },
    )
    return found


def artifact(of: Service, version: str = "v2.3.1", *, at: datetime, **fields: Any) -> Artifact:
    """A registered artifact."""
    major, minor, patch = (int(part) for part in version.removeprefix("v").split("-")[0].split("."))
    return Artifact.objects.create(
        service=of,
        version=version,
        major=major,
        minor=minor,
        patch=patch,
        registered_by=User.objects.get(username="ci-payments"),
        registered_at=at,
        build_time=at,
        **{
            "digest": "sha256:" + f"{abs(hash((of.slug, version))):064x}"[:64],
            "type": "container_image",
            "git_sha": "a1b2c3d4e5f6",
            "git_ref": f"refs/tags/{version}",
            "build_number": "1",
            "builder": "ci",
            **fields,
        },
    )


def proposal(*, now: datetime, **fields: Any) -> Proposal:
    """The change of §6.6: low risk, a day and two hours ahead."""
    return Proposal(
        **{
            "title": "Deploy billing-service v2.3.1",
            "type": "normal",
            "description": "Fix for EU tax calculation (CC-5678)",
            "services": ("billing-service",),
            "environments": ("prd",),
            "artifacts": (ArtifactName(service="billing-service", version="v2.3.1"),),
            "scheduled_time": now + timedelta(hours=26),
            "estimated_duration": timedelta(minutes=30),
            "answers": NO_RISK,
            "impact": NO_IMPACT,
            "rollback_plan": "Revert to billing-service:v2.3.0",
            "rollback_version": "v2.3.0",
            **fields,
        }
    )


def draft(*, now: datetime, by: str = "alice", **fields: Any) -> ChangeRequest:
    """Filed, nothing more. Needs the service to exist."""
    return create_change(proposal=proposal(now=now, **fields), actor=actor_named(by), now=now)


def in_review(*, now: datetime, by: str = "alice", **fields: Any) -> ChangeRequest:
    """Handed to its approvers."""
    change = draft(now=now, by=by, **fields)
    return submit_change(number=change.number, actor=actor_named(by), now=now)


def approved(*, now: datetime, by: str = "alice", signers: tuple[str, ...] = ("bob",), **fields: Any) -> ChangeRequest:
    """Signed by everybody named, in order."""
    change = in_review(now=now, by=by, **fields)
    for signer in signers:
        change = approve_change(number=change.number, actor=actor_named(signer), now=now)
    return change


def actor(username: str) -> Actor:
    """A member of the cast."""
    return actor_named(username)


def half_signed(*, now: datetime) -> ChangeRequest:
    """High risk, signed by the tech lead alone: still in review, with one signature that a material edit would cost."""
    change = in_review(now=now, answers={**NO_RISK, "database_schema": True})
    return approve_change(number=change.number, actor=actor_named("bob"), now=now)


def freeze(*, now: datetime, by: str = "ivan", published: bool = True, **fields: Any) -> Freeze:
    """A holiday freeze of everything, published."""
    plan = FreezePlan(**{"title": "Year end", "kind": "holiday", "reason": "Quiet days", **fields})
    made = create_freeze(plan=plan, actor=actor_named(by), now=now)
    return publish_freeze(reference=made.reference, actor=actor_named(by), now=now) if published else made


def window(*, now: datetime, by: str = "dan", **fields: Any) -> DeploymentWindow:
    """A deployment window."""
    period = Period(**{"title": "Weekdays", **fields})
    return create_window(period=period, actor=actor_named(by), now=now)


def emergency(*, now: datetime, by: str = "alice", **fields: Any) -> ChangeRequest:
    """An emergency, filed."""
    return draft(now=now, by=by, **{"type": "emergency", "title": "Payments are down", **fields})


def authorised(*, now: datetime, approver: str = "heidi", caller: str | None = None, **fields: Any) -> ChangeRequest:
    """An emergency that goes ahead on the approver's word, noted by `caller` (default: the approver)."""
    started_at = fields.pop("started_at", None)
    change = emergency(now=now, **fields)
    return authorise_change(
        number=change.number,
        approver=approver,
        verbal_at=now,
        how="On the phone",
        criteria=["production_down"],
        started_at=started_at,
        actor=actor_named(caller or approver),
        now=now,
    )
