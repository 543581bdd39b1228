"""What kind of change it is by the table of required approvals (§2.4), from answers and facts. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from changes.policy.approvals import ChangeClass


def classes_of(
    *,
    answers: Mapping[str, bool | None],
    deploys: bool,
    migration_kinds: Collection[str],
    has_breaking_commits: bool,
) -> frozenset[ChangeClass]:
    """The rows of §2.4 that apply. `deploys`: the change names an artifact; what is registered counts beside the answers."""
    applies = {
        ChangeClass.CODE: deploys,
        ChangeClass.SECURITY: answers.get("security"),
        ChangeClass.MIGRATION: answers.get("database_schema") or migration_kinds,
        ChangeClass.INFRASTRUCTURE: answers.get("infrastructure"),
        ChangeClass.BREAKING: answers.get("breaking_api") or has_breaking_commits,
    }
    return frozenset(kind for kind, holds in applies.items() if holds)
