"""API keys issued and revoked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from cybercube_portal.errors import Invalid, NotFound, refuse
from cybercube_portal.people import permissions
from cybercube_portal.people.actions.recording import lock_user, record_user
from cybercube_portal.people.actors import OPERATOR, Actor, Kind
from cybercube_portal.people.events import PeopleEvent
from cybercube_portal.people.guard import require
from cybercube_portal.people.keys import make_key
from cybercube_portal.people.models import ApiKey
from cybercube_portal.people.scopes import ALLOWED, Scope, default_scopes


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

    Without `scopes`: all that the user may do except `approvals`, which one names for oneself alone (or at the console).
    Raises NotPermitted, NotFound, Invalid, MoveRefused.
    """
    user = lock_user(username)
    require(actor, permissions.ISSUE_KEY, now=now, owner=username)
    wanted = _scopes(Kind(user.kind), scopes, environment=environment, client=client)
    if Scope.APPROVALS in wanted and username != actor.username and actor != OPERATOR:
        raise refuse(
            "api_key.signs_for_another",
            "§5.6",
            f"A key that signs for {username} would let you sign as {username}.",
            f"{username} issues it, or leave out the scope approvals.",
            (username,),
        )
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
    record_user(PeopleEvent.KEY_ISSUED, user, actor, now, prefix=key.prefix, scopes=key.scopes, services=key.services)
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
    record_user(PeopleEvent.KEY_REVOKED, key.user, actor, now, prefix=key.prefix)
    return key


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
