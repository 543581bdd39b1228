"""More words of gate_truth.csv: what the records of releases, deployments and migrations say."""

from __future__ import annotations

import re
from dataclasses import replace

from cybercube_portal.catalog.states import Stage, StageStatus
from releases.policy.gate.facts import DeploymentFacts, ReleaseFacts
from tests.standard.gate_case import Case, phrase


@phrase(r"deployments are recorded")
def _(case: Case, _match: re.Match[str]) -> None:
    case.facts["deployments"] = DeploymentFacts(
        staging="healthy", was_ever_deployed=True, goes_back_to="v2.3.0", was_healthy_there=True
    )
    case.reports[Stage.E2E] = (StageStatus.PASSED, {})


@phrase(r"never in staging|in staging it is (\w+)")
def _(case: Case, match: re.Match[str]) -> None:
    _deployments(case, staging=match[1])


@phrase(r"another deployment is running")
def _(case: Case, _match: re.Match[str]) -> None:
    _deployments(case, running="D-7")


@phrase(r"the change was used already")
def _(case: Case, _match: re.Match[str]) -> None:
    _deployments(case, spent_by="D-6")


@phrase(r"never deployed there")
def _(case: Case, _match: re.Match[str]) -> None:
    _deployments(case, goes_back_to=None, was_ever_deployed=False, was_healthy_there=False)


@phrase(r"nothing was ever healthy there")
def _(case: Case, _match: re.Match[str]) -> None:
    _deployments(case, goes_back_to=None, was_healthy_there=False)


@phrase(r"this version was never healthy there")
def _(case: Case, _match: re.Match[str]) -> None:
    _deployments(case, was_healthy_there=False)


@phrase(r"a contract migration ran since")
def _(case: Case, _match: re.Match[str]) -> None:
    _deployments(case, contract_migration_since=True)


def _deployments(case: Case, **fields: object) -> None:
    known = case.facts["deployments"]
    assert isinstance(known, DeploymentFacts), "say first that deployments are recorded"
    case.facts["deployments"] = replace(known, **fields)  # type: ignore[arg-type]


@phrase(r"a (major|minor|patch) version (without a release|with an approved release|with a release in review)")
def _(case: Case, match: re.Match[str]) -> None:
    case.facts["releases"] = ReleaseFacts(
        bump=match[1],  # type: ignore[arg-type]
        reference="" if match[2] == "without a release" else "billing-service v2.3.1",
        is_approved=match[2] == "with an approved release",
    )


@phrase(r"its checklist is open")
def _(case: Case, _match: re.Match[str]) -> None:
    known = case.facts["releases"]
    assert isinstance(known, ReleaseFacts)
    case.facts["releases"] = replace(known, open_items=("Documentation updated",))


@phrase(r"the migration checklist is (ticked|open)")
def _(case: Case, match: re.Match[str]) -> None:
    case.facts["open_migration_items"] = () if match[1] == "ticked" else ("Backup verified",)
