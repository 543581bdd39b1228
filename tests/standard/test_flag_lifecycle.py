"""§7.5 and §7.6: where a flag stands, what is left to clean up, when its owner is told. Rows beside the standard's own figures."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flags.policy.exposure import Direction, certain_of, direction_of, exposure_of
from flags.policy.lifecycle import DOCUMENTATION, LifeFacts, Stage, cleanup, may_archive, notice_due, stage_of

NOW = datetime(2026, 1, 17, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def facts(**more: Any) -> LifeFacts:
    given = {"type": "release", "exposure": 0, "certain": 0, "full_since": None, "references": 0, "last_asked_at": None}
    return LifeFacts(**{**given, **more})


STAGES: list[tuple[dict[str, Any], Stage]] = [
    ({}, Stage.DEFINED),
    ({"references": 1}, Stage.DEPLOYED),
    ({"last_asked_at": NOW}, Stage.DEPLOYED),
    ({"exposure": 1, "certain": 1}, Stage.ENABLING),
    ({"exposure": 100, "certain": 25}, Stage.ENABLING),
    ({"exposure": 100, "certain": 100, "full_since": NOW - 13 * DAY}, Stage.VALIDATING),
    ({"exposure": 100, "certain": 100, "full_since": NOW - 14 * DAY}, Stage.CLEANUP_DUE),
    ({"type": "ops", "exposure": 100, "certain": 100, "full_since": NOW - 14 * DAY}, Stage.FULL),
    ({"expires_at": NOW}, Stage.CLEANUP_DUE),
    ({"archived": True}, Stage.REMOVED),
]


@pytest.mark.parametrize(("known", "stage"), STAGES)
def test_stage__of_each_row__follows_from_facts(known: dict[str, Any], stage: Stage) -> None:
    assert stage_of(facts(**known), now=NOW) == stage


def test_cleanup__of_a_flag_that_is_done_with__is_ticked_to_the_last_item() -> None:
    done = facts(exposure=100, certain=100, full_since=NOW - 15 * DAY, archived=True, scanned=True)
    assert {item.outcome.value for item in cleanup(done, now=NOW)} == {"pass"}
    left = facts(references=2, last_asked_at=NOW, last_killed_at=NOW - DAY, full_since=NOW - 15 * DAY)
    assert [item.outcome.value for item in cleanup(left, now=NOW)] == ["pass", *["pending"] * 5]
    assert "2 lines of code" in cleanup(left, now=NOW)[2].remedy
    assert [item.message for item in cleanup(left, now=NOW) if item.code != "flag.nobody_asks"] == [
        "Flag enabled at 100% for 2+ weeks",
        "No issues reported",
        "Remove flag checks from code",
        "Remove flag from configuration",
        "Update documentation",
    ]


@pytest.mark.parametrize(
    ("path", "is_written"),
    [
        ("docs/flags.md", True),
        ("README.md", True),
        ("app/doc/x.py", True),
        ("app/docs.py", False),
        ("app/tax.py", False),
    ],
)
def test_documentation__of_a_path__is_what_people_read(path: str, is_written: bool) -> None:
    assert bool(re.search(DOCUMENTATION, path, re.IGNORECASE)) is is_written


@pytest.mark.parametrize(
    ("known", "codes"),
    [
        ({}, []),
        ({"references": 1, "last_asked_at": NOW}, ["flag.in_code", "flag.in_use"]),
        ({"last_asked_at": NOW - 8 * DAY}, []),
        ({"exposure": 50, "certain": 50}, ["flag.half_open"]),
        ({"dependents": ("release_b@prd",)}, ["flag.needed"]),
    ],
)
def test_archive__while_used__is_refused_unless_somebody_says_why(known: dict[str, Any], codes: list[str]) -> None:
    assert [reason.code for reason in may_archive(facts(**known), now=NOW, reason="").blockers] == codes
    kept = [code for code in codes if code == "flag.needed"]
    assert [reason.code for reason in may_archive(facts(**known), now=NOW, reason="Gone").blockers] == kept


def test_notice__falls_due_14_7_1_and_0_days_before_and_weekly_after() -> None:
    expires_at, told, days = NOW + 20 * DAY, None, []
    for hour in range(45 * 24):
        now = NOW + timedelta(hours=hour)
        if notice_due(expires_at, told, now=now):
            told = now
            days.append((expires_at - now) // DAY)
    assert days == [14, 7, 1, 0, -7, -14, -21]


def content(**more: Any) -> dict[str, Any]:
    given = {"enabled": True, "default_variant": "off", "rollout_percentage": None, "rollout_variant": "on"}
    return {**given, "bucket_by": "targetingKey", "rules": [], "prerequisites": [], **more}


RULE = {"id": "r1", "conditions": [{"attribute": "plan", "operator": "eq", "value": "pro"}], "variant": "on"}
RING = {
    "id": "r1",
    "conditions": [{"attribute": "targetingKey", "operator": "percentage", "value": 5}],
    "variant": "on",
}
STEPS: list[tuple[dict[str, Any], dict[str, Any], Direction]] = [
    ({"rollout_percentage": 5}, {"rollout_percentage": 25}, Direction.RAISE),
    ({"rollout_percentage": 25}, {"rollout_percentage": 5}, Direction.LOWER),
    ({"rollout_percentage": 25}, {"rollout_percentage": None}, Direction.LOWER),
    ({"rollout_percentage": 25}, {"rollout_percentage": 25, "enabled": False}, Direction.LOWER),
    ({"enabled": False}, {"rollout_percentage": 5}, Direction.RAISE),
    ({"enabled": False}, {}, Direction.SAME),
    ({"enabled": False}, {"enabled": False, "rules": [RULE]}, Direction.SAME),
    ({}, {"rules": [RULE]}, Direction.RAISE),
    ({"rules": [RULE]}, {}, Direction.RAISE),
    ({"default_variant": "on"}, {"default_variant": "off"}, Direction.LOWER),
    ({"default_variant": "off"}, {"default_variant": "on"}, Direction.RAISE),
    ({"rollout_percentage": 50}, {"rollout_percentage": 25, "bucket_by": "tenant.id"}, Direction.RAISE),
    ({"prerequisites": [{"flag": "a", "variants": ["on"]}]}, {}, Direction.RAISE),
]


@pytest.mark.parametrize(("before", "after", "direction"), STEPS)
def test_direction__only_what_moves_towards_the_safe_variant__is_lower(
    before: dict[str, Any], after: dict[str, Any], direction: Direction
) -> None:
    assert direction_of(content(**before), content(**after), "off") == direction


@pytest.mark.parametrize(
    ("written", "most", "least"),
    [
        ({}, 0, 0),
        ({"rollout_percentage": 25}, 25, 25),
        ({"rollout_percentage": 25, "rules": [RULE]}, 100, 25),
        ({"rules": [RING]}, 5, 0),
        ({"default_variant": "on"}, 100, 100),
        ({"default_variant": "on", "enabled": False}, 0, 0),
    ],
)
def test_exposure__at_most_and_at_least__frames_what_nobody_can_count(
    written: dict[str, Any], most: float, least: float
) -> None:
    assert (exposure_of(content(**written), "off"), certain_of(content(**written), "off")) == (most, least)
