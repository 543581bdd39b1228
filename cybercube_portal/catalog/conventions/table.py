"""The rules as one table, to be read beside the standard, and `check`, which holds a value against it."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from . import forms, pull_requests
from .forms import Finds

# Rule | section | what it asks for | a correct example (“\n” is a line break). The kind is what stands before the dot.
_TABLE = r"""
branch.type               | §2.2 | main, feature/…, hotfix/… or release/…                          | feature/CC-5678-billing-dashboard
branch.feature            | §2.2 | feature/{ticket}-{desc}                                          | feature/CC-1234-user-authentication
branch.hotfix             | §2.2 | hotfix/{ticket}-{desc}                                           | hotfix/CC-9999-fix-login-error
branch.release            | §2.2 | release/v{version}, or release/v{major}.{minor}                  | release/v2.3.0
branch.lifetime           | §2.2 | feature and release less than 1 week, hotfix less than 1 day     | hotfix/CC-9999-fix-login-error
commit.format             | §2.3 | {type}({scope}): {description}                                   | feat(auth): add OAuth2 support for Google login
commit.type               | §2.3 | feat, fix, docs, style, refactor, perf, test or chore            | fix(billing): correct tax calculation for EU customers
commit.scope              | §2.3 | a scope in lower case, in parentheses                            | fix(billing): correct tax calc
commit.description        | §2.3 | one space after the colon, then what the commit does             | feat(auth): add Google OAuth
commit.body               | §2.3 | an empty line before body and footer                             | feat(auth): add Google OAuth\n\nCloses CC-1234
pull_request.title        | §2.4 | Title follows commit convention                                  | feat(auth): add OAuth2 support for Google login
pull_request.description  | §2.4 | Description explains changes                                     | Users can sign in with their Google account.
pull_request.tests        | §2.4 | Tests added/updated                                              | - [x] Tests added/updated
pull_request.docs         | §2.4 | Documentation updated                                            | - [x] Documentation updated
pull_request.secrets      | §2.4 | No secrets in code                                               | - [x] No secrets in code
pull_request.migrations   | §2.4 | Migrations are reversible                                        | - [x] Migrations are reversible (there are none)
pull_request.flag         | §2.4 | Feature flag for risky changes                                   | - [x] Feature flag for risky changes: release_new_checkout
version.semver            | §3.2 | MAJOR.MINOR.PATCH, or sha-{commit} for a build of main (§3.4)    | v2.3.1
version.prerelease        | §3.2 | a pre-release is alpha.N, beta.N or rc.N                         | v2.3.0-rc.1
artifact.format           | §3.3 | {service}:{version}, alone or after a registry                   | api-service:v2.3.1
artifact.service          | §3.3 | a service is words in lower case, joined by “-”                  | billing-worker:v2.3.1
artifact.version          | §3.2 | a version, or latest for dev                                     | web-app:v2.3.1
migration.timestamp       | §9.2 | {timestamp}: a moment of 14 digits                               | 20260117120000_add_tax_rate_to_products.sql
migration.description     | §9.2 | {description}: words in lower case, joined by “_”                | 20260117130000_create_audit_log_table.sql
migration.ending          | §9.2 | .sql                                                             | 20260117140000_add_index_users_email.sql
flag.type                 | §7.2 | {type}: release, ops, experiment or permission                   | release_new_dashboard
flag.format               | §7.2 | {type}_{feature}_{variant} in lower case                         | ops_rate_limit_strict
variable.format           | §1.3 | CYBERCUBE_{CATEGORY}_{NAME} in upper case                        | CYBERCUBE_DB_HOST
"""


class Rule(NamedTuple):
    """One rule: what it `says` for people, and a correct `example`."""

    kind: str
    name: str
    section: str
    says: str
    example: str


class Violation(NamedTuple):
    """One broken rule, in the shape of the API."""

    kind: str
    value: str
    rule: str
    section: str
    message: str
    example: str


def _read(line: str) -> Rule:
    name, section, says, example = (cell.strip() for cell in line.split(" | "))
    return Rule(name.partition(".")[0], name, section, says, example.replace(r"\n", "\n"))


RULES: tuple[Rule, ...] = tuple(_read(line) for line in _TABLE.strip().splitlines())
KINDS: tuple[str, ...] = tuple(dict.fromkeys(rule.kind for rule in RULES))

_LIFETIME = "branch.lifetime"
_SAYS = {rule.name: rule.says for rule in RULES}
_FINDS: dict[str, Finds] = {
    "branch.type": forms.branch_type,
    "branch.feature": forms.working_branch("feature"),
    "branch.hotfix": forms.working_branch("hotfix"),
    "branch.release": forms.release_branch,
    "commit.format": forms.commit_form,
    "commit.type": forms.commit_type,
    "commit.scope": forms.commit_scope,
    "commit.description": forms.commit_description,
    "commit.body": forms.commit_body,
    "pull_request.title": pull_requests.pull_request_title,
    "pull_request.description": pull_requests.pull_request_description,
    **{
        name: pull_requests.checklist_item(_SAYS[name])
        for name in _SAYS
        if name.startswith("pull_request.") and name not in {"pull_request.title", "pull_request.description"}
    },
    "version.semver": forms.version_form,
    "version.prerelease": forms.version_prerelease,
    "artifact.format": forms.artifact_form,
    "artifact.service": forms.artifact_service,
    "artifact.version": forms.artifact_version,
    "migration.timestamp": forms.migration_timestamp,
    "migration.description": forms.migration_description,
    "migration.ending": forms.migration_ending,
    "flag.type": forms.flag_type,
    "flag.format": forms.flag_form,
    "variable.format": forms.variable_form,
}


def check(kind: str, value: str, *, age: timedelta | None = None) -> list[Violation]:
    """Every rule that `value` breaks, in the order of the table; none when it is well formed.

    `kind` is one of KINDS; a commit's value is its whole message, a pull request's its title, or title, line break and
    description. `age` is how old a branch is, when that is known. Raises KeyError for another kind; never for a value.
    """
    if kind not in KINDS:
        raise KeyError(kind)
    text = value.replace("\r\n", "\n")
    found: list[Violation] = []
    for rule in RULES:
        if rule.kind != kind:
            continue
        if rule.name == _LIFETIME:
            message = None if age is None or found else forms.too_old(text, age)
        else:
            message = _FINDS[rule.name](text)
        if message:
            found.append(Violation(kind, value, rule.name, rule.section, message, rule.example))
    return found
