"""The first time a change could have: lead time (§6.1, R8), windows (§6.3), freezes (§6.5), the slots of others; and what a form says beforehand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes.policy.follows import WEIGHTS, what_follows
from changes.policy.free_slot import STEP, first_free, not_before
from changes.policy.freezes import Freeze, FreezeKind, judge_span
from changes.policy.recurrence import Recurrence
from changes.policy.risk import OPEN_QUESTION, QUESTIONS, RiskFacts, assess, is_complete, told_together
from changes.policy.schedule import nobody_on_call
from changes.policy.scope import Scope, Subject
from changes.policy.spans import Span
from changes.policy.windows import Window
from changes.states import ChangeType, Risk

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
HOUR, HALF = timedelta(hours=1), timedelta(minutes=30)
BILLING = Subject(
    change_type=ChangeType.NORMAL, service="billing-service", team="payments", environment="prd", risk=Risk.LOW
)
SEARCH = replace(BILLING, service="search-api", team="search")


def freeze(start: float, end: float, title: str = "Year end", **options: Any) -> Freeze:
    """From `start` to `end` hours after noon."""
    span = Span(NOON + start * HOUR, NOON + end * HOUR)
    return Freeze(
        reference=title, title=title, kind=FreezeKind.HOLIDAY, recurrence=Recurrence(first=span, zone="UTC"), **options
    )


def window(start: float, end: float, service: str) -> Window:
    span = Span(NOON + start * HOUR, NOON + end * HOUR)
    scope = Scope(services=frozenset({service}))
    return Window(reference="W", title="Night", recurrence=Recurrence(first=span, zone="UTC"), scope=scope)


def hours(*, duration: timedelta = HALF, subjects: Any = (BILLING,), days: int = 62, **facts: Any) -> Any:
    """When it is free, in hours after noon, and after what; None when never."""
    given_facts = {"freezes": (), "windows": (), "booked": (), **facts}
    end = NOON + timedelta(days=days)
    found = first_free(subjects=subjects, duration=duration, start=NOON, end=end, **given_facts)
    if found is None:
        return None
    assert found.end - found.start == duration
    return (found.start - NOON) / HOUR, found.after


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, (0, ())),
        # What ends when a freeze begins only touches it; half an hour does not fit before it, a quarter does.
        ({"freezes": [freeze(0.5, 4)]}, (0, ())),
        ({"freezes": [freeze(0.25, 4)]}, (4, ("Year end",))),
        ({"freezes": [freeze(0.25, 4)], "duration": HALF / 2}, (0, ())),
        ({"freezes": [freeze(-2, 0)]}, (0, ())),
        ({"freezes": [freeze(0, 4), freeze(3, 6, "Audit")]}, (6, ("Audit",))),
        ({"freezes": [freeze(0, 4, scope=Scope(services=frozenset({"search-api"})))]}, (0, ())),
        ({"freezes": [freeze(0, 4, exceptions=frozenset({"CR-1"}))], "subjects": [replace(BILLING, change_number="CR-1")]}, (0, ())),
        # Of two services each may hold it up.
        ({"freezes": [freeze(0, 4, scope=Scope(services=frozenset({"search-api"})))], "subjects": [BILLING, SEARCH]}, (4, ("Year end",))),
        ({"windows": [window(9, 11, "billing-service")]}, (9, ())),
        ({"windows": [window(9, 11, "billing-service"), window(10, 12, "search-api")], "subjects": [BILLING, SEARCH]}, (10, ())),
        ({"windows": [window(9, 11, "billing-service")], "freezes": [freeze(8, 11)]}, None),
        # Another's slot and one's own, each with its hour of grace.
        ({"booked": [("CR-2", Span(NOON + 1.5 * HOUR, NOON + 3 * HOUR))]}, (0, ())),
        ({"booked": [("CR-2", Span(NOON + 1.25 * HOUR, NOON + 3 * HOUR))]}, (3, ("CR-2",))),
        ({"freezes": [freeze(0, 24 * 30)], "days": 20}, None),
    ],
)  # fmt: skip
def test_first_free__around_freezes_windows_and_others__the_first_start_that_meets_none(
    facts: dict[str, Any], expected: Any
) -> None:
    assert hours(**facts) == expected


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(1, 50)), max_size=6), st.integers(5, 600))
def test_first_free__any_freezes__meets_none_and_nothing_earlier_would_do(
    held: list[tuple[int, int]], minutes: int
) -> None:
    duration = timedelta(minutes=minutes)
    freezes = [freeze(start, start + length) for start, length in held]
    found = first_free(
        subjects=[BILLING], duration=duration, freezes=freezes, windows=(), booked=(), start=NOON, end=NOON + 200 * HOUR
    )
    assert found is not None
    assert judge_span(freezes, BILLING, Span(found.start, found.end)).allowed
    earlier = NOON
    while earlier < found.start:
        assert not judge_span(freezes, BILLING, Span(earlier, earlier + duration)).allowed
        earlier += 12 * STEP


@pytest.mark.parametrize(
    ("change_type", "now", "expected"),
    [
        (ChangeType.NORMAL, NOON, NOON + 24 * HOUR + HALF),
        (ChangeType.NORMAL, NOON + timedelta(minutes=1), NOON + 24 * HOUR + timedelta(minutes=35)),
        (ChangeType.STANDARD, NOON, NOON),
        (ChangeType.EMERGENCY, NOON + timedelta(microseconds=1), NOON + STEP),
    ],
)
def test_not_before__by_type__lead_time_with_a_margin_on_the_next_five_minutes(
    change_type: ChangeType, now: datetime, expected: datetime
) -> None:
    assert not_before(change_type, now) == expected


def test_nobody_on_call__teams_without_one__are_named_and_wait() -> None:
    reason = nobody_on_call({"search", "payments"})
    assert reason is not None
    assert (reason.code, reason.outcome) == ("schedule.nobody_on_call", "pending")
    assert "payments, search" in reason.message
    assert nobody_on_call(()) is None


@pytest.mark.parametrize(
    ("question", "level", "seats"),
    [
        ("database_schema", Risk.HIGH, {"Tech lead", "Product", "DBA"}),
        ("breaking_api", Risk.CRITICAL, {"Engineering lead", "Product", "Ops"}),
        ("infrastructure", Risk.MEDIUM, {"Tech lead", "Ops"}),
        ("third_party", Risk.MEDIUM, {"Tech lead"}),
        ("security", Risk.MEDIUM, {"Tech lead", "Security"}),
        ("performance", Risk.LOW, {"Engineer"}),
        ("customer_visible", Risk.LOW, {"Engineer"}),
    ],
)
def test_weight__of_a_yes_alone__its_risk_and_who_signs_then(question: str, level: Risk, seats: set[str]) -> None:
    assert (WEIGHTS[question].level, set(WEIGHTS[question].seats)) == (level, seats)
    facts = RiskFacts(answers=((question, True),))
    assert [criterion.question for criterion in assess(facts).met] == [question]


@pytest.mark.parametrize(
    ("change_type", "risk", "sections"),
    [
        (ChangeType.NORMAL, Risk.LOW, ["§6.1", "§4.2"]),
        (ChangeType.NORMAL, Risk.HIGH, ["§6.1", "§4.2", "§5.6"]),
        (ChangeType.STANDARD, Risk.LOW, ["§6.1", "§4.2"]),
        (ChangeType.EMERGENCY, Risk.CRITICAL, ["§6.4", "§4.2"]),
    ],
)
def test_what_follows__by_type_and_risk__start_tests_and_board(
    change_type: ChangeType, risk: Risk, sections: list[str]
) -> None:
    found = what_follows(change_type=change_type, risk=risk, deploys=True, environments=["prd"])
    assert [follow.section for follow in found] == sections
    untested = what_follows(change_type=change_type, risk=risk, deploys=False, environments=["prd"])
    assert [follow.section for follow in untested] == [section for section in sections if section != "§4.2"]


def test_told_together__open_questions__are_one_row_that_names_them() -> None:
    answers = tuple((key, None if key in {"security", "performance"} else False) for key in QUESTIONS)
    reasons = is_complete(RiskFacts(answers=answers, raised_to=Risk.LOW)).reasons
    assert [reason.code for reason in reasons] == [OPEN_QUESTION] * 2

    [one] = told_together(reasons, url="/somewhere/")
    expected = (
        "2 of the seven risk questions are not answered: Security-related changes? Performance-sensitive changes?"
    )
    assert (one.message, one.details["url"]) == (expected, "/somewhere/")
    [every] = told_together(is_complete(RiskFacts()).reasons)
    assert every.message.startswith("None of the seven risk questions is answered: Database schema changes?")
    assert told_together(reasons[:1]) == reasons[:1]
    assert told_together(()) == ()
