"""Branch protection (§2.5): what a platform reports, read into plain facts and held against the table of the standard. Pure.

Whatever is missing, unknown or of another shape than the platform documents counts as not set: an audit never passes by default.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from cybercube_portal.decisions import Decision, Outcome, Reason, failed, passed

SECTION = "§2.5"
MAIN, RELEASE = "main", "release/*"
WHO = ("Tech lead", "Admin of the repository")
MOST_NAMED = 3
# Demands that a way round the rules breaks.
PASSED_BY = ("direct_push", "admins")
TELL = "Report the rulesets too, asked for by a token that may edit them: only then GitHub names bypass_actors."
# The contexts that §2.5 prints are ci/test, ci/lint and ci/security; how a platform spells the rest is its own.
STAGES: Mapping[str, tuple[str, ...]] = {"test": ("test",), "lint": ("lint",), "security": ("secur", "scan")}


class Platform(StrEnum):
    """Whose settings they are."""

    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """One branch, or one pattern of branches, as it is protected.

    `checks` the names of what has to pass; `whole_pipeline`: all of it has to. `passed_by` who may pass its rules by, in words;
    None when the platform does not tell.
    """

    no_direct_push: bool = False
    requires_pull_request: bool = False
    approvals: int = 0
    dismisses_stale: bool = False
    code_owners: bool = False
    checks: tuple[str, ...] = ()
    whole_pipeline: bool = False
    is_strict: bool = False
    binds_admins: bool = False
    no_force_push: bool = False
    passed_by: tuple[str, ...] | None = ()

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The stages of §2.5 that no required check is named for."""
        if self.whole_pipeline:
            return ()
        words = [word for name in self.checks for word in re.findall("[a-z]+", name.lower())]
        return tuple(stage for stage, begins in STAGES.items() if not any(word.startswith(begins) for word in words))


OPEN = Protection()


class Demand(NamedTuple):
    """One line of §2.5: the branches it is for, and whether a branch keeps it."""

    name: str
    branches: tuple[str, ...]
    says: str
    remedy: str
    holds: Callable[[Protection], bool]


DEMANDS: tuple[Demand, ...] = (
    Demand("direct_push", (MAIN, RELEASE), "no direct push", "Let nobody push to it.", lambda it: it.no_direct_push),
    Demand(
        "force_push", (MAIN, RELEASE), "no rewritten history", "Forbid force pushes to it.", lambda it: it.no_force_push
    ),
    Demand(
        "pull_request",
        (MAIN, RELEASE),
        "a pull request is required",
        "Require a pull request before merging.",
        lambda it: it.requires_pull_request,
    ),
    Demand(
        "approvals",
        (MAIN, RELEASE),
        "an approval is required",
        "Require at least one approving review.",
        lambda it: it.approvals >= 1,
    ),
    Demand(
        "checks",
        (MAIN,),
        "CI has to pass, its test, lint and security",
        "Require these checks, named for what they are, such as ci/test, ci/lint and ci/security.",
        lambda it: not it.unchecked,
    ),
    Demand(
        "strict", (MAIN,), "CI runs on the newest main", "Require branches to be up to date.", lambda it: it.is_strict
    ),
    Demand(
        "stale_reviews",
        (MAIN,),
        "a push dismisses approvals",
        "Dismiss approvals when commits are pushed.",
        lambda it: it.dismisses_stale,
    ),
    Demand(
        "code_owners",
        (MAIN,),
        "code owners review",
        "Require a review from code owners.",
        lambda it: it.code_owners,
    ),
    Demand("admins", (MAIN,), "admins are bound too", "Include administrators.", lambda it: it.binds_admins),
)


def audit(
    branches: Mapping[str, Protection], *, has_code_owners: bool, code_owner_errors: tuple[str, ...] = ()
) -> Decision:
    """Every demand of §2.5 for main and release/*, and a CODEOWNERS file in which the platform found no errors."""
    reasons = [
        _reason(demand, branch, branches.get(branch, OPEN))
        for branch in (MAIN, RELEASE)
        for demand in DEMANDS
        if branch in demand.branches
    ]
    return Decision((*reasons, _code_owners(is_there=has_code_owners, errors=code_owner_errors)))


def moved(
    findings: Iterable[Mapping[str, Any]], earlier: Iterable[Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """What of two reports' findings got lost between them, and what was mended; each finding as the newer report says it."""
    now, then = _by_demand(findings), _by_demand(earlier)
    lost = [found for key, found in now.items() if key in then and _holds(then[key]) and not _holds(found)]
    mended = [found for key, found in now.items() if key in then and not _holds(then[key]) and _holds(found)]
    return lost, mended


def _by_demand(findings: Iterable[Mapping[str, Any]]) -> dict[tuple[object, object], Mapping[str, Any]]:
    return {(found["code"], found["details"].get("branch")): found for found in findings}


def _holds(finding: Mapping[str, Any]) -> bool:
    return bool(finding["outcome"] == Outcome.PASS)


def _reason(demand: Demand, branch: str, found: Protection) -> Reason:
    code, message = f"protection.{demand.name}", f"{branch}: {demand.says}"
    if demand.holds(found):
        return passed(code, SECTION, f"{message}.", branch=branch)
    why, remedy = _lack(demand, found)
    return failed(code, SECTION, f"{message}: {why}.", remedy, WHO, branch=branch)


def _lack(demand: Demand, found: Protection) -> tuple[str, str]:
    """Why a demand does not hold, and what to do: who may pass rules by is named, and so is a report that does not tell."""
    if demand.name == "checks" and found.checks:
        return f"no required check is named for {' or '.join(found.unchecked)}", demand.remedy
    if demand.name not in PASSED_BY or found.passed_by == ():
        return "not set", demand.remedy
    if found.passed_by is None:
        return "the report does not tell who may pass the rules by", TELL
    return f"{', '.join(found.passed_by)} may pass the rules by", "Take them from the ruleset's bypass list."


def _code_owners(*, is_there: bool, errors: tuple[str, ...]) -> Reason:
    if is_there and errors:
        named = ", ".join(errors[:MOST_NAMED]) + (
            f" and {len(errors) - MOST_NAMED} more" if errors[MOST_NAMED:] else ""
        )
        remedy = "Mend these lines: the platform passes over them, and their files have no owner."
        return failed("protection.codeowners_file", SECTION, f"CODEOWNERS has errors: {named}.", remedy, WHO)
    if is_there:
        return passed("protection.codeowners_file", SECTION, "There is a CODEOWNERS file.")
    remedy = "Add CODEOWNERS, so that reviews find their owners."
    return failed("protection.codeowners_file", SECTION, "There is no CODEOWNERS file.", remedy, WHO)
