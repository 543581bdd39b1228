"""The person guard: one table row is a Permission, one function judges it. Pure.

Each app keeps its own table in its `permissions.py`; every row names who may (roles), which API key scope is needed
and where it stands in the standard. Closed by default: a permission nobody holds is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cybercube_portal.decisions import Decision, Reason, failed, passed
from cybercube_portal.errors import NotPermitted
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.roles import Role, satisfied_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """`<app>.<verb>_<model>`: any of `roles` may; `own` lets the owner too; `everywhere` ignores the team of a person.

    `service_accounts` lets a service account do it, for services of its own team alone. A key that names services opens nothing that is about no
    service of its own; `services_judged_elsewhere` says that a rule behind the permission looks at them (the gate's).
    """

    name: str
    roles: frozenset[Role]
    scope: str
    section: str
    own: bool = False
    everywhere: bool = False
    service_accounts: bool = False
    services_judged_elsewhere: bool = False


def may(
    actor: Actor,
    permission: Permission,
    *,
    now: datetime,
    teams: Iterable[str] = (),
    services: Iterable[str] = (),
    owner: str | None = None,
) -> Decision:
    """Judge `permission` for things of `teams` (team slugs) and `services` (slugs), owned by `owner` (username)."""
    teams, services = frozenset(teams), frozenset(services)
    return Decision((_by_key(actor, permission, services), _by_role(actor, permission, now, teams, owner)))


def may_anywhere(actor: Actor, permission: Permission, *, now: datetime) -> bool:
    """Whether there is any team for whose things `actor` may do it, as far as roles tell."""
    return may(actor, permission, now=now, teams=[grant.team for grant in actor.grants if grant.team]).allowed


def require(
    actor: Actor,
    permission: Permission,
    *,
    now: datetime,
    teams: Iterable[str] = (),
    services: Iterable[str] = (),
    owner: str | None = None,
) -> None:
    """Raise NotPermitted with the first reason unless `may` allows."""
    blockers = may(actor, permission, now=now, teams=teams, services=services, owner=owner).blockers
    if blockers:
        raise NotPermitted(blockers[0])


def _by_key(actor: Actor, permission: Permission, services: frozenset[str]) -> Reason:
    key = actor.key
    if key is None:
        return passed("key.not_used", permission.section, "Signed in with a browser session.")
    if permission.scope not in key.scopes:
        return failed(
            "key.scope_missing",
            permission.section,
            f"This API key does not have the scope {permission.scope}.",
            "Use a key issued with that scope.",
            who=(actor.username,),
            scope=permission.scope,
        )
    is_outside = not services or not services <= key.services
    if key.services and is_outside and not permission.services_judged_elsewhere:
        return failed(
            "key.service_not_covered",
            permission.section,
            f"This API key does not cover {', '.join(sorted(services - key.services)) or 'what is about all services'}.",
            "Use a key issued for that service." if services else "Use a key that names no services.",
            who=(actor.username,),
        )
    return passed("key.covers", permission.section, "The API key covers this.")


def _by_role(actor: Actor, permission: Permission, now: datetime, teams: frozenset[str], owner: str | None) -> Reason:
    if actor.is_service:
        if permission.service_accounts and teams <= {actor.team}:
            return passed("permission.service_account", permission.section, f"{actor.username} may do this.")
        return failed(
            "permission.service_account",
            permission.section,
            f"The service account {actor.username} may not do this.",
            "A person has to do it, or a service account of the team where the rule allows one.",
            who=_labels(permission.roles),
        )
    if permission.own and owner is not None and owner == actor.username:
        return passed("permission.owner", permission.section, "It is your own.")
    held = actor.roles(at=now, teams=None if permission.everywhere or not teams else teams)
    accepted = frozenset[Role]().union(*(satisfied_by(role) for role in permission.roles))
    if held & accepted:
        return passed("permission.held", permission.section, f"{actor.username} may do this.")
    where = "" if permission.everywhere or not teams else f" for {' or '.join(sorted(teams))}"
    return failed(
        "permission.role_missing",
        permission.section,
        f"{actor.name} does not hold a role that may do this{where}.",
        "Ask somebody who holds one of these roles.",
        who=_labels(permission.roles),
        permission=permission.name,
    )


def _labels(roles: Iterable[Role]) -> tuple[str, ...]:
    return tuple(sorted(role.label for role in roles))
