"""Commits (§2.3), the changelog (§5.4) and the release notes (§5.5), held against the standard's own examples."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybercube_portal.catalog.commits import parse_commit
from releases.policy.changelog import Group, document, draft, section, without_heading, written
from releases.policy.notes import SECTIONS, NotesFacts, draft_notes, missing_sections, new_variables


def rows() -> Iterator[Any]:
    with Path(__file__).with_name("commits.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            yield pytest.param({name: text.replace("\\n", "\n") for name, text in row.items()}, id=row["where"])


@pytest.mark.parametrize("row", list(rows()))
def test_commit__of_the_standard_and_of_the_convention__is_taken_apart(row: dict[str, str]) -> None:
    commit = parse_commit(row["message"])
    if row["type"] == "-":
        assert commit is None
        return
    assert commit is not None
    found = (commit.type, commit.scope, commit.description, commit.breaking, " ".join(commit.tickets))
    assert found == (row["type"], row["scope"], row["description"], row["breaking"], row["tickets"])


@given(st.text())
def test_commit__of_any_text__never_fails(text: str) -> None:
    parse_commit(text)


@given(st.lists(st.text(alphabet="feat fix:()!\n-#BREAKINGCHANGEC1 ", max_size=200)))
def test_draft__of_anything_like_commits__never_fails_and_its_lines_stay_lines(messages: list[str]) -> None:
    drafted = draft(messages)
    assert len(drafted.commits) + len(drafted.unread) <= len(messages)
    lines = written(drafted).splitlines()
    assert all(line.startswith(("### ", "- ")) or not line for line in lines)
    draft_notes(NotesFacts(service="x", version="v1.0.0", type="minor", on=None, drafted=drafted))


# The commits behind the example of §5.4, as §2.3 would have them.
HISTORY = (
    "feat(auth): add OAuth2 support for Google login\n\nImplements it.\n\nCloses CC-1234",
    "feat(export): add bulk export for project data (CC-1235)",
    "feat(webhooks): add webhook retry configuration\n\nCloses CC-1236",
    "docs: describe the export",
    "test: cover retries",
    "chore: tidy",
    "style: format",
    "perf(dashboard): improved dashboard loading performance (CC-1237)",
    "refactor(payments): updated payment processing flow (CC-1238)",
    "chore(auth): warn at the old log-in\n\nDeprecated: Legacy authentication endpoint `/auth/login` (use `/v1/auth/login`)",
    "chore(deps): updated dependencies to address CVE-2026-1234",
    "Merge branch 'main'",
)
# §5.4, without the words that no commit carries.
EXAMPLE = """## [2.3.0] - 2026-01-15

### Added
- OAuth2 support for Google login (CC-1234)
- Bulk export for project data (CC-1235)
- Webhook retry configuration (CC-1236)

### Changed
- Improved dashboard loading performance (CC-1237)
- Updated payment processing flow (CC-1238)

### Deprecated
- Legacy authentication endpoint `/auth/login` (use `/v1/auth/login`)

### Security
- Updated dependencies to address CVE-2026-1234
"""
FIXES = (
    "fix(billing): correct tax calculation for EU customers\n\nFixes CC-5678",
    "fix(files): fix timeout on large file uploads\n\nFixes CC-5679",
)
FIXED = """## [2.3.1] - 2026-01-17

