"""What freezes and deployment windows are about: a subject to judge, and the scope it may lie in. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from changes.states import ChangeType, Risk


class Action(StrEnum):
    """What somebody wants to do to a service in an environment."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    MIGRATE = "migrate"
    CONFIGURE = "configure"
    SCALE = "scale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is judged: one action on one service in one environment, with what is known of its change.

    `team` is the slug of the service's team. `change_type` and `risk` are None where no change speaks for the action.
    """

    change_number: str | None = None
    change_type: ChangeType | None = None
    risk: Risk | None = None
    has_migration: bool = False
    action: Action = Action.DEPLOY
    service: str
    team: str
    environment: str

    @property
    def judged_type(self) -> ChangeType:
        """The change type, or normal where none is known."""
        return self.change_type or ChangeType.NORMAL

    @property
    def judged_risk(self) -> Risk:
        """The risk, or high where none is known."""
        return self.risk or Risk.HIGH

    @property
    def migrates(self) -> bool:
        """True when the database changes with it."""
        return self.has_migration or self.action is Action.MIGRATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Services x teams x environments by slug and code; an empty set means all. An exclusion wins."""

    services: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    excluded_services: frozenset[str] = frozenset()
    excluded_teams: frozenset[str] = frozenset()

    def includes(self, subject: Subject) -> bool:
        """True when the subject's service, team and environment lie within."""
        return (
            (not self.services or subject.service in self.services)
            and (not self.teams or subject.team in self.teams)
            and (not self.environments or subject.environment in self.environments)
            and subject.service not in self.excluded_services
            and subject.team not in self.excluded_teams
        )
