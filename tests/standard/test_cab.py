"""The Change Advisory Board (glossary CAB; domain.md section 3): what comes onto its agenda, when it has quorum, who votes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from changes.policy import cab
from changes.policy.approvals import SignatureFact
from changes.policy.cab import ItemFacts, MeetingFacts, Minuted, Vote, Why
from changes.states import ChangeState, ChangeType, MeetingState, Risk
from cybercube_portal.decisions import decide, passed
from cybercube_portal.people.roles import Role

NOW = datetime(2026, 1, 14, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
N, E, S = ChangeType.NORMAL, ChangeType.EMERGENCY, ChangeType.STANDARD
IN_REVIEW, APPROVED, DRAFT = ChangeState.IN_REVIEW, ChangeState.APPROVED, ChangeState.DRAFT


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (ItemFacts(type=N, state=IN_REVIEW, risk=Risk.CRITICAL), Why.CRITICAL),
        (ItemFacts(type=N, state=IN_REVIEW, risk=Risk.HIGH), Why.HIGH),
        (ItemFacts(type=N, state=IN_REVIEW, risk=Risk.MEDIUM, release_type="major"), Why.MAJOR_RELEASE),
        (ItemFacts(type=N, state=IN_REVIEW, risk=Risk.MEDIUM, release_type="minor"), None),
        (ItemFacts(type=N, state=IN_REVIEW, risk=Risk.LOW), None),
        (ItemFacts(type=N, state=IN_REVIEW, risk=Risk.LOW, is_added=True), Why.ADDED),
        (ItemFacts(type=N, state=DRAFT, risk=Risk.CRITICAL), None),
        (ItemFacts(type=N, state=APPROVED, risk=Risk.CRITICAL), None),
        (ItemFacts(type=N, state=APPROVED, risk=Risk.CRITICAL, is_added=True), Why.ADDED),
        (ItemFacts(type=E, state=APPROVED, risk=Risk.LOW, record_due_at=NOW - HOUR), Why.RECORD_OVERDUE),
        (ItemFacts(type=E, state=APPROVED, risk=Risk.LOW, record_due_at=NOW), None),
        (ItemFacts(type=E, state=APPROVED, risk=Risk.LOW, record_due_at=NOW - HOUR, is_recorded=True), None),
    ],
)
def test_agenda__of_a_change__comes_by_itself_or_not(facts: ItemFacts, why: Why | None) -> None:
    assert cab.why_on_agenda(facts, now=NOW) is why


def sits(person: str, *roles: Role) -> SignatureFact:
    return SignatureFact(person=person, roles=frozenset(roles), at=NOW)


@pytest.mark.parametrize(
    ("there", "empty"),
    [
        ((), ["Engineering lead", "Product", "Ops"]),
        ((sits("bob", Role.TECH_LEAD), sits("carol", Role.PRODUCT), sits("dan", Role.OPS)), []),
        ((sits("ivan", Role.ENGINEERING_MANAGER), sits("carol", Role.PRODUCT), sits("dan", Role.OPS)), []),
        ((sits("bob", Role.TECH_LEAD), sits("ivan", Role.ENGINEERING_MANAGER)), ["Product", "Ops"]),
        ((sits("omni", Role.TECH_LEAD, Role.PRODUCT, Role.OPS),), ["two of three"]),
        ((sits("alice", Role.ENGINEER), sits("carol", Role.PRODUCT), sits("dan", Role.OPS)), ["Engineering lead"]),
    ],
)
def test_quorum__is_three_people_in_three_seats(there: tuple[SignatureFact, ...], empty: list[str]) -> None:
    decision = cab.has_quorum(there)

    assert decision.allowed is not bool(empty)
    if empty == ["two of three"]:
        assert len(decision.failures) == 2
    else:
        assert [item.seat.label for item in cab.seats_present(there) if item.signature is None] == empty


@pytest.mark.parametrize(
    ("state", "until", "on_agenda", "codes"),
    [
        (MeetingState.PLANNED, None, True, []),
        (MeetingState.IN_SESSION, None, True, []),
        (MeetingState.PLANNED, NOW + HOUR, True, []),
        (MeetingState.PLANNED, NOW, True, ["cab.deadline_passed"]),
        (MeetingState.IN_SESSION, NOW - HOUR, True, ["cab.deadline_passed"]),
        (MeetingState.CLOSED, None, True, ["cab.meeting_over"]),
        (MeetingState.CANCELLED, None, True, ["cab.meeting_over"]),
        (MeetingState.PLANNED, None, False, ["cab.not_on_agenda"]),
    ],
)
def test_vote__from_planned_until_the_deadline_or_the_end(
    state: MeetingState, until: datetime | None, on_agenda: bool, codes: list[str]
) -> None:
    decision = cab.may_vote(state=state, votes_until=until, is_on_agenda=on_agenda, now=NOW)

    assert [reason.code for reason in decision.failures] == codes


def test_minutes__tell_dissent_by_name_and_what_is_deferred() -> None:
    item = Minuted(
        number="CR-2026-0114-001",
        title="Drop the v1 API\n# not a heading",
        why=Why.CRITICAL,
        state=IN_REVIEW,
        risk="critical",
        slot=NOW,
        missing=("Product", "Ops"),
        votes=(
            Vote(by="Ivan Ito", word="approved", seat="Engineering lead"),
            Vote(by="Carol Castro", word="refused", comment="Two clients still call it."),
        ),
        clashes=("CR-2026-0114-002",),
    )
    facts = MeetingFacts(
        reference="CAB-001",
        title="Weekly",
        opened_at=None,
        closed_at=NOW,
        attended=(("Ivan Ito", "Engineering manager"),),
        quorum=decide(passed("cab.quorum", "§5.6", "All there.")),
        items=(item,),
        notes="Ask again next week.",
    )

    assert cab.minutes(facts) == (
        "# Weekly (CAB-001)\n\nHeld by deadline, closed 2026-01-14 10:00 UTC.\n\n## Present\n\n"
        "- Ivan Ito (Engineering manager)\n\n**Quorum:** yes\n\n## Decisions\n\n"
        "### CR-2026-0114-001 Drop the v1 API # not a heading: deferred\n\n"
        "- critical risk, slot 2026-01-14 10:00 UTC\n"
        "- Ivan Ito approved as Engineering lead\n"
        "- Carol Castro refused: Two clients still call it.\n"
        "- Still to sign: Product, Ops\n"
        "- Clashes with CR-2026-0114-002\n\n"
        "## Notes\n\nAsk again next week.\n"
    )
