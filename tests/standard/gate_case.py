"""One row of gate_truth.csv as facts: a deployment for which everything is in order, changed by the row's phrases.

The deployment: billing-service v2.3.1 of the team payments, on Saturday 2026-01-17 at 14:10 UTC. Its change was submitted
a day and more ago and is booked from 14:00 for 30 minutes, so with the hour of grace its slot ends at 15:30. Times without
a date are of that day. Its digest is healthy in staging, where its end-to-end tests passed; production runs v2.3.0, and before
a rollback v2.3.1 was healthy there once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from changes.policy.approvals import ChangeClass, SignatureFact, counts
from changes.policy.artifacts import NamedArtifact
from changes.policy.schedule import Slot
from changes.policy.scope import Action
from changes.policy.standard import TemplateKind
from changes.states import ChangeState, ChangeType, Risk
from cybercube_portal.catalog.facts import EvidenceFact, ServiceFact
from cybercube_portal.catalog.states import Stage, StageStatus
from cybercube_portal.catalog.versions import Bump, bump, parse_version
from cybercube_portal.people.actors import GrantFact
from cybercube_portal.people.roles import Role
from releases.policy.gate import ArtifactFact, CallerFact, ChangeFact, GateFacts, Question
from releases.policy.gate.facts import DeploymentFacts, ReleaseFacts

NOW = datetime(2026, 1, 17, 14, 10, tzinfo=UTC)
SERVICE, TEAM = "billing-service", "payments"
DIGEST, OTHER_DIGEST = "sha256:" + "1" * 64, "sha256:" + "2" * 64
BOB = GrantFact(role=Role.ENGINEER, team=TEAM, starts_at=NOW - timedelta(days=400))
HEIDI = replace(BOB, role=Role.ON_CALL_LEAD)
SIGNED_AT = NOW - timedelta(hours=3)

Phrase = Callable[["Case", re.Match[str]], None]
PHRASES: dict[re.Pattern[str], Phrase] = {}


def phrase(pattern: str) -> Callable[[Phrase], Phrase]:
    """Say what a phrase does to the case."""

    def keep(effect: Phrase) -> Phrase:
        PHRASES[re.compile(pattern)] = effect
        return effect

    return keep


class Case:
    """One row: the facts as they stand after each of its phrases."""

    def __init__(self, column: str) -> None:
        place, _, kind = column.partition(" ")
        self.question = Question(service=SERVICE, version="v2.3.1", environment=place)
        if place == "rollback":
            self.question = replace(self.question, environment="prd", action=Action.ROLLBACK)
        self.caller = CallerFact(username="ci-payments", is_service=True, team=TEAM)
        self.service: ServiceFact | None = ServiceFact(
            slug=SERVICE, name="Billing", team=TEAM, tier=1, minimum_coverage=Decimal(80)
        )
        self.reports: dict[Stage, tuple[StageStatus, dict[str, object]]] = {
            Stage.BUILD: (StageStatus.PASSED, {}),
            Stage.TEST: (StageStatus.PASSED, {"coverage": 91.5}),
            Stage.SCAN: (StageStatus.PASSED, {"critical": 0, "high": 0}),
            Stage.E2E: (StageStatus.PASSED, {}),
        }
        self.artifact: ArtifactFact | None = ArtifactFact(
            version="v2.3.1", digest=DIGEST, git_ref="refs/tags/v2.3.1", is_signed=True
        )
        self.change: ChangeFact | None = None
        self.signed: dict[str, list[GrantFact]] = {"bob": [BOB]}
        self.signed_at = SIGNED_AT
        self.deployments = DeploymentFacts(
            staging="healthy", was_ever_deployed=True, goes_back_to="v2.3.0", was_healthy_there=place == "rollback"
        )
        self.releases = ReleaseFacts()
        self.in_production = "v2.3.0"
        self.facts: dict[str, object] = {}
        if place == "prd":
            self.file(ChangeType(kind))

    def file(self, kind: ChangeType) -> None:
        """Let an approved change of this kind speak for it."""
        self.change = ChangeFact(
            number="CR-2026-0117-001",
            type=kind,
            state=ChangeState.APPROVED,
            risk=Risk.LOW,
            services=frozenset({SERVICE}),
            environments=frozenset({self.question.environment}),
            slot=Slot(NOW - timedelta(minutes=10), timedelta(minutes=30)),
            requester="alice",
            artifacts=(NamedArtifact(service=SERVICE, version="v2.3.1", digest=DIGEST),),
            classes=frozenset({ChangeClass.CODE}),
            submitted_at=NOW - timedelta(hours=26),
            has_rollback_plan=True,
            template=TemplateKind.ROUTINE_DEPLOYMENT if kind is ChangeType.STANDARD else None,
        )
        self.signed = {
            ChangeType.NORMAL: {"bob": [BOB]},
            ChangeType.STANDARD: {},
            ChangeType.EMERGENCY: {"heidi": [HEIDI]},
        }[kind]

    def edit(self, **fields: object) -> None:
        """Change fields of the change."""
        assert self.change is not None, "the row names no change to edit"
        self.change = replace(self.change, **fields)  # type: ignore[arg-type]

    def build(self) -> GateFacts:
        """The facts the gate is asked with."""
        artifact = self.artifact and replace(
            self.artifact,
            stages={
                stage: EvidenceFact(
                    stage=stage, status=status, summary=summary, reported_at=SIGNED_AT, reported_by="ci-payments"
                )
                for stage, (status, summary) in self.reports.items()
            },
        )
        change = self.change and replace(
            self.change,
            signatures=tuple(
                SignatureFact(
                    person=person,
                    roles=counts(grants=grants, teams=frozenset({TEAM}), signed_at=self.signed_at),
                    at=self.signed_at,
                )
                for person, grants in self.signed.items()
            ),
        )
        return GateFacts(
            question=self.question,
            at=NOW,
            caller=self.caller,
            service=self.service,
            is_environment_known=self.question.environment in {"dev", "stg", "prd"},
            artifact=artifact,
            change=change,
            deployments=self.deployments,
            releases=replace(self.releases, bump=self._bump()),
            **self.facts,  # type: ignore[arg-type]
        )

    def _bump(self) -> Bump | None:
        try:
            before = parse_version(self.in_production) if self.in_production else None
            return bump(before, parse_version(self.question.version))
        except ValueError:
            return None


def read(column: str, text: str) -> GateFacts:
    """The facts of one row. Raises ValueError for a phrase nobody defined."""
    case = Case(column)
    for words in filter(None, (part.strip() for part in text.split(";"))):
        for pattern, effect in PHRASES.items():
            if match := pattern.fullmatch(words):
                effect(case, match)
                break
        else:
            raise ValueError(f"no phrase {words!r}")
    return case.build()


def moment(text: str) -> datetime:
    """`14:10`, `14:10:01` of the day, or `01-18 09:00`."""
    day, _, time = text.rpartition(" ")
    return datetime.fromisoformat(f"2026-{day or '01-17'}T{time}").replace(tzinfo=UTC)
