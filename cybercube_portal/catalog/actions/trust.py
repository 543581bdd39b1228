"""Decide whom a CI platform's token stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import IntegrityError, transaction

from cybercube_portal.audit.actions import record
from cybercube_portal.catalog import permissions, selectors, trust_rules
from cybercube_portal.catalog.events import CatalogEvent
from cybercube_portal.catalog.models import TrustedIdentity
from cybercube_portal.errors import Conflict, FieldError, Invalid, NotFound
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from cybercube_portal.people.scopes import ALLOWED, Scope
from cybercube_portal.people.selectors import actor_named

DEFAULT_SCOPES = frozenset({Scope.GATE, Scope.ARTIFACTS, Scope.DEPLOYMENTS})


@transaction.atomic
def trust_identity(
    *,
    name: str,
    issuer: str,
    audience: str,
    claims: Mapping[str, str],
    account: str,
    services: Iterable[str],
    actor: Actor,
    now: datetime,
    scopes: Iterable[str] = DEFAULT_SCOPES,
) -> TrustedIdentity:
    """Let a pipeline whose token says `claims` act as the service account `account`, for `services` of its team alone.

    An identity is never edited: revoke it and trust another. Raises NotPermitted, NotFound, Invalid, and Conflict
    `trust.exists` when the name or the claims are trusted already.
    """
    require(actor, permissions.TRUST_IDENTITY, now=now)
    trust_rules.check_trust(name=name, issuer=issuer, audience=audience, claims=claims)
    acting = actor_named(account)
    wanted, granted = sorted(frozenset(services)), sorted(frozenset(scopes))
    _check_reach(acting, wanted, granted)
    identity = TrustedIdentity(
        name=name,
        issuer=issuer,
        audience=audience,
        claims=dict(claims),
        account_id=acting.id,
        services=wanted,
        scopes=granted,
        created_at=now,
        created_by_id=actor.id or None,
    )
    try:
        with transaction.atomic():
            identity.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("This name, or these claims, are trusted already.", code="trust.exists") from error
    _record(CatalogEvent.IDENTITY_TRUSTED, identity, actor, now)
    return identity


@transaction.atomic
def distrust_identity(*, name: str, actor: Actor, now: datetime) -> TrustedIdentity:
    """Stop trusting it at once. Raises NotPermitted, NotFound."""
    require(actor, permissions.DISTRUST_IDENTITY, now=now)
    live = TrustedIdentity.objects.select_for_update(of=("self",)).select_related("account")
    identity = live.filter(name=name, revoked_at__isnull=True).first()
    if identity is None:
        raise NotFound(f"No identity named {name} is trusted.", code="trust.unknown")
    identity.revoked_at = now
    identity.save(update_fields=["revoked_at"])
    _record(CatalogEvent.IDENTITY_DISTRUSTED, identity, actor, now)
    return identity


def _check_reach(acting: Actor, services: list[str], scopes: list[str]) -> None:
    errors = []
    if not acting.is_service:
        errors.append(
            FieldError("/account", "trust.account", "A pipeline acts as a service account, never as a person.")
        )
    if not services:
        errors.append(FieldError("/services", "trust.services", "Name the services it may speak for."))
    teams = selectors.team_by_service(services)
    errors += [
        FieldError("/services", "trust.other_team", f"{slug} is no service of {acting.username}'s team.")
        for slug in services
        if slug not in teams or teams[slug] != acting.team
    ]
    beyond = sorted(set(scopes) - ALLOWED[acting.kind])
    if beyond or not scopes:
        errors.append(
            FieldError("/scopes", "api_key.scope", f"Not a scope of a pipeline: {', '.join(beyond) or 'none'}.")
        )
    if errors:
        raise Invalid(errors)


def _record(verb: CatalogEvent, identity: TrustedIdentity, actor: Actor, at: datetime) -> None:
    record(
        verb,
        object_type="trusted_identity",
        object_id=identity.name,
        subjects=[f"service:{slug}" for slug in identity.services],
        actor=actor,
        at=at,
        data={
            "issuer": identity.issuer,
            "audience": identity.audience,
            "claims": identity.claims,
            "account": identity.account.username,
            "services": identity.services,
            "scopes": identity.scopes,
        },
    )
