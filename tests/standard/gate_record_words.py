"""More words of gate_truth.csv: what the records of releases, deployments and migrations say."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.standard.gate_case import Case, phrase


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
    case.in_production = ""


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
    case.deployments = replace(case.deployments, **fields)  # type: ignore[arg-type]


@phrase(r"production runs (\S+)")
def _(case: Case, match: re.Match[str]) -> None:
    case.in_production = match[1]


@phrase(r"with (an approved release|a release in review)")
def _(case: Case, match: re.Match[str]) -> None:
    case.releases = replace(case.releases, reference="REL-7", is_approved=match[1] == "an approved release")


@phrase(r"its checklist is open")
def _(case: Case, _match: re.Match[str]) -> None:
    case.releases = replace(case.releases, open_items=("Documentation updated",))


@phrase(r"the migration checklist is (ticked|open)")
def _(case: Case, match: re.Match[str]) -> None:
    case.facts["open_migration_items"] = () if match[1] == "ticked" else ("Backup verified",)
