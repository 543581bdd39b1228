"""Roles given and taken."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cybercube_portal.errors import Invalid, NotFound, refuse
from cybercube_portal.people import permissions
from cybercube_portal.people.actions.recording import lock_user, record_user
from cybercube_portal.people.actors import Actor, Kind
from cybercube_portal.people.events import PeopleEvent
from cybercube_portal.people.guard import require
from cybercube_portal.people.models import Grant, Team
from cybercube_portal.people.roles import Role


@transaction.atomic
def grant_role(
    *,
    username: str,
    role: Role,
    team: str | None,
    actor: Actor,
    now: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    reason: str = "",
) -> Grant:
    """Give `role` for `team` (None: everywhere), from `starts_at` (default now) until `ends_at`.

    A service account holds no roles. Raises NotPermitted, NotFound, Invalid.
    """
    require(actor, permissions.GRANT_ROLE, now=now)
    user = lock_user(username)
    if user.kind == Kind.SERVICE:
        raise Invalid.field("/username", "grant.service_account", "A service account holds no roles.")
    if user.pk == actor.id:
        raise refuse(
            "grant.own", "§6.3", "Nobody grants a role to themselves.", "Ask another admin.", (Role.ADMIN.label,)
        )
    starts = starts_at or now
    if ends_at is not None and ends_at <= starts:
        raise Invalid.field("/ends_at", "grant.ends_before_start", "The grant would end before it starts.")
    if starts < now:
        raise Invalid.field("/starts_at", "grant.in_the_past", "A grant cannot start in the past.")
    grant = Grant.objects.create(
        user=user,
        role=role,
        team=_team(team),
        starts_at=starts,
        ends_at=ends_at,
        granted_by_id=actor.id or None,
        reason=reason,
    )
    record_user(PeopleEvent.ROLE_GRANTED, user, actor, now, role=role, team=team, ends_at=ends_at, grant=grant.pk)
    return grant


@transaction.atomic
def revoke_grant(*, grant_id: int, actor: Actor, now: datetime, reason: str = "") -> Grant:
    """End a grant early: signatures given under it stop counting. Raises NotPermitted, NotFound, MoveRefused."""
    require(actor, permissions.REVOKE_GRANT, now=now)
    grant = Grant.objects.select_for_update(of=("self",)).select_related("user", "team").filter(pk=grant_id).first()
    if grant is None:
        raise NotFound("There is no such grant.", code="grant.unknown")
    if grant.revoked_at is not None or (grant.ends_at is not None and grant.ends_at <= now):
        raise refuse("grant.over", "§6.3", "This grant is already over.", "Nothing to do.")
    grant.revoked_at = now
    grant.save(update_fields=["revoked_at"])
    record_user(
        PeopleEvent.ROLE_REVOKED,
        grant.user,
        actor,
        now,
        role=grant.role,
        team=grant.team.slug if grant.team else None,
        grant=grant.pk,
        reason=reason,
    )
    return grant


def _team(slug: str | None) -> Team | None:
    if slug is None:
        return None
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        raise Invalid.field("/team", "team.unknown", f"There is no team {slug}.")
    return team
