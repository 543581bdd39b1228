"""§6.4 emergency changes and ruling R5: a spoken approval, a record within 24 hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from changes.policy.emergency import (
    CRITERIA,
    confirmation_deadline,
    is_overdue,
    may_authorise,
    needs_confirmation,
    record_complete,
    record_deadline,
)
from cybercube_portal.decisions import Decision
from cybercube_portal.people.roles import Role

NOON = datetime(2026, 1, 17, 12, tzinfo=UTC)


def authorise(
    *,
    caller: str = "heidi",
    service_account: bool = False,
    caller_roles: Iterable[Role] = (Role.ON_CALL_LEAD,),
    approver: str = "heidi",
    approver_roles: Iterable[Role] = (Role.ON_CALL_LEAD,),
    requester: str = "alice",
    verbal_at: datetime = NOON,
    criteria: Iterable[str] = ("production_down",),
) -> Decision:
    return may_authorise(
        caller=caller,
        caller_is_service_account=service_account,
        caller_roles=frozenset(caller_roles),
        approver=approver,
        approver_roles=frozenset(approver_roles),
        requester=requester,
        verbal_at=verbal_at,
        now=NOON,
        criteria=criteria,
    )


def codes(decision: Decision) -> list[str]:
    return [reason.code for reason in decision.failures]


def test_criteria__as_printed__are_the_four_of_the_standard() -> None:
    assert list(CRITERIA.values()) == [
        "Production down or severely degraded",
        "Security incident in progress",
        "Data loss or corruption risk",
        "SLA breach imminent",
    ]


@pytest.mark.parametrize("criterion", CRITERIA)
def test_may_authorise__any_one_criterion__is_enough(criterion: str) -> None:
    decision = authorise(criteria=[criterion])

    assert decision.allowed
    assert [reason.code for reason in decision.reasons] == ["emergency.authorised"]


def test_may_authorise__all_criteria__is_allowed() -> None:
    assert authorise(criteria=CRITERIA).allowed


def test_may_authorise__no_criterion__is_refused() -> None:
    assert codes(authorise(criteria=[])) == ["emergency.criterion_missing"]


def test_may_authorise__an_unknown_criterion_beside_a_known_one__is_refused() -> None:
    decision = authorise(criteria=["production_down", "we_are_late"])

    assert codes(decision) == ["emergency.criterion_unknown"]
    assert "we_are_late" in decision.failures[0].message


@pytest.mark.parametrize("role", Role)
def test_may_authorise__each_role_as_approver__is_allowed_for_the_four_of_6_4_alone(role: Role) -> None:
    decision = authorise(approver_roles=[role])

    may = role in {Role.ON_CALL_LEAD, Role.ENGINEERING_MANAGER, Role.VP_ENGINEERING, Role.CTO}
    assert codes(decision) == ([] if may else ["emergency.approver_role"])


@pytest.mark.parametrize("role", Role)
def test_may_authorise__r5_another_person_calls__must_be_on_call(role: Role) -> None:
    decision = authorise(caller="grace", caller_roles=[role])

    assert codes(decision) == ([] if role in {Role.ON_CALL, Role.ON_CALL_LEAD} else ["emergency.caller_not_on_call"])


def test_may_authorise__r5_a_service_account_calls__is_refused() -> None:
    decision = authorise(caller="ci-payments", service_account=True, caller_roles=[Role.ON_CALL])

    assert codes(decision) == ["emergency.caller_is_service_account"]


@pytest.mark.parametrize("requester", ["grace", "heidi"])
def test_may_authorise__r5_requester_calls_or_approves__is_refused(requester: str) -> None:
    decision = authorise(caller="grace", caller_roles=[Role.ON_CALL], requester=requester)

    assert codes(decision) == ["emergency.author_is_approver"]


@pytest.mark.parametrize(
    ("verbal_at", "refused"),
    [
        (NOON - timedelta(days=2), []),
        (NOON, []),
        (NOON + timedelta(seconds=1), ["emergency.approval_in_future"]),
    ],
)
def test_may_authorise__moment_of_the_spoken_word__is_never_in_the_future(
    verbal_at: datetime, refused: list[str]
) -> None:
    assert codes(authorise(verbal_at=verbal_at)) == refused


def test_may_authorise__everything_is_wrong__gives_every_reason() -> None:
    decision = authorise(
        caller="ci-payments",
        service_account=True,
        caller_roles=[],
        approver="alice",
        approver_roles=[Role.ENGINEER],
        verbal_at=NOON + timedelta(hours=1),
        criteria=[],
    )

    assert codes(decision) == [
        "emergency.caller_is_service_account",
        "emergency.author_is_approver",
        "emergency.approver_role",
        "emergency.caller_not_on_call",
        "emergency.approval_in_future",
        "emergency.criterion_missing",
    ]
    assert {reason.section for reason in decision.reasons} == {"§6.4"}


def test_needs_confirmation__somebody_else_called__the_approver_confirms_within_24_hours() -> None:
    assert needs_confirmation(caller="grace", approver="heidi")
    assert not needs_confirmation(caller="heidi", approver="heidi")
    assert confirmation_deadline(NOON) == NOON + timedelta(hours=24)


def test_record_deadline__r5__is_24_hours_from_the_start() -> None:
    assert record_deadline(NOON) == datetime(2026, 1, 18, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("started_at", "recorded_at", "now", "overdue"),
    [
        (None, None, NOON + timedelta(days=9), False),
        (NOON, None, NOON, False),
        (NOON, None, NOON + timedelta(hours=24), False),
        (NOON, None, NOON + timedelta(hours=24, microseconds=1), True),
        (NOON, NOON + timedelta(hours=3), NOON + timedelta(hours=30), False),
        (NOON, NOON + timedelta(hours=25), NOON + timedelta(hours=30), False),
    ],
)
def test_is_overdue__r5_the_clock_from_the_start__comes_out_as_written(
    *, started_at: datetime | None, recorded_at: datetime | None, now: datetime, overdue: bool
) -> None:
    assert is_overdue(started_at=started_at, recorded_at=recorded_at, now=now) is overdue


@pytest.mark.parametrize(
    ("severity", "postmortem_at", "missing"),
    [
        ("SEV-1", None, ["emergency.postmortem_at_missing"]),
        ("SEV-2", None, ["emergency.postmortem_at_missing"]),
        ("SEV-3", None, []),
        ("SEV-4", None, []),
        ("SEV-1", NOON, []),
        ("SEV-2", NOON, []),
        ("SEV-3", NOON, []),
        ("", NOON, ["emergency.severity_missing"]),
        (None, NOON, ["emergency.severity_missing"]),
        ("sev-1", NOON, ["emergency.severity_missing"]),
    ],
)
def test_record_complete__severity_and_postmortem__come_out_as_written(
    severity: str | None, postmortem_at: datetime | None, missing: list[str]
) -> None:
    decision = record_complete(
        what_happened="Tax was wrong.", prevention="A test.", severity=severity, postmortem_at=postmortem_at
    )

    assert codes(decision) == missing
    assert decision.allowed == (not missing)


@pytest.mark.parametrize(
    ("what_happened", "prevention", "missing"),
    [
        ("", "A test.", ["emergency.what_happened_missing"]),
        ("Tax was wrong.", " \n", ["emergency.prevention_missing"]),
        (" ", "", ["emergency.what_happened_missing", "emergency.prevention_missing"]),
    ],
)
def test_record_complete__a_text_is_empty__is_not_complete(
    what_happened: str, prevention: str, missing: list[str]
) -> None:
    decision = record_complete(what_happened=what_happened, prevention=prevention, severity="SEV-3", postmortem_at=None)

    assert codes(decision) == missing
