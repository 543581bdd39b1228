"""§1.3, §2.2 to §2.4, §3.2, §3.3, §7.2, §9.2: one row for each example of the document (R2, R10, R11, R17, R20), and near misses."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybercube_portal.catalog.conventions.forms import TYPES
from cybercube_portal.catalog.conventions.table import KINDS, RULES, check

HERE = Path(__file__).parent
DAY = timedelta(days=1)
CHECKLIST = (
    "Title follows commit convention",
    "Description explains changes",
    "Tests added/updated",
    "Documentation updated",
    "No secrets in code",
    "Migrations are reversible",
    "Feature flag for risky changes",
)


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return [{**row, "value": row["value"].replace(r"\n", "\n")} for row in csv.DictReader(file)]


def broken(kind: str, value: str, age: timedelta | None = None) -> list[str]:
    return [found.rule for found in check(kind, value, age=age)]


@pytest.mark.parametrize("row", rows("conventions.csv"), ids=lambda row: f"{row['kind']} {row['value'][:60]}")
def test_example_of_the_standard__checked__comes_out_as_its_section_says(row: dict[str, str]) -> None:
    assert broken(row["kind"], row["value"]) == row["broken"].split()


@pytest.mark.parametrize("row", rows("conventions_near_misses.csv"), ids=lambda row: f"{row['kind']} {row['value']!r}")
def test_near_miss__checked__names_the_rule_and_shows_how_it_is_right(row: dict[str, str]) -> None:
    found = check(row["kind"], row["value"])

    assert [violation.rule for violation in found] == row["broken"].split()
    for violation in found:
        assert violation.section.startswith("§")
        assert violation.message.endswith(".")
        assert violation.value == row["value"]
        assert violation.example in {rule.example for rule in RULES if rule.name == violation.rule}


def test_near_misses__of_the_table__break_every_rule_that_a_value_alone_can_break() -> None:
    missed = {name for row in rows("conventions_near_misses.csv") for name in row["broken"].split()}
    # What needs an age or a description is shown below.
    shown_below = {rule.name for rule in RULES if rule.kind == "pull_request"} - {"pull_request.title"}
    assert {rule.name for rule in RULES} - missed == shown_below | {"branch.lifetime"}


def test_table__examples_of_the_rules__keep_every_rule_of_their_kind() -> None:
    assert {rule.kind for rule in RULES} == set(KINDS)
    for rule in RULES:
        if rule.kind != "pull_request" or rule.name == "pull_request.title":
            assert broken(rule.kind, rule.example) == [], rule.name


@pytest.mark.parametrize("kind", TYPES)
def test_commit__each_type_of_the_table__is_one(kind: str) -> None:
    assert broken("commit", f"{kind}(auth): say it") == []
    assert broken("commit", f"{kind}(auth)!: say it") == []


@pytest.mark.parametrize(
    ("branch", "age", "rules"),
    [
        ("feature/CC-1234-user", 7 * DAY - timedelta(seconds=1), []),
        ("feature/CC-1234-user", 7 * DAY, ["branch.lifetime"]),
        ("hotfix/CC-9999-login", DAY - timedelta(seconds=1), []),
        ("hotfix/CC-9999-login", DAY, ["branch.lifetime"]),
        ("release/v2.3.0", 7 * DAY - timedelta(seconds=1), []),
        ("release/v2.3.0", 7 * DAY, ["branch.lifetime"]),
        ("main", 4000 * DAY, []),
        ("feature/user-auth", 30 * DAY, ["branch.feature"]),
    ],
)
def test_branch__as_old_as_this__keeps_its_lifetime_of_2_2(branch: str, age: timedelta, rules: list[str]) -> None:
    assert broken("branch", branch, age) == rules


def pull_request(*unticked: str, said: str = "Users sign in with Google.") -> str:
    boxes = [f"- [{' ' if item in unticked else 'x'}] {item}" for item in CHECKLIST]
    return "\n".join(["feat(auth): add Google OAuth", "", said, "", "## Checklist", *boxes])


def test_pull_request__checklist_of_2_4_ticked__is_right() -> None:
    assert broken("pull_request", pull_request()) == []
    assert broken("pull_request", pull_request().replace("\n", "\r\n")) == []


def test_pull_request__title_and_description__are_judged_by_what_they_are_and_not_by_their_boxes() -> None:
    assert broken("pull_request", pull_request(*CHECKLIST[:2])) == []
    assert broken("pull_request", pull_request(said="")) == ["pull_request.description"]
    assert broken("pull_request", pull_request().replace("feat(auth)", "Feature")) == ["pull_request.title"]


@pytest.mark.parametrize(
    ("item", "rule"),
    list(
        zip(
            CHECKLIST[2:],
            [f"pull_request.{name}" for name in ("tests", "docs", "secrets", "migrations", "flag")],
            strict=True,
        )
    ),
)
def test_pull_request__item_left_open_or_left_out__is_named(item: str, rule: str) -> None:
    assert broken("pull_request", pull_request(item)) == [rule]
    assert broken("pull_request", pull_request().replace(f"- [x] {item}", "")) == [rule]
    assert broken("pull_request", pull_request().replace(item, f"{item} (not needed: documentation only)")) == []


@pytest.mark.parametrize(
    ("written", "rules"),
    [
        # Ticked in another list, in bold, indented under another item, with Windows' line ends.
        ("1. [x] {item}", []),
        ("* [X] **{item}**: none are needed", []),
        ("- [x] All of it\n    - [x] {item}", []),
        ("- [x] {item}\r", []),
        # Ticked where nobody sees it.
        ("<!--\n- [x] {item}\n-->", ["pull_request.secrets"]),
        ("<!-- never closed\n- [x] {item}", ["pull_request.secrets"]),
        ("```\n- [x] {item}\n```", ["pull_request.secrets"]),
        ("~~~~ md\n```\n- [x] {item}\n~~~\n~~~~", ["pull_request.secrets"]),
        # Ticked once and left open once more.
        ("- [x] {item}\n  - [ ] {item} of the fixtures", ["pull_request.secrets"]),
        ("- [ ] {item}\n- [x] {item}", ["pull_request.secrets"]),
        # No item of a list.
        ("[x] {item}", ["pull_request.secrets"]),
        ("-[x] {item}", ["pull_request.secrets"]),
        ("- [-] {item}", ["pull_request.secrets"]),
        ("- [x] We have {item}", ["pull_request.secrets"]),
    ],
)
def test_pull_request__item_written_like_this__counts_when_a_reader_sees_it_ticked(
    written: str, rules: list[str]
) -> None:
    lines = [line for line in pull_request().split("\n") if CHECKLIST[4] not in line]
    assert broken("pull_request", "\n".join([*lines, "", written.format(item=CHECKLIST[4])])) == rules


@pytest.mark.parametrize("said", ["<!--\nSay what changes,\nand why.\n-->", "```\ncode alone\n```", "# Heading", " "])
def test_pull_request__nothing_but_what_the_template_holds__is_no_description(said: str) -> None:
    assert broken("pull_request", pull_request(said=said)) == ["pull_request.description"]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("fixup! feat(auth): add Google OAuth", "--autosquash"),
        ('Revert "feat(auth): add Google OAuth"', "say what is taken back"),
        ("Merge branch 'main'", "merge commits are not judged"),
    ],
)
def test_commit__that_git_wrote__is_told_what_to_do(message: str, told: str) -> None:
    (found,) = check("commit", message)
    assert told in found.message


def test_commit__people_of_any_script_and_their_signs__are_welcome() -> None:
    for said in ("añade OAuth", "добавить вход", "登录", "add 👩‍💻 avatars", "2"):
        assert broken("commit", f"feat(auth): {said}") == []


def test_check__unknown_kind__is_no_kind() -> None:
    with pytest.raises(KeyError):
        check("tag", "v2.3.1")


def shaped(*alphabets: str) -> st.SearchStrategy[str]:
    """Texts that look nearly right, so that every rule is reached, and texts of anything."""
    near = st.lists(st.sampled_from([*alphabets, " ", "\n", "é", "0", ""]), max_size=12).map("".join)
    return st.one_of(near, st.text(max_size=200))


@settings(max_examples=4000, deadline=None)
@given(shaped("feature/", "hotfix/", "release/", "CC-12", "-", "v2.3", ".0", "main", "x"), st.timedeltas())
def test_branch__of_4000_generated__never_crashes(value: str, age: timedelta) -> None:
    assert all(found.rule.startswith("branch.") for found in check("branch", value, age=age))


@settings(max_examples=4000, deadline=None)
@given(shaped("feat", "(auth)", "!", ": ", "add", "\n\n", "- [x] ", "Tests added/updated", "#"))
def test_commit__of_4000_generated__never_crashes(value: str) -> None:
    for kind in ("commit", "pull_request"):
        assert all(found.rule.startswith(f"{kind}.") for found in check(kind, value))


@settings(max_examples=4000, deadline=None)
@given(
    shaped(
        "v",
        "1.2.3",
        "-rc.1",
        "-sha-",
        "a1b2c3d",
        "+build",
        "api:",
        "/",
        "20260117120000_",
        ".sql",
        "ops_",
        "CYBERCUBE_",
    )
)
def test_version__of_4000_generated__never_crashes(value: str) -> None:
    for kind in ("version", "artifact", "migration", "flag", "variable"):
        assert all(found.rule.startswith(f"{kind}.") for found in check(kind, value))
