"""§6.5, R6: what a custom freeze forbids, as a predicate over the change that people write in JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from changes.policy.freezes import Freeze, FreezeKind, forbids, judge
from changes.policy.predicate import parse_predicate
from changes.policy.recurrence import Recurrence, Span
from changes.policy.scope import Action, Subject
from changes.states import ChangeType, Risk

NOON = datetime(2026, 1, 17, 12, tzinfo=UTC)


def a_freeze(predicate: dict[str, Any]) -> Freeze:
    return Freeze(
        reference="FR-1",
        title="Launch",
        kind=FreezeKind.CUSTOM,
        predicate=parse_predicate(predicate),
        recurrence=Recurrence(Span(NOON, NOON + timedelta(hours=12)), "UTC"),
    )


def a_subject(**fields: Any) -> Subject:
    usual: dict[str, Any] = {
        "change_number": "CR-2026-1201-001",
        "change_type": ChangeType.NORMAL,
        "risk": Risk.LOW,
        "service": "billing",
        "team": "payments",
        "environment": "prd",
    }
    return Subject(**(usual | fields))


@pytest.mark.parametrize(
    ("predicate", "matching", "passing"),
    [
        ({}, {}, None),
        ({"types": ["normal"]}, {"change_type": ChangeType.NORMAL}, {"change_type": ChangeType.STANDARD}),
        ({"types": ["normal"]}, {"change_type": None}, {"change_type": ChangeType.EMERGENCY}),
        ({"types": ["emergency"]}, {"change_type": ChangeType.EMERGENCY}, {"change_type": None}),
        ({"risks": ["medium", "critical"]}, {"risk": Risk.CRITICAL}, {"risk": Risk.HIGH}),
        ({"risks": {"at_least": "high"}}, {"risk": Risk.CRITICAL}, {"risk": Risk.MEDIUM}),
        ({"risks": {"at_least": "high"}}, {"risk": None}, {"risk": Risk.LOW}),
        ({"has_migration": True}, {"has_migration": True}, {"has_migration": False}),
        ({"has_migration": True}, {"action": Action.MIGRATE}, {"action": Action.DEPLOY}),
        ({"has_migration": False}, {"has_migration": False}, {"has_migration": True}),
        ({"has_migration": None}, {"has_migration": False}, None),
        ({"actions": ["scale", "configure"]}, {"action": Action.SCALE}, {"action": Action.DEPLOY}),
        (
            {"types": ["normal"], "risks": ["high"]},
            {"risk": Risk.HIGH},
            {"risk": Risk.HIGH, "change_type": ChangeType.STANDARD},
        ),
    ],
)
def test_forbids__custom_predicate__refuses_what_matches_every_part(
    predicate: dict[str, Any], matching: dict[str, Any], passing: dict[str, Any] | None
) -> None:
    freeze = a_freeze(predicate)

    assert forbids(freeze, a_subject(**matching))
    assert passing is None or not forbids(freeze, a_subject(**passing))


@pytest.mark.parametrize(
    ("predicate", "named"),
    [
        ([], "A predicate"),
        ("deploy", "A predicate"),
        (None, "A predicate"),
        ({"risk": ["high"]}, "'risk'"),
        ({1: 2}, "'1'"),
        ({"types": []}, "types"),
        ({"types": "normal"}, "types"),
        ({"types": None}, "types"),
        ({"types": ["urgent"]}, "urgent"),
        ({"types": [["normal"]]}, "types"),
        ({"types": [{}]}, "types"),
        ({"risks": ["severe"]}, "severe"),
        ({"risks": {"at_least": "severe"}}, "risks.at_least"),
        ({"risks": {"at_least": None}}, "risks.at_least"),
        ({"risks": {}}, "risks.at_least"),
        ({"risks": {"at_most": "high"}}, "at_most"),
        ({"has_migration": "yes"}, "has_migration"),
        ({"has_migration": 1}, "has_migration"),
        ({"has_migration": []}, "has_migration"),
        ({"actions": ["restart"]}, "restart"),
        ({"actions": ["rollback"]}, "never frozen"),
    ],
)
def test_parse_predicate__not_understood__names_what_is_wrong(predicate: object, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        parse_predicate(predicate)


@pytest.mark.parametrize(
    ("predicate", "words"),
    [
        ({}, "no changes"),
        ({"types": ["normal", "standard"]}, "no standard or normal changes"),
        ({"risks": {"at_least": "high"}}, "no changes at high or critical risk"),
        ({"has_migration": True}, "no changes with a database migration"),
        ({"has_migration": False}, "no changes without a database migration"),
        ({"actions": ["scale", "deploy"]}, "no changes to deploy or scale"),
    ],
)
def test_judge__custom_freeze__says_what_it_forbids(predicate: dict[str, Any], words: str) -> None:
    freeze = a_freeze(predicate)
    subject = a_subject(risk=Risk.CRITICAL, has_migration=predicate.get("has_migration", True))

    (reason,) = judge([freeze], subject, NOON).reasons

    assert reason.message == f"Launch: {words}, until 2026-01-18 00:00 UTC."
