"""What GitHub and GitLab report of a repository's branches, read into the plain facts that `protection` judges (§2.5). Pure.

Whatever is missing, unknown or of another shape than the platform documents counts as not set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from cybercube_portal.catalog.protection import MAIN, OPEN, RELEASE, Platform, Protection

# GitLab's access level "No one".
NOBODY = 0
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
# A release branch as §2.2 names it: what a pattern has to cover.
A_RELEASE = "release/v1.0.0"
# GitLab's approval rules that every merge request meets; the others ask only when a report says so.
ALWAYS_ASKED = ("", "regular", "any_approver")
# Those there is one of: their number says nothing.
ALONE = ("OrganizationAdmin", "EnterpriseOwner", "DeployKey")


def read_settings(platform: Platform, settings: Mapping[str, Any]) -> dict[str, Protection]:
    """What the platform's own JSON says of `main` and `release/*`.

    GitHub: {branch: the answer of `branches/{branch}/protection`, or the list of `rules/branches/{branch}`; rulesets: [the answer
    of `rulesets/{id}` for each that those rules name, with its `bypass_actors`], codeowners_errors: the answer of `codeowners/errors`}.
    GitLab: {protected_branches, project, approvals, approval_rules} as its API answers.
    """
    if platform is Platform.GITHUB:
        rulesets = settings.get("rulesets")
        return {name: _github(settings.get(name), rulesets) for name in (MAIN, RELEASE)}
    return {name: _gitlab(settings, name) for name in (MAIN, RELEASE)}


def read_code_owner_errors(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """What GitHub found wrong in CODEOWNERS, each with its line: it passes over such lines. Empty where it was not reported."""
    return tuple(
        f"{_text(error, 'kind') or 'error'} in line {_count(error.get('line'))}"
        for error in _objects(_object(settings, "codeowners_errors").get("errors"))
    )


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
    """Rules as they apply to the branch, and the rulesets they stand in, which alone say who may pass them by.

    Where several rulesets have a rule of one kind, the strictest of each setting applies, as GitHub merges them.
    """
    rules = list(rules)
    pulls = [rule for rule in rules if rule.get("type") == "pull_request"]
    reviews = [_object(rule, "parameters") for rule in pulls]
    checks = [_object(rule, "parameters") for rule in rules if rule.get("type") == "required_status_checks"]
    contexts = [_text(entry, "context") for one in checks for entry in _objects(one.get("required_status_checks"))]
    actors = [_bypass_actors(rule, rulesets) for rule in rules]
    told = [actor for group in actors if group is not None for actor in group]
    return Protection(
        # One that nobody may push past is enough.
        no_direct_push=any(not any(map(_pushes, _bypass_actors(rule, rulesets) or ())) for rule in pulls),
        requires_pull_request=bool(pulls),
        approvals=max((_count(one.get("required_approving_review_count")) for one in reviews), default=0),
        dismisses_stale=any(one.get("dismiss_stale_reviews_on_push") is True for one in reviews),
        code_owners=any(one.get("require_code_owner_review") is True for one in reviews),
        checks=tuple(filter(None, contexts)),
        is_strict=any(one.get("strict_required_status_checks_policy") is True for one in checks),
        binds_admins=bool(actors) and None not in actors and not told,
        no_force_push=any(rule.get("type") == "non_fast_forward" for rule in rules),
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
    """Of several patterns that match a branch the most permissive counts, and an exact name overrides none; only code owners are asked by any."""
    branch = A_RELEASE if name == RELEASE else name
    covering = [
        row
        for row in _objects(settings.get("protected_branches"))
        if _covers(_text(row, "name"), branch) and not (name == RELEASE and "*" not in _text(row, "name"))
    ]
    if not covering:
        return OPEN
    project, approvals = _object(settings, "project"), _object(settings, "approvals")
    wanted = [
        _count(rule.get("approvals_required"))
        for rule in _objects(settings.get("approval_rules"))
        if _text(rule, "rule_type") in ALWAYS_ASKED and _asks_for(rule, branch)
    ]
    nobody_pushes = all(_is_for_nobody(row.get("push_access_levels")) for row in covering)
    return Protection(
        no_direct_push=nobody_pushes,
        requires_pull_request=nobody_pushes,
        approvals=max([*wanted, _count(approvals.get("approvals_before_merge")), 0]),
        dismisses_stale=approvals.get("reset_approvals_on_push") is True,
        code_owners=any(row.get("code_owner_approval_required") is True for row in covering),
        checks=("pipeline",) if project.get("only_allow_merge_if_pipeline_succeeds") is True else (),
        whole_pipeline=project.get("only_allow_merge_if_pipeline_succeeds") is True,
        is_strict=project.get("merge_method") in {"ff", "rebase_merge"}
        or project.get("merge_pipelines_enabled") is True,
        # GitLab has no way round a protected branch but its own levels.
        binds_admins=nobody_pushes,
        no_force_push=all(row.get("allow_force_push") is False for row in covering),
    )


def _covers(pattern: str, branch: str) -> bool:
    """Whether GitLab's pattern, in which * stands for anything, matches the branch."""
    return re.fullmatch(".*".join(map(re.escape, re.split(r"\*+", pattern))), branch) is not None


def _asks_for(rule: Mapping[str, Any], branch: str) -> bool:
    """Whether an approval rule is for the branch: for all that are protected, for those it names, or for any when it names none."""
    named = _objects(rule.get("protected_branches"))
    every = rule.get("applies_to_all_protected_branches") is True or not named
    return every or any(_covers(_text(row, "name"), branch) for row in named)


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
