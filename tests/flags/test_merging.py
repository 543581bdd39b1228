"""Two who edited from the same version: what is kept of both, and where somebody has to look. No database."""

from __future__ import annotations

from typing import Any

import pytest

from flags.policy.merging import Member, merged, merged_rules

MERGES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[tuple[str, bool]]]] = [
    ({"enabled": True}, {}, {"enabled": True}, [("enabled", False)]),
    ({}, {"rollout_percentage": 5}, {"rollout_percentage": 5}, [("rollout_percentage", False)]),
    ({"enabled": True}, {"rollout_percentage": 5}, {"enabled": True, "rollout_percentage": 5}, [("enabled", False), ("rollout_percentage", False)]),
    ({"rollout_percentage": 25}, {"rollout_percentage": 5}, {"rollout_percentage": 5}, [("rollout_percentage", True)]),
    ({"rollout_percentage": 5}, {"rollout_percentage": 5}, {"rollout_percentage": 5}, [("rollout_percentage", False)]),
]  # fmt: skip


@pytest.mark.parametrize(("theirs", "mine", "expected", "told"), MERGES)
def test_merge__of_two_edits__keeps_both_and_mine_where_they_clash(
    theirs: dict[str, Any], mine: dict[str, Any], expected: dict[str, Any], told: list[tuple[str, bool]]
) -> None:
    base: dict[str, Any] = {"enabled": False, "rollout_percentage": None, "rules": [], "salt": "x"}
    content, members = merged(base=base, theirs={**base, **theirs}, mine={**base, **mine})
    assert content == {**base, **expected}
    assert [(member.name, member.clashes) for member in members] == told


# A rule is written id:what it says. `told`: number in base (0: added), what each has ("-": nothing), "!" where a person has to look.
RULES = [
    # base, theirs, mine, result, told
    ("a b", "a b", "a b", "a b", ()),
    ("a b", "a:1 b", "a b:2", "a:1 b:2", ("1 a a:1 a", "2 b b b:2")),
    ("a b", "a:1 b", "a:1 b", "a:1 b", ("1 a a:1 a:1",)),
    ("a b", "a:1 b", "a:2 b", "a:2 b", ("1 a a:1 a:2 !",)),
    ("a b", "b", "a b:2", "b:2", ("1 a - a", "2 b b b:2")),
    ("a b", "b", "a:2 b", "a:2 b", ("1 a - a:2 !",)),
    ("a b", "a:1 b", "b", "b", ("1 a a:1 - !",)),
    ("a b", "b", "b", "b", ("1 a - -",)),
    ("a b", "x a b", "a b y", "x a b y", ("0 - x -", "0 - - y")),
    ("a b", "a x b", "a y z b", "a x y z b", ("0 - x y !", "0 - - z")),
    ("a b", "a b r1:t", "r1:m a b", "r2:m a b r1:t", ("0 - r1:t -", "0 - - r2:m")),
    ("a b", "a b r1", "a b r1", "a b r1", ("0 - r1 r1",)),
    ("", "x", "y", "x y", ("0 - x y !",)),
    ("a", "", "a y", "y", ("1 a - a", "0 - - y")),
    ("a b c", "c a b", "a b c d", "c d a b", ("0 - - d", "order 123 312 123")),
    ("a b c", "a x b c", "c b a", "c b a x", ("0 - x -", "order 123 123 321")),
    ("a b c", "c a b", "b c a", "b c a", ("order 123 312 231 !",)),
    ("a b", "b a x", "b a y", "b a y x", ("0 - x y !", "order 12 21 21")),
]


@pytest.mark.parametrize(("base", "theirs", "mine", "expected", "told"), RULES)
def test_merge__of_rules__is_rule_by_rule(
    base: str, theirs: str, mine: str, expected: str, told: tuple[str, ...]
) -> None:
    rules, members = merged_rules(base=_read(base), theirs=_read(theirs), mine=_read(mine))
    assert [_said(rule) for rule in rules] == expected.split()
    assert tuple(map(_told, members)) == told


def _read(text: str) -> list[dict[str, str]]:
    return [{"id": name, "says": says} for name, _, says in (word.partition(":") for word in text.split())]


def _said(value: Any) -> str:
    if isinstance(value, list):
        return "".join(map(str, value))
    return ":".join(filter(None, value.values())) if value else "-"


def _told(member: Member) -> str:
    each = " ".join(_said(value) for value in (member.base, member.theirs, member.mine))
    return f"{member.number if member.name == 'rules' else 'order'} {each}{' !' if member.clashes else ''}"
