"""How one change lives, told through the real actions at moments of the past."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from changes.actions import approvals, content
from changes.actions import changes as moves
from changes.models import ChangeRequest
from changes.policy.risk import QUESTIONS
from changes.proposals import ArtifactName, Proposal
from changes.selectors.moves import offer_for
from changes.selectors.situation import Situation
from changes.states import ChangeState
from cybercube_portal.catalog.actions.artifacts import register_artifact
from cybercube_portal.catalog.actions.evidence import report_evidence
from cybercube_portal.catalog.states import Stage, StageStatus
from cybercube_portal.demo.company import SERVICES, WORK
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.selectors import actor_named

NO_RISK = dict.fromkeys(QUESTIONS, False)
NO_IMPACT = {"customers": "none", "downtime": "none", "data": "none"}
EVIDENCE: dict[Stage, dict[str, Any]] = {
    Stage.BUILD: {},
    Stage.TEST: {"coverage": 91.5},
    Stage.SCAN: {"critical": 0, "high": 0},
}
# §3.6. One pipeline does not send them, and two sign what they build (§3.1: recommended).
DEPENDENCIES = {"node": "20.10.0", "libpq": "16.1"}
TELLS_LITTLE, SIGNS = {"indexer"}, {"billing-service", "auth-service"}
# In the order in which they are asked.
BENCH: dict[str, tuple[str, ...]] = {
    "payments": ("quentin", "bob"),
    "search": ("rosa", "sybil"),
    "platform": ("nina", "tara"),
    "identity": ("vera", "umar"),
}
EVERYWHERE = ("carol", "dan", "erin", "frank", "ivan")


@dataclass
class Company:
    """What a life needs to know: the actors by name, the last version of each service, and the one production runs."""

    actors: dict[str, Actor] = field(default_factory=dict)
    versions: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    live: dict[str, str] = field(default_factory=dict)
    built: int = 0
    runs: int = 0

    def actor(self, username: str) -> Actor:
        """Loaded once."""
        if username not in self.actors:
            self.actors[username] = actor_named(username)
        return self.actors[username]

    def ci(self, service: str) -> Actor:
        """The service account of the service's team."""
        return self.actor(f"ci-{_team(service)}")

    def author(self, service: str) -> Actor:
        """The engineer of the service's team who files its changes."""
        return self.actor(
            {"payments": "alice", "search": "oscar", "platform": "nina", "identity": "vera"}[_team(service)]
        )

    def bench(self, service: str) -> list[Actor]:
        """Who may be asked to sign, in order."""
        return [self.actor(name) for name in (*BENCH[_team(service)], *EVERYWHERE)]


def build(
    company: Company,
    service: str,
    *,
    at: datetime,
    step: str = "patch",
    messages: Sequence[str] = (),
    migrations: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Register the next version with its evidence; returns it as `vX.Y.Z`. Without `messages` one commit is made up."""
    major, minor, patch = company.versions.get(service, (1, 0, 0))
    core = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0), "patch": (major, minor, patch + 1)}[step]
    company.versions[service] = core
    company.built += 1
    version = "v" + ".".join(map(str, core))
    ci = company.actor(f"ci-{_team(service)}")
    mark = hashlib.sha256(f"{service}:{version}".encode()).hexdigest()
    subject = WORK[company.built % len(WORK)].format(scope=service.split("-", maxsplit=1)[0])
    register_artifact(
        service=service,
        version=version,
        digest=f"sha256:{mark}",
        git_sha=mark[:40],
        git_ref=f"refs/tags/{version}",
        build_time=at,
        build_number=str(1000 + company.built),
        builder="github-actions",
        commits=[
            {"sha": mark[number : number + 40], "message": message, "committed_at": at - timedelta(hours=3)}
            for number, message in enumerate(messages or (subject,))
        ],
        migrations=migrations,
        dependencies=DEPENDENCIES if service not in TELLS_LITTLE else {},
        signature=f"MEUCIQ{mark[:40]}" if service in SIGNS else None,
        actor=ci,
        now=at,
    )
    for stage, summary in EVIDENCE.items():
        report_evidence(
            service=service,
            version=version,
            stage=stage,
            status=StageStatus.PASSED,
            url=f"https://ci.cybercube.example/{service}/{stage.value}/{version}",
            summary=summary,
            actor=ci,
            now=at,
        )
    return version


def file(company: Company, service: str, version: str, *, at: datetime, slot: datetime, **fields: Any) -> ChangeRequest:
    """A normal change for the version, filed by the team's engineer."""
    return content.create_change(
        proposal=Proposal(
            **{
                "title": f"Deploy {service} {version}",
                "type": "normal",
                "description": f"Roll out {service}:{version}. Changes are listed in the changelog.",
                "services": (service,),
                "environments": ("prd",),
                "artifacts": (ArtifactName(service=service, version=version),) if version else (),
                "scheduled_time": slot,
                "estimated_duration": timedelta(minutes=30),
                "answers": NO_RISK,
                "impact": NO_IMPACT,
                "rollback_plan": "Redeploy the version that ran before, verify the health checks, watch the error rate.",
                **fields,
            }
        ),
        actor=company.author(service),
        now=at,
    )


def sign(company: Company, change: ChangeRequest, *, at: datetime) -> ChangeRequest:
    """Ask the bench until every seat is filled; each signer takes some minutes."""
    for number, person in enumerate(company.bench(change.services[0])):
        if change.state != ChangeState.IN_REVIEW:
            break
        moment = at + timedelta(minutes=20 * number)
        situation = Situation(change, now=moment)
        if person.username != change.requester.username and offer_for(situation, actor=person) is not None:
            change = approvals.approve_change(number=change.number, actor=person, now=moment)
    return change


def submit(company: Company, change: ChangeRequest, *, at: datetime) -> ChangeRequest:
    """Handed in by its author."""
    return moves.submit_change(number=change.number, actor=company.author(change.services[0]), now=at)


def _team(service: str) -> str:
    return SERVICES[service][1]
