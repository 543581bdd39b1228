"""What the gate judges, frozen: read once, in one statement (`releases.selectors.gate`). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from changes.policy.approvals import ChangeClass, ReleaseType, SignatureFact
from changes.policy.artifacts import NamedArtifact
from changes.policy.conflicts import Booking
from changes.policy.freezes import Freeze
from changes.policy.risk import RiskFacts
from changes.policy.schedule import Slot
from changes.policy.scope import Action
from changes.policy.standard import TemplateKind
from changes.policy.windows import Window
from changes.states import ChangeState, ChangeType, Risk
from cybercube_portal.catalog.facts import EvidenceFact, ServiceFact
from cybercube_portal.catalog.states import Stage
from cybercube_portal.catalog.versions import Bump, parse_version
from cybercube_portal.decisions import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a pipeline wants to do. `version` as `parse_version` writes it, `commit` the one it names (`vX-sha-…`).

    `digest` and `change` are empty when not named.
    """

    service: str
    version: str
    environment: str
    action: Action = Action.DEPLOY
    digest: str = ""
    change: str = ""
    commit: str = ""

    @classmethod
    def named(cls, *, version: str, **fields: Any) -> Question:
        """The question with `version` in any spelling; one that is no version stays as it is and fails its rule."""
        try:
            known = parse_version(version)
        except ValueError:
            return cls(version=version, **fields)
        return cls(version=known.text, commit=known.sha, **fields)

    @property
    def is_rollback(self) -> bool:
        """Whether it goes back to what ran before (R7)."""
        return self.action is Action.ROLLBACK

    @property
    def moves_artifact(self) -> bool:
        """Whether it brings a build somewhere; configuring and scaling do not."""
        return self.action not in {Action.CONFIGURE, Action.SCALE}

    @property
    def words(self) -> str:
        """`billing-service v2.3.1`, or the service alone."""
        return f"{self.service} {self.version}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerFact:
    """Whose credential it is. `team` is the home team's slug; `key_services` the only services its key is for."""

    username: str
    is_service: bool
    team: str | None = None
    key_services: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactFact:
    """The registered artifact. `stages` holds the latest report of each stage and lacks what was never reported."""

    version: str
    digest: str
    git_ref: str
    is_signed: bool = False
    has_migrations: bool = False
    stages: Mapping[Stage, EvidenceFact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFact:
    """A change request as the gate sees it.

    `known` is what is registered and answered by now: the risk that was signed must not lie below it. `signatures` are those
    given to the content as it is, each with the roles by which it counts; an emergency's holds the verbal approval.
    `template` is the kind a standard change was filed from. `confirm_by` is set while somebody else recorded that approval (R5).
    """

    number: str
    type: ChangeType
    state: ChangeState
    risk: Risk
    services: frozenset[str]
    environments: frozenset[str]
    slot: Slot
    requester: str
    editors: frozenset[str] = frozenset()
    artifacts: tuple[NamedArtifact, ...] = ()
    release: str = ""
    release_type: ReleaseType | None = None
    classes: frozenset[ChangeClass] = frozenset()
    known: RiskFacts = field(default_factory=RiskFacts)
    submitted_at: datetime | None = None
    has_rollback_plan: bool = False
    has_migrations: bool = False
    signatures: tuple[SignatureFact, ...] = ()
    template: TemplateKind | None = None
    confirm_by: datetime | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentFacts:
    """What the deployment records say of this service, digest and environment.

    `staging` is the state of the digest's last deployment to stg (None: there was none); `running` and `spent_by` name
    deployments: the one under way there, and the one that already used this change, digest and environment and was no
    failure to retry. Of other digests there: whether one was ever healthy (`was_ever_deployed`), and the version of the last
    one that still counts as healthy (`goes_back_to`). `was_healthy_there` speaks of this digest; `contract_migration_since`
    of another version's, applied there after this digest was last found healthy.
    """

    staging: str | None = None
    running: str | None = None
    spent_by: str | None = None
    was_ever_deployed: bool = False
    goes_back_to: str | None = None
    was_healthy_there: bool = False
    contract_migration_since: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFacts:
    """What the release records say.

    `bump` is the step from the last healthy version in production, None when the number does not move; `reference` is empty
    when the version has no release; `open_items` are what is not done of its checklist's first two sections (§5.3).
    """

    bump: Bump | None = None
    reference: str = ""
    is_approved: bool = False
    open_items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """Everything the rules look at, at the moment `at`.

    `change` is the one named, or the best of those that cover the question (`choose.speaking`). `refused` says why a
    standard change could not be filed from the template the question named. `bookings` are other changes with slots there,
    `dependents` the services that need this one. `overdue_records` are the numbers of the team's emergencies whose record is
    overdue (R5). `unreadable` names freezes and windows that could not be read.
    """

    question: Question
    at: datetime
    caller: CallerFact
    service: ServiceFact | None
    is_environment_known: bool
    artifact: ArtifactFact | None
    change: ChangeFact | None
    refused: tuple[Reason, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    windows: tuple[Window, ...] = ()
    bookings: tuple[Booking, ...] = ()
    dependents: frozenset[str] = frozenset()
    overdue_records: frozenset[str] = frozenset()
    unreadable: tuple[str, ...] = ()
    is_signature_required: bool = False
    deployments: DeploymentFacts = field(default_factory=DeploymentFacts)
    releases: ReleaseFacts = field(default_factory=ReleaseFacts)
    open_migration_items: tuple[str, ...] | None = None

    @property
    def digest(self) -> str:
        """The digest that is judged: the registered one, else the one given (R2)."""
        return self.artifact.digest if self.artifact else self.question.digest
