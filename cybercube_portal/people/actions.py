"""The only place that writes people, grants and keys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import transaction

from cybercube_portal.audit.actions import record
from cybercube_portal.errors import FieldError, Invalid, NotFound, refuse
from cybercube_portal.people import permissions
from cybercube_portal.people.actors import Actor, Kind
from cybercube_portal.people.events import PeopleEvent
from cybercube_portal.people.keys import make_key
from cybercube_portal.people.models import ApiKey, Grant, Team, User
from cybercube_portal.people.guard import require
from cybercube_portal.people.roles import Role
from cybercube_portal.people.scopes import ALLOWED, Scope, default_scopes


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
    user = _lock_user(username)
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
        granted_by_id=actor.id,
        reason=reason,
    )
    _record(PeopleEvent.ROLE_GRANTED, user, actor, now, role=role, team=team, ends_at=ends_at, grant=grant.pk)
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
    _record(
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


@transaction.atomic
def issue_key(
    *,
    username: str,
    actor: Actor,
    now: datetime,
    name: str = "",
    scopes: Iterable[str] = (),
    services: Iterable[str] = (),
    environment: str = "",
    client: bool = False,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Issue a key for `username` and return it with its text, which is never shown again.

    Without `scopes`: all that the user may do except `approvals`. Raises NotPermitted, NotFound, Invalid.
    """
    user = _lock_user(username)
    require(actor, permissions.ISSUE_KEY, now=now, owner=username)
    wanted = _scopes(Kind(user.kind), scopes, environment=environment, client=client)
    if expires_at is not None and expires_at <= now:
        raise Invalid.field("/expires_at", "api_key.expired", "The key would have expired already.")
    new = make_key()
    key = ApiKey.objects.create(
        user=user,
        name=name,
        prefix=new.prefix,
        digest=new.digest,
        scopes=sorted(wanted),
        services=sorted(services),
        environment=environment,
        client=client,
        created_at=now,
        created_by_id=actor.id or None,
        expires_at=expires_at,
    )
    _record(PeopleEvent.KEY_ISSUED, user, actor, now, prefix=key.prefix, scopes=key.scopes, services=key.services)
    return key, new.text


@transaction.atomic
def revoke_key(*, prefix: str, actor: Actor, now: datetime) -> ApiKey:
    """Stop a key at once. Raises NotPermitted, NotFound, MoveRefused."""
    key = ApiKey.objects.select_for_update(of=("self",)).select_related("user").filter(prefix=prefix).first()
    if key is None:
        raise NotFound("There is no such key.", code="api_key.unknown")
    require(actor, permissions.REVOKE_KEY, now=now, owner=key.user.username)
    if key.revoked_at is not None:
        raise refuse("api_key.revoked", "§1.4", "This key is already revoked.", "Nothing to do.")
    key.revoked_at = now
    key.save(update_fields=["revoked_at"])
    _record(PeopleEvent.KEY_REVOKED, key.user, actor, now, prefix=key.prefix)
    return key


@transaction.atomic
def set_timezone(*, actor: Actor, timezone: str, now: datetime) -> User:
    """Set the zone a person reads times in. Raises Invalid for an unknown IANA name."""
    if timezone not in permissions.TIMEZONES:
        raise Invalid.field("/timezone", "user.timezone_unknown", f"{timezone} is not an IANA time zone.")
    user = _lock_user(actor.username)
    before, user.timezone = user.timezone, timezone
    user.save(update_fields=["timezone"])
    _record(PeopleEvent.PREFERENCES_CHANGED, user, actor, now, timezone=timezone, before=before)
    return user


@transaction.atomic
def set_password(*, actor: Actor, password: str, now: datetime) -> User:
    """Set one's own password. Raises Invalid with every rule of Django's validators it breaks."""
    user = _lock_user(actor.username)
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise Invalid([FieldError("/password", "user.password_weak", text) for text in error.messages]) from error
    user.set_password(password)
    user.save(update_fields=["password"])
    _record(PeopleEvent.PREFERENCES_CHANGED, user, actor, now, password="changed")  # noqa: S106 - says that, not what
    return user


def _scopes(kind: Kind, asked: Iterable[str], *, environment: str, client: bool) -> frozenset[Scope]:
    wanted = frozenset(asked)
    if environment or client:
        wanted = wanted or frozenset({Scope.FLAGS_EVALUATE})
        if wanted != {Scope.FLAGS_EVALUATE}:
            raise Invalid.field("/scopes", "api_key.scope", "A key bound to an environment only evaluates flags.")
    unknown = wanted - frozenset(Scope)
    if unknown:
        raise Invalid.field("/scopes", "api_key.scope", f"Unknown scope {', '.join(sorted(unknown))}.")
    beyond = wanted - ALLOWED[kind]
    if beyond:
        raise Invalid.field(
            "/scopes", "api_key.scope", f"A {kind.value} key cannot have the scope {', '.join(sorted(beyond))}."
        )
    return frozenset(Scope(scope) for scope in wanted) or default_scopes(kind)


def _lock_user(username: str) -> User:
    user = User.objects.select_for_update(of=("self",)).filter(username=username, is_active=True).first()
    if user is None:
        raise NotFound(f"There is no user {username}.", code="user.unknown")
    return user


def _team(slug: str | None) -> Team | None:
    if slug is None:
        return None
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        raise Invalid.field("/team", "team.unknown", f"There is no team {slug}.")
    return team


def _record(verb: PeopleEvent, user: User, actor: Actor, at: datetime, **data: object) -> None:
    record(
        verb,
        object_type="user",
        object_id=user.username,
        subjects=[f"user:{user.username}"],
        actor=actor,
        at=at,
        data={name: value.isoformat() if isinstance(value, datetime) else value for name, value in data.items()},
    )
