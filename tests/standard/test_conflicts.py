"""Conflicts: overlapping slots on one service and environment, or on a service that another depends on (domain.md section 4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from changes.policy.conflicts import Booking, Conflict, ConflictKind, conflicts_of
from changes.policy.spans import Span
from changes.states import ChangeState

NOON = datetime(2026, 1, 17, 12, tzinfo=UTC)
NOTHING: dict[str, frozenset[str]] = {}


def hours(start: float, end: float) -> Span:
    return Span(NOON + timedelta(hours=start), NOON + timedelta(hours=end))


def a_booking(number: str = "CR-2026-0117-001", **fields: Any) -> Booking:
    usual: dict[str, Any] = {
        "number": number,
        "services": frozenset({"billing"}),
        "environments": frozenset({"prd"}),
        "span": hours(0, 2),
        "state": ChangeState.APPROVED,
        "title": "Deploy billing",
    }
    return Booking(**(usual | fields))


MINE = a_booking()


def test_conflicts_of__same_service_and_environment_at_once__is_named_with_the_time_shared() -> None:
    other = a_booking("CR-2026-0117-002", span=hours(1, 5))

    assert conflicts_of(MINE, [other], NOTHING) == (
        Conflict(
            number="CR-2026-0117-002",
            service="billing",
            other_service="billing",
            environment="prd",
            span=hours(1, 2),
            kind=ConflictKind.SAME_SERVICE,
        ),
    )


@pytest.mark.parametrize("depends_on", [{"billing": frozenset({"ledger"})}, {"ledger": frozenset({"billing"})}])
def test_conflicts_of__dependency_in_either_direction__is_one(depends_on: dict[str, frozenset[str]]) -> None:
    other = a_booking("CR-2026-0117-002", services=frozenset({"ledger", "search"}))

    (conflict,) = conflicts_of(MINE, [other], depends_on)

    assert (conflict.service, conflict.other_service, conflict.kind) == ("billing", "ledger", ConflictKind.DEPENDENCY)


@pytest.mark.parametrize(
    "fields",
    [
        {"span": hours(2, 3)},
        {"span": hours(-1, 0)},
        {"environments": frozenset({"stg"})},
        {"services": frozenset({"search"})},
        {"number": MINE.number},
    ],
)
def test_conflicts_of__only_touching_or_elsewhere_or_itself__is_none(fields: dict[str, Any]) -> None:
    other = a_booking(**{"number": "CR-2026-0117-002"} | fields)

    assert conflicts_of(MINE, [other], {"billing": frozenset({"ledger"})}) == ()


@pytest.mark.parametrize("state", list(ChangeState))
def test_conflicts_of__state_of_the_other__only_a_held_slot_counts(state: ChangeState) -> None:
    held = {ChangeState.IN_REVIEW, ChangeState.APPROVED, ChangeState.IMPLEMENTING, ChangeState.VERIFYING}

    found = conflicts_of(MINE, [a_booking("CR-2026-0117-002", state=state)], NOTHING)

    assert bool(found) is (state in held)


def test_conflicts_of__several__are_listed_earliest_first_and_by_environment() -> None:
    both = frozenset({"prd", "stg"})
    mine = a_booking(environments=both)
    others = [
        a_booking("CR-2026-0117-003", span=hours(1, 2)),
        a_booking("CR-2026-0117-002", span=hours(0, 2), environments=both),
    ]

    found = [(one.number, one.environment) for one in conflicts_of(mine, others, NOTHING)]

    assert found == [("CR-2026-0117-002", "prd"), ("CR-2026-0117-002", "stg"), ("CR-2026-0117-003", "prd")]
