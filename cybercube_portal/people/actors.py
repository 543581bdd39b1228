"""Actor: who is asking, as a frozen value that guards and policies judge. Pure.

An edge loads it once (`selectors.actor_for`) and passes it down, so that a permission is judged from the same facts in
a page, the API and a worker. There is no superuser here: nothing reads Django's flag (reliability.md section 3).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from cybercube_portal.people.roles import Role, satisfied_by


class Kind(StrEnum):
    """A person signs; a service account never does (reliability.md section 4)."""

    PERSON = "person"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFact:
    """One grant: `role` for `team` (None: everywhere), half-open from `starts_at` to `ends_at`, perhaps revoked early."""

    role: Role
    team: str | None
    starts_at: datetime
    ends_at: datetime | None = None
    revoked_at: datetime | None = None

    def holds(self, *, at: datetime) -> bool:
        """Whether the grant was in force at `at`."""
        ends = min((end for end in (self.ends_at, self.revoked_at) if end is not None), default=None)
        return self.starts_at <= at and (ends is None or at < ends)

    def covers(self, teams: Iterable[str]) -> bool:
        """Whether it speaks for one of `teams`."""
        return self.team is None or self.team in frozenset(teams)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFact:
    """The API key a request came with. `services` empty: all of the user's; `environment` set: flag evaluation only."""

    prefix: str
    scopes: frozenset[str]
    services: frozenset[str] = frozenset()
    environment: str | None = None
    client: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person or a service account, with what it holds. `team` is the home team's slug."""

    id: int
    username: str
    name: str
    kind: Kind
    team: str | None = None
    grants: tuple[GrantFact, ...] = ()
    key: KeyFact | None = None
    on_behalf_of: str | None = None

    @property
    def is_service(self) -> bool:
        """True for a service account."""
        return self.kind is Kind.SERVICE

    def roles(self, *, at: datetime, teams: Iterable[str] | None = None) -> frozenset[Role]:
        """Roles in force at `at`; with `teams`, only those held for one of them or everywhere."""
        held = (grant for grant in self.grants if grant.holds(at=at))
        return frozenset(grant.role for grant in held if teams is None or grant.covers(tuple(teams)))

    def teams_of(self, roles: frozenset[Role] | None = None, *, at: datetime) -> frozenset[str] | None:
        """The teams for whose things it holds one of `roles` (any of them, for None) at `at`; None: every team's."""
        held = [grant for grant in self.grants if grant.holds(at=at) and (roles is None or grant.role in roles)]
        named = frozenset(grant.team for grant in held if grant.team)
        return named if all(grant.team for grant in held) else None

    def has_role(self, role: Role, *, at: datetime, teams: Iterable[str] | None = None) -> bool:
        """Whether it holds `role` or one that implies it."""
        return bool(satisfied_by(role) & self.roles(at=at, teams=teams))

    def audit_identity(self) -> dict[str, Any]:
        """How the audit record names it."""
        return {
            "kind": self.kind.value,
            "id": self.username,
            "key": self.key.prefix if self.key else None,
            "on_behalf_of": self.on_behalf_of,
        }


# Whoever can run manage.py on the server holds admin there; the record says that it was the console.
OPERATOR = Actor(
    id=0,
    username="operator",
    name="Operator at the console",
    kind=Kind.PERSON,
    grants=(GrantFact(role=Role.ADMIN, team=None, starts_at=datetime(1970, 1, 1, tzinfo=UTC)),),
)

# The portal at its own gate, when it acts without anybody (§8.5): it holds no role, so nothing that a permission guards is open to it.
PORTAL = Actor(id=0, username="portal", name="The portal", kind=Kind.PERSON)