### Fixed
- Correct tax calculation for EU customers (CC-5678)
- Fix timeout on large file uploads (CC-5679)
"""


def test_changelog__of_the_standards_example__is_the_standards_own() -> None:
    assert section("v2.3.0", date(2026, 1, 15), written(draft(HISTORY))) == EXAMPLE
    assert section("v2.3.1", date(2026, 1, 17), written(draft(FIXES))) == FIXED
    whole = document([FIXED, EXAMPLE])
    assert whole.startswith(
        "# Changelog\n\nAll notable changes to this project are documented in this file.\n\n## [2.3.1]"
    )
    assert whole.endswith(EXAMPLE)


@pytest.mark.parametrize(
    ("message", "group", "line"),
    [
        ("feat: add x", Group.ADDED, "X"),
        ("feat: support x", Group.ADDED, "Support x"),
        ("fix: stop y", Group.FIXED, "Stop y"),
        ("feat: deprecate z", Group.DEPRECATED, "Z"),
        ("feat!: remove z", Group.REMOVED, "**Breaking:** Z"),
        ("fix(security): check the host", Group.SECURITY, "Check the host"),
        (
            "fix: check the host\n\nSecurity: Hosts are checked (CVE-2026-1)",
            Group.SECURITY,
            "Hosts are checked (CVE-2026-1)",
        ),
        ("chore!: need Python 3.11", Group.CHANGED, "**Breaking:** Need Python 3.11"),
        ("docs: add x", None, ""),
        ("test: add x", None, ""),
        ("style: add x", None, ""),
        ("chore: add x", None, ""),
        ("fix: CC-3 stop y", Group.FIXED, "Stop y (CC-3)"),
        ("fix: [CC-3] stop y", Group.FIXED, "Stop y (CC-3)"),
        ("fix: stop y (CC-3, CC-4)", Group.FIXED, "Stop y (CC-3, CC-4)"),
    ],
)
def test_changelog__of_one_commit__has_it_under_its_heading_or_leaves_it_out(
    message: str, group: Group | None, line: str
) -> None:
    found = [(entry.group, str(entry)) for entry in draft([message]).entries]
    assert found == ([(group, line)] if group else [])


def test_changelog__of_a_feature_that_deprecates_another__tells_both() -> None:
    found = draft(["feat(auth): add /v1/auth/login (CC-4)\n\nDeprecated: `/auth/login`"]).entries
    assert [(entry.group, str(entry)) for entry in found] == [
        (Group.ADDED, "/v1/auth/login (CC-4)"),
        (Group.DEPRECATED, "`/auth/login` (CC-4)"),
    ]


def test_changelog__the_same_line_twice__is_told_once() -> None:
    assert len(draft(["fix: x (CC-1)", "fix: x (CC-1)"]).entries) == 1


@pytest.mark.parametrize("text", [FIXED, "\n" + FIXED, "### Fixed\n- x", "## [2.3.1] - 2026-01-17"])
def test_changelog__sent_back_with_its_heading__is_kept_without(text: str) -> None:
    assert "## [2.3.1]" not in without_heading(text)


def notes(*messages: str, **facts: Any) -> str:
    drafted = draft(messages)
    return draft_notes(
        NotesFacts(
            **{
                "service": "Web app",
                "version": "v2.3.0",
                "type": "minor",
                "on": date(2026, 1, 15),
                "drafted": drafted,
                **facts,
            }
        )
    )


def test_notes__of_the_template__have_its_head_and_every_section_in_its_order() -> None:
    text = notes(*HISTORY)
    assert text.startswith("# Release Notes: v2.3.0\n\n**Release Date:** 2026-01-15\n**Type:** Minor Release\n")
    places = [text.index(f"\n## {title}\n") for title in SECTIONS]
    assert places == sorted(places)
    assert missing_sections(text) == ()
    assert missing_sections(text.replace("## Known Issues", "## Trouble")) == ("Known Issues",)
    assert "### OAuth2 support for Google login\n\nImplements it.\n" in text
    assert "Closes" not in text
    assert "- **Dashboard**: Improved dashboard loading performance (CC-1237)" in text
    assert "## Breaking Changes\n\nNone in this release." in text
    assert "1. No database migrations required\n2. Deploy new version" in text


def test_notes__with_what_an_upgrade_needs__say_it() -> None:
    text = notes(
        "feat(auth)!: move the log-in\n\nSet CYBERCUBE_OAUTH_CLIENT_ID first.\n\nBREAKING CHANGE: call /v1/auth/login\nRefs: CC-8",
        "fix: stop y",
        migrations={"20260117120000_add_tax_rate.sql": "schema"},
    )
    assert "- Call /v1/auth/login (CC-8)" in text
    assert "1. Run the database migrations, in this order:\n   - `20260117120000_add_tax_rate.sql` (schema)" in text
    assert "2. Update environment variables (see below)\n3. Deploy new version" in text
    assert "### New Environment Variables\n\n```bash\nCYBERCUBE_OAUTH_CLIENT_ID=\n```" in text
    assert "## Bug Fixes\n\n- Stop y" in text
    assert new_variables(draft(["fix: set CYBERCUBE_DB_HOST"])) == ("CYBERCUBE_DB_HOST",)


def test_notes__of_a_body_with_headings__keep_the_templates_own() -> None:
    text = notes("feat: add x\n\n# Big\nwords\n## Highlights\n---")
    assert "# Big" not in text.replace("# Release", "")
    assert text.count("## Highlights") == 1
