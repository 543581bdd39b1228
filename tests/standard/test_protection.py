"""§2.5: the table and the printed GitHub configuration, against what GitHub and GitLab report."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybercube_portal.catalog.protection import MAIN, RELEASE, Platform, audit
from cybercube_portal.catalog.protection_platforms import read_code_owner_errors, read_settings
from cybercube_portal.decisions import Decision

CONTEXTS = ["ci/test", "ci/lint", "ci/security"]
# §2.5 as printed.
PRINTED: dict[str, Any] = {
    "required_pull_request_reviews": {
        "required_approving_review_count": 1,
        "dismiss_stale_reviews": True,
        "require_code_owner_reviews": True,
    },
    "required_status_checks": {"strict": True, "contexts": CONTEXTS},
    "enforce_admins": True,
    "restrictions": None,
}
# The same as the API answers.
ANSWERED = {**PRINTED, "enforce_admins": {"enabled": True}, "allow_force_pushes": {"enabled": False}}
ONLY_REVIEWED = {"required_pull_request_reviews": {"required_approving_review_count": 1}}
RULES: list[dict[str, Any]] = [
    {
        "type": "pull_request",
        "parameters": {
            "required_approving_review_count": 1,
            "dismiss_stale_reviews_on_push": True,
            "require_code_owner_review": True,
        },
        "ruleset_id": 7,
    },
    {
        "type": "required_status_checks",
        "parameters": {
            "strict_required_status_checks_policy": True,
            "required_status_checks": [{"context": f"ci / {name}"} for name in ("unit-tests (3.13)", "Lint", "scan")],
        },
        "ruleset_id": 7,
    },
    {"type": "non_fast_forward", "ruleset_id": 8},
]
RULESETS: list[dict[str, Any]] = [{"id": 7, "bypass_actors": []}, {"id": 8, "bypass_actors": []}]


OPEN_TO_PUSH = {"direct_push", "pull_request", "admins"}


def gitlab_branch(name: str, *, level: int = 0, **fields: Any) -> dict[str, Any]:
    levels = [{"access_level": level, "access_level_description": "No one" if level == 0 else "Maintainers"}]
    return {
        "name": name,
        "push_access_levels": levels,
        "merge_access_levels": [{"access_level": 40}],
        "allow_force_push": False,
        "code_owner_approval_required": True,
        **fields,
    }


GITLAB: dict[str, Any] = {
    "protected_branches": [gitlab_branch(MAIN), gitlab_branch(RELEASE)],
    "project": {"only_allow_merge_if_pipeline_succeeds": True, "merge_method": "ff"},
    "approvals": {"reset_approvals_on_push": True},
    "approval_rules": [{"name": "All", "approvals_required": 1}],
}


def judged(platform: Platform, settings: dict[str, Any], *, code_owners: bool = True) -> Decision:
    errors = read_code_owner_errors(settings)
    return audit(read_settings(platform, settings), has_code_owners=code_owners, code_owner_errors=errors)


def failing(platform: Platform, settings: dict[str, Any], *, code_owners: bool = True) -> set[str]:
    """`branch demand` for each that does not hold."""
    decision = judged(platform, settings, code_owners=code_owners)
    codes = {(reason.details.get("branch", ""), reason.code.partition(".")[2]) for reason in decision.failures}
    assert all(reason.section == "§2.5" and reason.remedy for reason in decision.failures)
    return {f"{branch} {name}".strip() for branch, name in codes}


@pytest.mark.parametrize("main", [PRINTED, ANSWERED, RULES], ids=["as printed", "as answered", "as rulesets"])
def test_github__set_as_2_5_prints_it__holds(main: Any) -> None:
    assert failing(Platform.GITHUB, {MAIN: main, RELEASE: ONLY_REVIEWED, "rulesets": RULESETS}) == set()


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        (
            {"required_pull_request_reviews": None},
            {"direct_push", "pull_request", "approvals", "stale_reviews", "code_owners"},
        ),
        (
            {"required_pull_request_reviews": {"required_approving_review_count": 0}},
            {"approvals", "stale_reviews", "code_owners"},
        ),
        ({"required_status_checks": None}, {"checks", "strict"}),
        ({"required_status_checks": {**PRINTED["required_status_checks"], "strict": False}}, {"strict"}),
        ({"required_status_checks": {"strict": True, "checks": [{"context": name} for name in CONTEXTS]}}, set()),
        ({"required_status_checks": {"strict": True, "contexts": CONTEXTS[:2]}}, {"checks"}),
        ({"required_status_checks": {"strict": True, "contexts": ["ci/latest", "split", "insecure"]}}, {"checks"}),
        ({"required_status_checks": {"strict": True, "contexts": []}}, {"checks"}),
        ({"enforce_admins": {"enabled": False}}, {"admins"}),
        ({"allow_force_pushes": {"enabled": True}}, {"force_push"}),
    ],
)
def test_github__main_with_something_off__names_it(change: dict[str, Any], lacks: set[str]) -> None:
    settings = {MAIN: {**ANSWERED, **change}, RELEASE: ONLY_REVIEWED}

    assert failing(Platform.GITHUB, settings) == {f"main {name}" for name in lacks}


def test_github__somebody_may_pass_the_pull_request_by__is_a_direct_push() -> None:
    reviews = {
        **PRINTED["required_pull_request_reviews"],
        "bypass_pull_request_allowances": {"users": [{"login": "a"}]},
    }
    settings = {MAIN: {**ANSWERED, "required_pull_request_reviews": reviews}, RELEASE: ONLY_REVIEWED}

    assert failing(Platform.GITHUB, settings) == {"main direct_push"}


@pytest.mark.parametrize(
    ("rulesets", "lacks", "said"),
    [
        (None, {"admins"}, "does not tell who"),
        ([], {"admins"}, "does not tell who"),
        ([{"id": 7, "bypass_actors": []}], {"admins"}, "does not tell who"),
        # A token that may not edit a ruleset gets it without them.
        ([{"id": 7, "current_user_can_bypass": "never"}, RULESETS[1]], {"admins"}, "does not tell who"),
        (
            [{"id": 7, "bypass_actors": [{"actor_type": "OrganizationAdmin", "bypass_mode": "always"}]}, RULESETS[1]],
            {"admins", "direct_push"},
            "the organisation's admins",
        ),
        (
            [{"id": 7, "bypass_actors": [{"actor_type": "Team", "actor_id": 9, "bypass_mode": "exempt"}]}],
            {"admins", "direct_push"},
            "a team (number 9)",
        ),
        (
            [
                {
                    "id": 7,
                    "bypass_actors": [{"actor_type": "RepositoryRole", "actor_id": 5, "bypass_mode": "pull_request"}],
                },
                RULESETS[1],
            ],
            {"admins"},
            "a role in the repository (number 5) by a pull request",
        ),
        (
            [RULESETS[0], {"id": 8, "bypass_actors": [{"actor_type": "DeployKey", "bypass_mode": "always"}]}],
            {"admins"},
            "deploy keys",
        ),
        ([{"id": 7, "bypass_actors": ["x"]}, RULESETS[1]], {"admins", "direct_push"}, "somebody"),
    ],
)
def test_github__who_may_pass_rules_by__is_named_and_so_is_a_report_that_does_not_tell(
    rulesets: Any, lacks: set[str], said: str
) -> None:
    settings = {MAIN: RULES, RELEASE: ONLY_REVIEWED, "rulesets": rulesets}

    assert failing(Platform.GITHUB, settings) == {f"main {name}" for name in lacks}
    decision = audit(read_settings(Platform.GITHUB, settings), has_code_owners=True)
    assert all(said in reason.message for reason in decision.failures)


def test_github__several_rulesets__the_strictest_of_each_setting_applies() -> None:
    lax = [
        {"type": "pull_request", "parameters": {"required_approving_review_count": 0}, "ruleset_id": 9},
        {"type": "required_status_checks", "parameters": {"required_status_checks": []}, "ruleset_id": 9},
    ]
    for rules in ([*RULES, *lax], [*lax, *RULES]):
        settings = {MAIN: rules, RELEASE: ONLY_REVIEWED, "rulesets": [*RULESETS, {"id": 9, "bypass_actors": []}]}
        assert failing(Platform.GITHUB, settings) == set()


def test_github__push_past_one_of_two_rulesets__is_no_direct_push_but_passes_rules_by() -> None:
    team = {"actor_type": "Team", "actor_id": 9, "bypass_mode": "always"}
    rulesets = [{"id": 7, "bypass_actors": [team]}, {"id": 8, "bypass_actors": []}]
    second = {"type": "pull_request", "parameters": {}, "ruleset_id": 8}

    settings = {MAIN: [*RULES, second], RELEASE: ONLY_REVIEWED, "rulesets": rulesets}
    assert failing(Platform.GITHUB, settings) == {"main admins"}


def test_github__a_check_that_nobody_requires__is_named() -> None:
    checks = {"strict": True, "contexts": ["ci/test"]}
    settings = {MAIN: {**ANSWERED, "required_status_checks": checks}, RELEASE: ONLY_REVIEWED}

    (found,) = judged(Platform.GITHUB, settings).failures
    assert "no required check is named for lint or security" in found.message
    assert "ci/security" in (found.remedy or "")


def test_codeowners__with_errors__names_them_with_their_lines() -> None:
    errors = [{"line": line, "kind": "Unknown owner", "path": "CODEOWNERS"} for line in (3, 7, 9, 12)]
    settings = {MAIN: ANSWERED, RELEASE: ONLY_REVIEWED, "codeowners_errors": {"errors": errors}}

    (found,) = judged(Platform.GITHUB, settings).failures
    assert found.code == "protection.codeowners_file"
    assert "Unknown owner in line 3, Unknown owner in line 7" in found.message
    assert "and 1 more" in found.message
    assert failing(Platform.GITHUB, {**settings, "codeowners_errors": {"errors": []}}) == set()


def test_release_branches__unprotected__lack_what_2_5_demands_of_them_and_no_more() -> None:
    open_ones = {f"release/* {name}" for name in ("direct_push", "force_push", "pull_request", "approvals")}

    assert failing(Platform.GITHUB, {MAIN: ANSWERED, RELEASE: None}) == open_ones
    assert failing(Platform.GITHUB, {MAIN: ANSWERED}) == open_ones


def test_codeowners__missing__is_named() -> None:
    assert failing(Platform.GITLAB, GITLAB, code_owners=False) == {"codeowners_file"}


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        ({}, set()),
        (
            {"protected_branches": [gitlab_branch(MAIN, level=40), gitlab_branch(RELEASE)]},
            {"direct_push", "pull_request", "admins"},
        ),
        ({"protected_branches": [gitlab_branch(MAIN, allow_force_push=True), gitlab_branch(RELEASE)]}, {"force_push"}),
        (
            {"protected_branches": [gitlab_branch(MAIN, push_access_levels=[]), gitlab_branch(RELEASE)]},
            {"direct_push", "pull_request", "admins"},
        ),
        (
            {"protected_branches": [gitlab_branch(MAIN, code_owner_approval_required=False), gitlab_branch(RELEASE)]},
            {"code_owners"},
        ),
        # An exact name overrides no pattern: the most permissive counts.
        ({"protected_branches": [*GITLAB["protected_branches"], gitlab_branch("m*", level=30)]}, OPEN_TO_PUSH),
        (
            {"protected_branches": [*GITLAB["protected_branches"], gitlab_branch("ma*n", allow_force_push=True)]},
            {"force_push"},
        ),
        ({"protected_branches": [gitlab_branch("*")]}, set()),
        ({"protected_branches": [gitlab_branch(MAIN), gitlab_branch("release/v*")]}, set()),
        ({"protected_branches": [*GITLAB["protected_branches"], gitlab_branch("other", level=40)]}, set()),
        (
            {
                "protected_branches": [
                    gitlab_branch(MAIN, code_owner_approval_required=False),
                    gitlab_branch("m*"),
                    gitlab_branch(RELEASE),
                ]
            },
            set(),
        ),
        ({"project": {}}, {"checks", "strict"}),
        ({"approvals": {}}, {"stale_reviews"}),
    ],
)
def test_gitlab__main_with_something_off__names_it(change: dict[str, Any], lacks: set[str]) -> None:
    assert failing(Platform.GITLAB, {**GITLAB, **change}) == {f"main {name}" for name in lacks}


@pytest.mark.parametrize(
    ("rule", "lacks"),
    [
        ({"applies_to_all_protected_branches": True, "protected_branches": [{"name": "other"}]}, set()),
        ({"protected_branches": [{"name": "main"}]}, {"release/* approvals"}),
        ({"protected_branches": [{"name": "other"}]}, {"main approvals", "release/* approvals"}),
        ({"rule_type": "any_approver", "protected_branches": []}, set()),
        # Asked only when a report is bad.
        ({"rule_type": "report_approver"}, {"main approvals", "release/* approvals"}),
    ],
)
def test_gitlab__approval_rule__counts_for_the_branches_it_is_for(rule: dict[str, Any], lacks: set[str]) -> None:
    assert failing(Platform.GITLAB, {**GITLAB, "approval_rules": [{"approvals_required": 1, **rule}]}) == lacks


def test_gitlab__one_release_branch_protected_by_its_name__protects_no_other() -> None:
    branches = [gitlab_branch(MAIN), gitlab_branch("release/v1.0.0")]
    assert "release/* direct_push" in failing(Platform.GITLAB, {**GITLAB, "protected_branches": branches})


def test_gitlab__no_approval_is_required__is_named_for_both() -> None:
    assert failing(Platform.GITLAB, {**GITLAB, "approval_rules": []}) == {"main approvals", "release/* approvals"}


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*PRINTED, *GITLAB, MAIN, "type", "name", "ruleset_id", "id", "bypass_actors", "errors"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(
    st.sampled_from(Platform),
    st.dictionaries(st.sampled_from([MAIN, RELEASE, "rulesets", "codeowners_errors", *GITLAB]), json),
)
def test_audit__any_json__never_crashes_and_never_passes_by_default(
    platform: Platform, settings: dict[str, Any]
) -> None:
    assert failing(platform, settings)
