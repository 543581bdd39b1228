"""§6.1 lead time (R8), §6.6 the change's slot and duration, and the next moment when nothing stands in the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes.policy.freezes import Action, Freeze, FreezeKind, Scope, Subject, judge
from changes.policy.recurrence import Recurrence
from changes.policy.schedule import (
    Slot,
    allowed_spans,
    earliest_start,
    format_duration,
    judge_lead_time,
    judge_slot,
    next_allowed,
    parse_duration,
    slot_in_past,
)
from changes.policy.spans import Span
from changes.policy.windows import Window, judge_window
from changes.states import ChangeType, Risk
from cybercube_portal.decisions import Outcome

NOON = datetime(2026, 1, 17, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
# §6.6: scheduled 14:00, estimated 30m.
SLOT = Slot(NOON + 2 * HOUR, timedelta(minutes=30))


@pytest.mark.parametrize(
    ("after_noon", "outcome", "code"),
    [
        (2 * HOUR - timedelta.resolution, Outcome.PENDING, "schedule.slot_not_open"),
        (2 * HOUR, Outcome.PASS, "schedule.slot_open"),
        (timedelta(hours=2, minutes=31), Outcome.PASS, "schedule.slot_open"),
        (timedelta(hours=3, minutes=30) - timedelta.resolution, Outcome.PASS, "schedule.slot_open"),
        (timedelta(hours=3, minutes=30), Outcome.FAIL, "schedule.slot_over"),
    ],
)
def test_judge_slot__around_its_edges__opens_at_the_start_and_closes_an_hour_after_the_estimate(
    after_noon: timedelta, outcome: Outcome, code: str
) -> None:
    reason = judge_slot(SLOT, NOON + after_noon)

    assert (reason.outcome, reason.code, reason.section) == (outcome, code, "§6.6")
    assert bool(reason.remedy) is (outcome is not Outcome.PASS)


def test_judge_slot__not_open_and_over__say_when() -> None:
    assert judge_slot(SLOT, NOON).message == "The change is scheduled for 2026-01-17 14:00 UTC."
    assert judge_slot(SLOT, NOON + 9 * HOUR).message == "The change's slot ended 2026-01-17 15:30 UTC."


def test_slot_in_past__planned_time_over__fails_although_the_grace_still_runs() -> None:
    end = SLOT.start + SLOT.duration

    assert slot_in_past(SLOT, end - timedelta.resolution) is None
    reason = slot_in_past(SLOT, end)
    assert reason is not None
    assert (reason.code, reason.outcome) == ("schedule.slot_in_past", Outcome.FAIL)
    assert judge_slot(SLOT, end).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("change_type", "lead", "outcome"),
    [
        (ChangeType.NORMAL, timedelta(hours=24), Outcome.PASS),
        (ChangeType.NORMAL, timedelta(hours=24) - timedelta.resolution, Outcome.FAIL),
        (ChangeType.NORMAL, timedelta(days=30), Outcome.PASS),
        (ChangeType.NORMAL, -HOUR, Outcome.FAIL),
        (None, timedelta(hours=24), Outcome.PASS),
        (None, timedelta(hours=23), Outcome.FAIL),
        (ChangeType.STANDARD, timedelta(0), Outcome.SKIPPED),
        (ChangeType.EMERGENCY, -HOUR, Outcome.SKIPPED),
    ],
)
def test_judge_lead_time__by_type__a_day_for_normal_changes_and_immediate_for_the_others(
    change_type: ChangeType | None, lead: timedelta, outcome: Outcome
) -> None:
    reason = judge_lead_time(change_type, NOON, NOON + lead)

    assert (reason.outcome, reason.code, reason.section) == (outcome, "schedule.lead_time", "§6.1")


def test_judge_lead_time__too_short__names_the_earliest_start() -> None:
    reason = judge_lead_time(ChangeType.NORMAL, NOON, NOON + HOUR)

    assert "2026-01-18 12:00 UTC" in reason.message
    assert reason.details == {"earliest_start": "2026-01-18T12:00:00+00:00"}
    assert earliest_start(ChangeType.NORMAL, NOON) == earliest_start(None, NOON) == NOON + timedelta(days=1)
    assert earliest_start(ChangeType.STANDARD, NOON) == earliest_start(ChangeType.EMERGENCY, NOON) == NOON


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("30m", 30),
        ("1h30m", 90),
        ("90m", 90),
        ("2h", 120),
        ("1d", 1440),
        ("1d2h", 1560),
        ("30d", 43200),
        ("60s", 1),
        (" 30M ", 30),
        ("PT30M", 30),
        ("PT1H30M", 90),
        ("pt60s", 1),
        ("P1D", 1440),
        ("P1DT2H", 1560),
        ("P1W", 10080),
        ("PT720H", 43200),
    ],
)
def test_parse_duration__short_form_or_iso_8601__is_read(text: str, minutes: int) -> None:
    assert parse_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "30", "m", "P", "PT", "P1DT", "1.5h", "PT0.5H", "-30m", "PT-30M", "P-1D", "30 m", "30m1h", "1h 30m"),
        *("half an hour", "00:30", "٣0m", "P1M", "P1Y", "30m; DROP TABLE", "1" * 50 + "m", "1" * 5000),
    ],
)
def test_parse_duration__anything_else__shows_how_it_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="30m, 1h30m or, by ISO 8601, PT30M"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("0m", "longer than nothing"),
        ("PT0S", "longer than nothing"),
        ("31d", "at most 30 days"),
        ("30d1s", "at most 30 days"),
        ("P5W", "at most 30 days"),
        ("99999999999999999999d", "at most 30 days"),
    ],
)
def test_parse_duration__nothing_or_beyond_30_days__is_refused(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        parse_duration(text)


@given(st.integers(1, 30 * 86_400))
def test_format_duration__any_length__reads_back_as_itself(seconds: int) -> None:
    assert parse_duration(format_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


def test_format_duration__lengths_people_plan__are_short() -> None:
    assert [format_duration(timedelta(minutes=minutes)) for minutes in (30, 90, 120, 1560, 0)] == [
        *("30m", "1h30m", "2h", "1d2h", "0m")
    ]


SUBJECT = Subject(
    change_number="CR-2026-0116-001",
    change_type=ChangeType.NORMAL,
    risk=Risk.LOW,
    service="billing",
    team="payments",
    environment="prd",
)
# One example's horizon, in minutes after noon: long enough for a recurrence to come round.
HORIZON = 120


def at_minutes(start: int, end: int) -> Span:
    return Span(NOON + start * MINUTE, NOON + end * MINUTE)


MINUTE_SPANS = st.tuples(st.integers(-90, HORIZON), st.integers(1, 60)).map(lambda pair: at_minutes(pair[0], sum(pair)))
# A daily one is seen with the copies of the days before and after.
RECURRENCES = st.builds(
    Recurrence,
    MINUTE_SPANS,
    st.sampled_from(["UTC", "Asia/Kathmandu", "America/New_York"]),
    st.sampled_from([None, "FREQ=DAILY"]),
)
SCOPES = st.sampled_from(
    [
        Scope(),
        Scope(services=frozenset({"billing"})),
        Scope(services=frozenset({"search"})),
        Scope(excluded_teams=frozenset({"payments"})),
    ]
)
FREEZES = st.lists(
    st.builds(
        Freeze,
        reference=st.just("FR-1"),
        title=st.just("A freeze"),
        kind=st.sampled_from(FreezeKind),
        recurrence=RECURRENCES,
        scope=SCOPES,
        exceptions=st.sampled_from([frozenset(), frozenset({SUBJECT.change_number})]),
    ),
    max_size=4,
)
WINDOWS = st.lists(
    st.builds(Window, reference=st.just("DW-1"), title=st.just("A window"), recurrence=RECURRENCES, scope=SCOPES),
    max_size=3,
)
SLOTS = st.none() | st.builds(
    Slot,
    st.integers(-180, HORIZON).map(lambda minute: NOON + minute * MINUTE),
    st.integers(1, 60).map(lambda length: length * MINUTE),
)


@given(
    freezes=FREEZES,
    windows=WINDOWS,
    slot=SLOTS,
    change_type=st.sampled_from([*ChangeType, None]),
    action=st.sampled_from(Action),
)
def test_allowed_spans__any_calendar__hold_the_minutes_at_which_every_rule_lets_it_start(
    freezes: list[Freeze], windows: list[Window], slot: Slot | None, change_type: ChangeType | None, action: Action
) -> None:
    subject = Subject(
        change_number=SUBJECT.change_number,
        change_type=change_type,
        risk=Risk.LOW,
        action=action,
        service="billing",
        team="payments",
        environment="prd",
    )
    horizon = NOON + HORIZON * MINUTE
    spans = allowed_spans(
        freezes=freezes, windows=windows, subject=subject, slot=slot, not_before=NOON, horizon_end=horizon
    )

    allowed = [
        minute
        for minute in (NOON + number * MINUTE for number in range(HORIZON))
        if judge(freezes, subject, minute).allowed
        and judge_window(windows, subject, minute).outcome in {Outcome.PASS, Outcome.SKIPPED}
        and (slot is None or judge_slot(slot, minute).outcome is Outcome.PASS)
    ]
    found = [
        NOON + number * MINUTE for number in range(HORIZON) if any(s.contains(NOON + number * MINUTE) for s in spans)
    ]
    assert found == allowed
    assert all(earlier.end < later.start for earlier, later in pairwise(spans))
    assert next_allowed(
        freezes=iter(freezes), windows=iter(windows), subject=subject, slot=slot, not_before=NOON, horizon_end=horizon
    ) == (allowed[0] if allowed else None)


def test_next_allowed__frozen_until_the_window__is_when_both_let_it() -> None:
    """A freeze to 13:00, windows 09:00 to 10:00 and 20:00 to 22:00: the next start is 20:00."""
    freeze = Freeze(
        reference="FR-1", title="Freeze", kind=FreezeKind.HOLIDAY, recurrence=Recurrence(at_minutes(-600, 60), "UTC")
    )
    windows = [
        Window(
            reference=f"DW-{start}", title="Window", recurrence=Recurrence(at_minutes(start, end), "UTC", "FREQ=DAILY")
        )
        for start, end in [(-180, -120), (480, 600)]
    ]

    found = next_allowed(
        freezes=[freeze],
        windows=windows,
        subject=SUBJECT,
        slot=None,
        not_before=NOON,
        horizon_end=NOON + timedelta(days=14),
    )

    assert found == NOON + 8 * HOUR


def test_next_allowed__frozen_for_months__is_found_behind_them() -> None:
    end = NOON + timedelta(days=100)
    freeze = Freeze(
        reference="FR-1", title="Freeze", kind=FreezeKind.HOLIDAY, recurrence=Recurrence(Span(NOON - HOUR, end), "UTC")
    )

    def found_before(horizon_end: datetime) -> datetime | None:
        return next_allowed(
            freezes=[freeze], windows=[], subject=SUBJECT, slot=None, not_before=NOON, horizon_end=horizon_end
        )

    assert found_before(end + MINUTE) == end
    assert found_before(end) is None


def test_next_allowed__slot_wholly_frozen__is_never() -> None:
    freeze = Freeze(
        reference="FR-1", title="Freeze", kind=FreezeKind.HOLIDAY, recurrence=Recurrence(at_minutes(0, 600), "UTC")
    )

    assert (
        next_allowed(
            freezes=[freeze],
            windows=[],
            subject=SUBJECT,
            slot=SLOT,
            not_before=NOON,
            horizon_end=NOON + timedelta(days=90),
        )
        is None
    )


def test_allowed_spans__horizon_behind_the_start__is_empty() -> None:
    assert (
        allowed_spans(freezes=[], windows=[], subject=SUBJECT, slot=None, not_before=NOON, horizon_end=NOON - HOUR)
        == ()
    )
