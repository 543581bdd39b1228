"""§6.5: change freezes as predicates over a change; rulings R6 and R7."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from changes.policy.freezes import (
    Action,
    Freeze,
    FreezeKind,
    Predicate,
    Scope,
    Subject,
    blocked_spans,
    covers,
    forbids,
    judge,
    judge_running,
    judge_span,
)
from changes.policy.recurrence import Recurrence, Span
from changes.states import ChangeType, Risk
from cybercube_portal.decisions import Outcome

ROWS = list(csv.DictReader((Path(__file__).parent / "freezes.csv").read_text(encoding="utf-8").splitlines()))
TYPES: dict[str, ChangeType | None] = {kind.value: kind for kind in ChangeType} | {"unknown": None}
RISKS: tuple[Risk | None, ...] = (*Risk, None)
KINDS = (FreezeKind.HOLIDAY, FreezeKind.MAJOR_EVENT, FreezeKind.QUARTER_END)
FORWARD = [action for action in Action if action is not Action.ROLLBACK]

START = datetime(2026, 12, 24, tzinfo=UTC)
END = datetime(2027, 1, 2, tzinfo=UTC)
DURING = datetime(2026, 12, 25, 12, tzinfo=UTC)


def a_freeze(kind: FreezeKind = FreezeKind.HOLIDAY, *, zone: str = "UTC", **fields: Any) -> Freeze:
    recurrence = Recurrence(Span(START, END), zone)
    usual: dict[str, Any] = {"reference": "FR-1", "title": "Year end", "kind": kind, "recurrence": recurrence}
    return Freeze(**(usual | fields))


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


def rows_for(kind: str, change_type: str, migration: str) -> list[dict[str, str]]:
    return [
        row
        for row in ROWS
        if (row["kind"], row["change_type"]) == (kind, change_type) and row["migration"] in {migration, "any"}
    ]


@pytest.mark.parametrize(("kind", "change_type", "migration"), list(product(KINDS, TYPES, ["yes", "no"])))
def test_forbids__every_cell_of_the_table__comes_out_as_written(
    kind: FreezeKind, change_type: str, migration: str
) -> None:
    (row,) = rows_for(kind, change_type, migration)

    for risk in RISKS:
        subject = a_subject(change_type=TYPES[change_type], risk=risk, has_migration=migration == "yes")
        assert forbids(a_freeze(kind), subject) is (row["outcome"] == "refused"), (risk, row["why"])


@pytest.mark.parametrize("kind", list(FreezeKind))
def test_forbids__rollback__is_waived_whatever_the_freeze(kind: FreezeKind) -> None:
    subject = a_subject(action=Action.ROLLBACK, has_migration=True, risk=Risk.CRITICAL)

    assert not forbids(a_freeze(kind), subject)
    (reason,) = judge([a_freeze(kind)], subject, DURING).reasons
    assert (reason.code, reason.outcome) == ("freeze.rollback_waived", Outcome.SKIPPED)
    assert blocked_spans([a_freeze(kind)], subject, START, END) == ()


def test_forbids__quarter_end_and_the_migrate_action__refused_without_further_facts() -> None:
    assert forbids(a_freeze(FreezeKind.QUARTER_END), a_subject(action=Action.MIGRATE, has_migration=False))


@pytest.mark.parametrize("action", FORWARD)
def test_forbids__holiday__refuses_every_action_but_a_rollback(action: Action) -> None:
    assert forbids(a_freeze(), a_subject(action=action))


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope(), True),
        (Scope(services=frozenset({"billing", "search"})), True),
        (Scope(services=frozenset({"search"})), False),
        (Scope(teams=frozenset({"payments"})), True),
        (Scope(teams=frozenset({"search"})), False),
        (Scope(environments=frozenset({"prd"})), True),
        (Scope(environments=frozenset({"dev", "stg"})), False),
        (Scope(services=frozenset({"billing"}), teams=frozenset({"search"})), False),
        (Scope(services=frozenset({"billing"}), environments=frozenset({"stg"})), False),
        (Scope(excluded_services=frozenset({"billing"})), False),
        (Scope(services=frozenset({"billing"}), excluded_services=frozenset({"billing"})), False),
        (Scope(excluded_teams=frozenset({"payments"})), False),
        (Scope(excluded_services=frozenset({"search"}), excluded_teams=frozenset({"search"})), True),
    ],
)
def test_covers__scope__is_the_product_of_its_parts_less_the_exclusions(scope: Scope, covered: bool) -> None:
    freeze = a_freeze(scope=scope)

    assert covers(freeze, a_subject()) is covered
    assert judge([freeze], a_subject(), DURING).allowed is not covered


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (START - timedelta.resolution, "freeze.none"),
        (START, "freeze.covers_window"),
        (END - timedelta.resolution, "freeze.covers_window"),
        (END, "freeze.none"),
    ],
)
def test_judge__edges_of_the_freeze__start_is_inside_and_end_is_not(at: datetime, code: str) -> None:
    (reason,) = judge([a_freeze()], a_subject(), at).reasons

    assert reason.code == code
    assert reason.section == "§6.5"


def test_judge__frozen__names_title_end_remedy_and_who_can_grant_an_exception() -> None:
    freeze = a_freeze(zone="America/New_York", url="https://calendar.example/fr-1", hard=False)

    (reason,) = judge([freeze], a_subject(), DURING).reasons

    assert reason.outcome is Outcome.FAIL
    assert reason.message == (
        "Year end: no deployments, emergency changes only, "
        "until 2027-01-02 00:00 UTC (2027-01-01 19:00 America/New_York)."
    )
    assert "exception" in reason.remedy
    assert "Emergency changes pass." in reason.remedy
    assert reason.who == ("Engineering manager", "VP Engineering", "CTO")
    assert reason.details == {
        "freeze": "FR-1",
        "kind": "holiday",
        "hard": False,
        "start": "2026-12-24T00:00:00+00:00",
        "end": "2027-01-02T00:00:00+00:00",
        "zone": "America/New_York",
        "url": "https://calendar.example/fr-1",
    }


def test_judge__several_freezes__each_that_forbids_is_a_reason_and_one_is_enough() -> None:
    over = a_freeze(reference="FR-0", recurrence=Recurrence(Span(START - timedelta(days=9), START), "UTC"))
    other = a_freeze(reference="FR-2", kind=FreezeKind.QUARTER_END)
    event = a_freeze(reference="FR-3", kind=FreezeKind.MAJOR_EVENT)

    decision = judge([over, a_freeze(), other, event], a_subject(), DURING)

    assert [reason.details["freeze"] for reason in decision.failures] == ["FR-1", "FR-3"]
    assert not decision.allowed


def test_judge__exception_for_this_change__passes_and_is_shown() -> None:
    freeze = a_freeze(exceptions=frozenset({"CR-2026-1201-001"}))

    decision = judge([freeze], a_subject(), DURING)

    assert decision.allowed
    assert [reason.code for reason in decision.reasons] == ["freeze.exception_granted", "freeze.none"]
    assert "CR-2026-1201-001" in decision.reasons[0].message


def test_judge__exception_after_the_freeze__is_still_shown() -> None:
    freeze = a_freeze(exceptions=frozenset({"CR-2026-1201-001"}))

    codes = [reason.code for reason in judge([freeze], a_subject(), END + timedelta(days=400)).reasons]

    assert codes == ["freeze.exception_granted", "freeze.none"]


@pytest.mark.parametrize("number", ["CR-2026-1201-002", None])
def test_judge__exception_for_another_change__refused(number: str | None) -> None:
    freeze = a_freeze(exceptions=frozenset({"CR-2026-1201-001"}))

    assert [reason.code for reason in judge([freeze], a_subject(change_number=number), DURING).reasons] == [
        "freeze.covers_window"
    ]


def test_judge__exception_to_one_of_two_freezes__refused_by_the_other() -> None:
    excepted = a_freeze(exceptions=frozenset({"CR-2026-1201-001"}))

    decision = judge([excepted, a_freeze(reference="FR-2")], a_subject(), DURING)

    assert [(reason.code, reason.details["freeze"]) for reason in decision.reasons] == [
        ("freeze.covers_window", "FR-2"),
        ("freeze.exception_granted", "FR-1"),
    ]


def test_judge__emergency_during_a_major_event_with_an_exception__passes() -> None:
    event = a_freeze(FreezeKind.MAJOR_EVENT)
    emergency = a_subject(change_type=ChangeType.EMERGENCY)
    excepted = a_freeze(FreezeKind.MAJOR_EVENT, exceptions=frozenset({"CR-2026-1201-001"}))

    assert not judge([event], emergency, DURING).allowed
    assert judge([excepted], emergency, DURING).allowed


@pytest.mark.parametrize(
    ("start", "end", "allowed"),
    [
        (START - timedelta(hours=2), START, True),
        (START - timedelta(hours=2), START + timedelta(minutes=1), False),
        (END - timedelta(minutes=1), END + timedelta(hours=2), False),
        (END, END + timedelta(hours=2), True),
        (START - timedelta(days=1), END + timedelta(days=1), False),
    ],
)
def test_judge_span__slot_against_freeze__any_overlap_is_refused(
    start: datetime,
    end: datetime,
    allowed: bool,
) -> None:
    assert judge_span([a_freeze()], a_subject(), Span(start, end)).allowed is allowed


def test_judge_running__hard_freeze__stops_the_next_step() -> None:
    decision = judge_running([a_freeze(hard=True)], a_subject(), DURING)

    assert [reason.code for reason in decision.failures] == ["freeze.covers_window"]


def test_judge_running__soft_freeze__lets_what_runs_go_on_and_says_so() -> None:
    soft = a_freeze(hard=False)

    decision = judge_running(iter([soft]), a_subject(), DURING)

    assert decision.allowed
    assert [reason.code for reason in decision.reasons] == ["freeze.soft_lets_continue", "freeze.none"]
    assert not judge([soft], a_subject(), DURING).allowed


def test_judge_running__hard_beside_soft__is_stopped_by_the_hard_one() -> None:
    decision = judge_running([a_freeze(hard=False), a_freeze(reference="FR-2")], a_subject(), DURING)

    assert [reason.details["freeze"] for reason in decision.failures] == ["FR-2"]


def test_judge_running__soft_freeze_not_active__says_nothing_of_it() -> None:
    decision = judge_running([a_freeze(hard=False)], a_subject(), END)

    assert [reason.code for reason in decision.reasons] == ["freeze.none"]


def test_blocked_spans__overlapping_freezes__are_merged_and_cut_to_the_range() -> None:
    later = Recurrence(Span(END, END + timedelta(days=3)), "UTC")
    freezes = [
        a_freeze(),
        a_freeze(reference="FR-2", recurrence=later),
        a_freeze(reference="FR-3", scope=Scope(services=frozenset({"search"}))),
        a_freeze(reference="FR-4", kind=FreezeKind.CUSTOM, predicate=Predicate(risks=frozenset({Risk.CRITICAL}))),
    ]

    assert blocked_spans(freezes, a_subject(), DURING, END + timedelta(days=9)) == (
        Span(DURING, END + timedelta(days=3)),
    )


def test_blocked_spans__exception__blocks_nothing() -> None:
    assert (
        blocked_spans([a_freeze(exceptions=frozenset({"CR-2026-1201-001"}))], a_subject(), START, END + timedelta(1))
        == ()
    )
