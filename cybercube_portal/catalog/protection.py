"""Branch protection (§2.5): what a platform reports, read into plain facts and held against the table of the standard. Pure.

Whatever is missing, unknown or of another shape than the platform documents counts as not set: an audit never passes by default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from cybercube_portal.decisions import Decision, Outcome, Reason, failed, passed

SECTION = "§2.5"
MAIN, RELEASE = "main", "release/*"
WHO = ("Tech lead", "Admin of the repository")
# GitLab's access level "No one".
NOBODY = 0
# Demands that a way round the rules breaks.
PASSED_BY = ("direct_push", "admins")
TELL = "Report the rulesets too, asked for by a token that may edit them: only then GitHub names bypass_actors."
# GitHub's `bypass_mode` that still asks for a pull request.
BY_PULL_REQUEST = "pull_request"
ACTORS: Mapping[str, str] = {
    "OrganizationAdmin": "the organisation's admins",
    "EnterpriseOwner": "the enterprise's owners",
    "RepositoryRole": "a role in the repository",
    "Team": "a team",
    "User": "a person",
    "Integration": "an app",
    "DeployKey": "deploy keys",
}
# Those there is one of: their number says nothing.
ALONE = ("OrganizationAdmin", "EnterpriseOwner", "DeployKey")


class Platform(StrEnum):
    """Whose settings they are."""

    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """One branch, or one pattern of branches, as it is protected.

    `passed_by` who may pass its rules by, in words; None when the platform does not tell.
    """

    no_direct_push: bool = False
    requires_pull_request: bool = False
    approvals: int = 0
    dismisses_stale: bool = False
    code_owners: bool = False
    checks: tuple[str, ...] = ()
    is_strict: bool = False
    binds_admins: bool = False
    no_force_push: bool = False
    passed_by: tuple[str, ...] | None = ()


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
    Demand("checks", (MAIN,), "CI has to pass", "Require the pipeline to succeed.", lambda it: bool(it.checks)),
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


def audit(branches: Mapping[str, Protection], *, has_code_owners: bool) -> Decision:
    """Every demand of §2.5 for main and release/*, and a CODEOWNERS file."""
    reasons = [
        _reason(demand, branch, branches.get(branch, OPEN))
        for branch in (MAIN, RELEASE)
        for demand in DEMANDS
        if branch in demand.branches
    ]
    return Decision((*reasons, _code_owners(is_there=has_code_owners)))


def read_settings(platform: Platform, settings: Mapping[str, Any]) -> dict[str, Protection]:
    """What the platform's own JSON says of `main` and `release/*`.

    GitHub: {branch: the answer of `branches/{branch}/protection`, or the list of `rules/branches/{branch}`; rulesets: [the answer
    of `rulesets/{id}` for each that those rules name, with its `bypass_actors`]}.
    GitLab: {protected_branches, project, approvals, approval_rules} as its API answers.
    """
    if platform is Platform.GITHUB:
        rulesets = settings.get("rulesets")
        return {name: _github(settings.get(name), rulesets) for name in (MAIN, RELEASE)}
    return {name: _gitlab(settings, name) for name in (MAIN, RELEASE)}


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
    if demand.name not in PASSED_BY or found.passed_by == ():
        return "not set", demand.remedy
    if found.passed_by is None:
        return "the report does not tell who may pass the rules by", TELL
    return f"{', '.join(found.passed_by)} may pass the rules by", "Take them from the ruleset's bypass list."


def _code_owners(*, is_there: bool) -> Reason:
    if is_there:
        return passed("protection.codeowners_file", SECTION, "There is a CODEOWNERS file.")
    remedy = "Add CODEOWNERS, so that reviews find their owners."
    return failed("protection.codeowners_file", SECTION, "There is no CODEOWNERS file.", remedy, WHO)


def _github(value: object, rulesets: object) -> Protection:
    if isinstance(value, list):
        return _github_rules(_objects(value), {str(found.get("id")): found for found in _objects(rulesets)})
    if not isinstance(value, Mapping):
        return OPEN
    reviews, checks = _object(value, "required_pull_request_reviews"), _object(value, "required_status_checks")
    has_reviews = isinstance(value.get("required_pull_request_reviews"), Mapping)
    contexts = [*_texts(checks.get("contexts")), *(_text(entry, "context") for entry in _objects(checks.get("checks")))]
    return Protection(
        # A pull request that is required is what keeps direct pushes out, for whoever may not pass it by.
        no_direct_push=has_reviews and not any(_object(reviews, "bypass_pull_request_allowances").values()),
        requires_pull_request=has_reviews,
        approvals=_count(reviews.get("required_approving_review_count")),
        dismisses_stale=reviews.get("dismiss_stale_reviews") is True,
        code_owners=reviews.get("require_code_owner_reviews") is True,
        checks=tuple(dict.fromkeys(filter(None, contexts))),
        is_strict=checks.get("strict") is True,
        binds_admins=_is_on(value.get("enforce_admins")),
        no_force_push=not _is_on(value.get("allow_force_pushes")),
    )


def _github_rules(rules: Iterable[Mapping[str, Any]], rulesets: Mapping[str, Mapping[str, Any]]) -> Protection:
    """Rules as they apply to the branch, and the rulesets they stand in, which alone say who may pass them by."""
    by_type = {str(rule.get("type")): rule for rule in rules}
    parameters = {name: _object(rule, "parameters") for name, rule in by_type.items()}
    reviews, checks = parameters.get("pull_request", {}), parameters.get("required_status_checks", {})
    contexts = [_text(entry, "context") for entry in _objects(checks.get("required_status_checks"))]
    actors = [_bypass_actors(rule, rulesets) for rule in rules]
    told = [actor for group in actors if group is not None for actor in group]
    pushing = [actor for actor in _bypass_actors(by_type.get("pull_request", {}), rulesets) or () if _pushes(actor)]
    return Protection(
        no_direct_push="pull_request" in by_type and not pushing,
        requires_pull_request="pull_request" in by_type,
        approvals=_count(reviews.get("required_approving_review_count")),
        dismisses_stale=reviews.get("dismiss_stale_reviews_on_push") is True,
        code_owners=reviews.get("require_code_owner_review") is True,
        checks=tuple(filter(None, contexts)),
        is_strict=checks.get("strict_required_status_checks_policy") is True,
        binds_admins=bool(actors) and None not in actors and not told,
        no_force_push="non_fast_forward" in by_type,
        passed_by=None if None in actors and not told else tuple(dict.fromkeys(_named(actor) for actor in told)),
    )


def _bypass_actors(
    rule: Mapping[str, Any], rulesets: Mapping[str, Mapping[str, Any]]
) -> list[Mapping[str, Any]] | None:
    """Who may pass `rule` by; None when its ruleset was not reported, or without them."""
    found = rulesets.get(str(rule.get("ruleset_id")), {}).get("bypass_actors")
    if not isinstance(found, list):
        return None
    return [actor if isinstance(actor, Mapping) else {} for actor in found]


def _pushes(actor: Mapping[str, Any]) -> bool:
    return actor.get("bypass_mode") != BY_PULL_REQUEST


def _named(actor: Mapping[str, Any]) -> str:
    kind, number = _text(actor, "actor_type"), _count(actor.get("actor_id"))
    name = ACTORS.get(kind, "somebody") + (f" (number {number})" if number and kind not in ALONE else "")
    return name if _pushes(actor) else f"{name} by a pull request"


def _gitlab(settings: Mapping[str, Any], name: str) -> Protection:
    branch = next((row for row in _objects(settings.get("protected_branches")) if row.get("name") == name), None)
    if branch is None:
        return OPEN
    project, approvals = _object(settings, "project"), _object(settings, "approvals")
    wanted = [_count(rule.get("approvals_required")) for rule in _objects(settings.get("approval_rules"))]
    nobody_pushes = _is_for_nobody(branch.get("push_access_levels"))
    return Protection(
        no_direct_push=nobody_pushes,
        requires_pull_request=nobody_pushes,
        approvals=max([*wanted, _count(approvals.get("approvals_before_merge")), 0]),
        dismisses_stale=approvals.get("reset_approvals_on_push") is True,
        code_owners=branch.get("code_owner_approval_required") is True,
        checks=("pipeline",) if project.get("only_allow_merge_if_pipeline_succeeds") is True else (),
        is_strict=project.get("merge_method") in {"ff", "rebase_merge"}
        or project.get("merge_pipelines_enabled") is True,
        # GitLab has no way round a protected branch but its own levels.
        binds_admins=nobody_pushes,
        no_force_push=branch.get("allow_force_push") is False,
    )


def _is_for_nobody(levels: object) -> bool:
    rows = list(_objects(levels))
    return bool(rows) and all(row.get("access_level") == NOBODY for row in rows)


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _is_on(value: object) -> bool:
    """`true`, or `{"enabled": true}` as GitHub's API answers."""
    return value is True or (isinstance(value, Mapping) and value.get("enabled") is True)
