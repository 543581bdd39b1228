"""Deployment windows: where one matches the service, normal changes deploy only inside (§6.3, domain.md section 4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from changes.policy.recurrence import Recurrence, wall_time
from changes.policy.scope import Action, Scope, Subject
from changes.policy.spans import Span
from changes.policy.windows import Window, judge_window, open_spans
from changes.states import ChangeType
from cybercube_portal.decisions import Outcome

ZONE = "Europe/London"
# Tuesdays and Thursdays, 09:00 to 16:00 in London.
FIRST = Span(
    wall_time(datetime.fromisoformat("2026-01-06 09:00"), ZONE),
    wall_time(datetime.fromisoformat("2026-01-06 16:00"), ZONE),
)
WORKING_HOURS = Window(
    reference="DW-1",
    title="Working hours",
    recurrence=Recurrence(FIRST, ZONE, "FREQ=WEEKLY;BYDAY=TU,TH"),
    scope=Scope(services=frozenset({"billing"}), environments=frozenset({"prd"})),
)


def a_subject(**fields: Any) -> Subject:
    usual: dict[str, Any] = {
        "change_type": ChangeType.NORMAL,
        "service": "billing",
        "team": "payments",
        "environment": "prd",
    }
    return Subject(**(usual | fields))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "outcome", "code"),
    [
        ("2026-01-06 08:59:59", Outcome.PENDING, "window.closed"),
        ("2026-01-06 09:00", Outcome.PASS, "window.open"),
        ("2026-01-06 15:59:59", Outcome.PASS, "window.open"),
        ("2026-01-06 16:00", Outcome.PENDING, "window.closed"),
        ("2026-01-07 12:00", Outcome.PENDING, "window.closed"),
        # In summer 09:00 in London is 08:00 UTC.
        ("2026-07-07 08:00", Outcome.PASS, "window.open"),
        ("2026-07-07 15:00", Outcome.PENDING, "window.closed"),
    ],
)
def test_judge_window__normal_change__passes_only_inside(moment: str, outcome: Outcome, code: str) -> None:
    reason = judge_window([WORKING_HOURS], a_subject(), at(moment))

    assert (reason.outcome, reason.code, reason.section) == (outcome, code, "§6.3")


def test_judge_window__closed__says_when_it_opens() -> None:
    reason = judge_window([WORKING_HOURS], a_subject(), at("2026-01-07 12:00"))

    assert reason.message == "billing deploys only in its windows (Working hours). The next opens 2026-01-08 09:00 UTC."
    assert reason.remedy
    assert reason.details == {"next_open": "2026-01-08T09:00:00+00:00", "windows": ["DW-1"]}


@pytest.mark.parametrize(
    ("fields", "outcome", "code"),
    [
        ({}, Outcome.PENDING, "window.closed"),
        ({"change_type": None}, Outcome.PENDING, "window.closed"),
        ({"change_type": ChangeType.STANDARD}, Outcome.SKIPPED, "window.not_needed"),
        ({"change_type": ChangeType.EMERGENCY}, Outcome.SKIPPED, "window.not_needed"),
        ({"action": Action.ROLLBACK}, Outcome.SKIPPED, "window.not_needed"),
        ({"action": Action.MIGRATE}, Outcome.PENDING, "window.closed"),
        ({"service": "search"}, Outcome.PASS, "window.none"),
        ({"environment": "stg"}, Outcome.PASS, "window.none"),
    ],
)
def test_judge_window__at_night__holds_normal_changes_of_the_service_and_nothing_else(
    fields: dict[str, Any], outcome: Outcome, code: str
) -> None:
    night = at("2026-01-07 02:00")

    reason = judge_window([WORKING_HOURS], a_subject(**fields), night)

    assert (reason.outcome, reason.code) == (outcome, code)
    spans = open_spans([WORKING_HOURS], a_subject(**fields), night, night + timedelta(hours=4))
    assert spans == (() if outcome is Outcome.PENDING else None)


def test_judge_window__several_windows__any_open_one_is_enough() -> None:
    night = Window(
        reference="DW-2",
        title="Night",
        recurrence=Recurrence(Span(at("2026-01-07 01:00"), at("2026-01-07 03:00")), "UTC"),
    )

    reason = judge_window([WORKING_HOURS, night], a_subject(), at("2026-01-07 02:00"))

    assert reason.outcome is Outcome.PASS
    assert reason.details == {"window": "DW-2", "end": "2026-01-07T03:00:00+00:00"}


def test_judge_window__none_to_come__fails() -> None:
    once = Window(reference="DW-3", title="Once", recurrence=Recurrence(FIRST, ZONE))

    reason = judge_window([once], a_subject(), at("2026-01-07 02:00"))

    assert (reason.outcome, reason.code) == (Outcome.FAIL, "window.closed")
    assert "none opens within a year" in reason.message


def test_open_spans__range_across_windows__are_cut_to_it() -> None:
    spans = open_spans([WORKING_HOURS], a_subject(), at("2026-01-06 12:00"), at("2026-01-08 10:00"))

    assert spans == (
        Span(at("2026-01-06 12:00"), at("2026-01-06 16:00")),
        Span(at("2026-01-08 09:00"), at("2026-01-08 10:00")),
    )
