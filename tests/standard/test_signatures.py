"""Whose signature counts and which seat it fills (domain.md section 4 "Seats"; §6.3 "Approver signs off")."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from changes.policy.approvals import (
    CAB,
    DBA,
    EMERGENCY,
    ENGINEER,
    OPS,
    PRODUCT,
    SECURITY,
    TECH_LEAD,
    FilledSeat,
    Seat,
    SignatureFact,
    counts,
    fill,
    may_refuse,
    may_sign,
    missing_seats,
    seat_for,
)
from cybercube_portal.decisions import Decision
from cybercube_portal.people.actors import GrantFact
from cybercube_portal.people.roles import Role

NOON = datetime(2026, 1, 17, 12, tzinfo=UTC)


def signed(person: str, *roles: Role, after: int = 0) -> SignatureFact:
    return SignatureFact(
        person=person, roles=frozenset(roles), at=NOON + timedelta(minutes=after), id=f"{person}-{after}"
    )


def who(filled: Sequence[FilledSeat]) -> list[str | None]:
    return [item.signature.person if item.signature else None for item in filled]


# --- fill ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seats", "signatures", "people"),
    [
        ((ENGINEER,), (), [None]),
        ((ENGINEER,), (signed("bob", Role.TECH_LEAD),), ["bob"]),
        ((TECH_LEAD,), (signed("alice", Role.ENGINEER),), [None]),
        # The tech lead signs first as an engineer would; the engineer after him still completes it.
        ((ENGINEER, TECH_LEAD), (signed("bob", Role.TECH_LEAD), signed("alice", Role.ENGINEER, after=1)), ["alice", "bob"]),
        # One person, two roles, one seat.
        ((TECH_LEAD, PRODUCT), (signed("pat", Role.TECH_LEAD, Role.PRODUCT),), ["pat", None]),
        ((ENGINEER, ENGINEER), (signed("alice", Role.ENGINEER), signed("alice", Role.ENGINEER, after=1)), ["alice", None]),
        # Pat could sit on either seat; Bob only on one.
        ((TECH_LEAD, PRODUCT), (signed("pat", Role.TECH_LEAD, Role.PRODUCT), signed("bob", Role.TECH_LEAD, after=1)), ["bob", "pat"]),
        # Who signed first keeps the seat when nobody gains by moving.
        ((TECH_LEAD, ENGINEER), (signed("sybil", Role.TECH_LEAD), signed("bob", Role.TECH_LEAD, after=1)), ["sybil", "bob"]),
        # A signature whose roles no longer count fills nothing.
        ((ENGINEER,), (signed("alice"),), [None]),
        (CAB, (signed("bob", Role.TECH_LEAD), signed("carol", Role.PRODUCT), signed("dan", Role.OPS)), ["bob", "carol", "dan"]),
        ((), (signed("alice", Role.ENGINEER),), []),
    ],
)  # fmt: skip
def test_fill__signatures_on_seats__seat_the_people_written(
    seats: tuple[Seat, ...], signatures: tuple[SignatureFact, ...], people: list[str | None]
) -> None:
    assert who(fill(seats, signatures)) == people


def test_fill__one_person_signed_twice__the_signature_that_fits_is_shown() -> None:
    as_engineer, as_product = signed("pat", Role.ENGINEER), signed("pat", Role.PRODUCT, after=1)

    assert fill((PRODUCT,), (as_engineer, as_product)) == (FilledSeat(PRODUCT, as_product),)


SEATS = st.lists(st.sampled_from([ENGINEER, TECH_LEAD, PRODUCT, SECURITY, DBA, OPS, *CAB, *EMERGENCY]), max_size=5)
SIGNATURES = st.lists(
    st.builds(
        SignatureFact,
        person=st.sampled_from(["alice", "bob", "carol", "dan", "erin"]),
        roles=st.frozensets(st.sampled_from(Role), max_size=3),
        at=st.integers(min_value=0, max_value=9).map(lambda minutes: NOON + timedelta(minutes=minutes)),
        id=st.sampled_from(["1", "2"]),
    ),
    max_size=6,
    unique_by=lambda item: (item.at, item.person, item.id),  # those that differ in roles alone have no order
)


def most_by_brute_force(seats: Sequence[Seat], signatures: Sequence[SignatureFact], seated: frozenset[str]) -> int:
    """The most seats distinct people can fill, by trying everything."""
    if not seats:
        return 0
    people = {item.person for item in signatures if item.roles & seats[0].roles} - seated
    left_open = most_by_brute_force(seats[1:], signatures, seated)
    return max([left_open, *(1 + most_by_brute_force(seats[1:], signatures, seated | {person}) for person in people)])


@settings(deadline=None)
@given(SEATS, SIGNATURES)
def test_fill__any_signatures__as_many_seats_as_brute_force(seats: list[Seat], signatures: list[SignatureFact]) -> None:
    filled = fill(seats, signatures)
    seated = [item for item in filled if item.signature]

    assert [item.seat for item in filled] == seats
    assert len(seated) == most_by_brute_force(seats, signatures, frozenset())
    assert all(item.signature.roles & item.seat.roles for item in seated if item.signature)
    assert len({item.signature.person for item in seated if item.signature}) == len(seated)


@settings(deadline=None)
@given(SEATS, SIGNATURES, st.randoms(use_true_random=False))
def test_fill__signed_in_another_order__the_same_seats_are_open(
    seats: list[Seat], signatures: list[SignatureFact], random: Random
) -> None:
    moments = [item.at for item in signatures]
    random.shuffle(moments)
    another_order = [
        SignatureFact(person=item.person, roles=item.roles, at=at, id=item.id)
        for item, at in zip(signatures, moments, strict=True)
    ]
    listed_otherwise = random.sample(signatures, len(signatures))

    still_open = [item.signature is None for item in fill(seats, signatures)]
    assert [item.signature is None for item in fill(seats, another_order)] == still_open
    assert fill(seats, listed_otherwise) == fill(seats, signatures)


@settings(deadline=None)
@given(SEATS, SIGNATURES)
def test_fill__one_more_signature__opens_no_seat_that_was_filled(
    seats: list[Seat], signatures: list[SignatureFact]
) -> None:
    # One more person: the same one signing again by more roles may sit elsewhere, and the database keeps that from happening.
    assume(signatures and signatures[-1].person not in {signature.person for signature in signatures[:-1]})
    after = fill(seats, signatures)

    for before, now in zip(fill(seats, signatures[:-1]), after, strict=True):
        assert before.signature is None or now.signature is not None


# --- missing_seats ------------------------------------------------------------------------------------------------


def test_missing_seats__one_is_open__is_pending_with_the_roles_that_can_fill_it() -> None:
    engineer = Seat("Engineering lead", frozenset({Role.TECH_LEAD, Role.ENGINEERING_MANAGER}), ("§5.1 major release",))

    decision = missing_seats(fill((engineer, PRODUCT), [signed("carol", Role.PRODUCT)]))

    (reason,) = decision.reasons
    assert (reason.code, reason.outcome, reason.section) == ("approval.seat_open", "pending", "§5.1")
    assert reason.who == ("Tech lead", "Engineering manager")
    assert reason.message == "Engineering lead has not approved (§5.1 major release)."
    assert not decision.allowed


@pytest.mark.parametrize("seats", [(), (PRODUCT,)])
def test_missing_seats__none_is_open__passes(seats: tuple[Seat, ...]) -> None:
    decision = missing_seats(fill(seats, [signed("carol", Role.PRODUCT)]))

    assert decision.allowed
    assert [reason.code for reason in decision.reasons] == ["approval.complete"]


# --- may_sign, may_refuse, seat_for -------------------------------------------------------------------------------


def sign(
    person: str,
    *roles: Role,
    seats: Sequence[Seat] = (TECH_LEAD, PRODUCT),
    signatures: Sequence[SignatureFact] = (),
    refused: bool = False,
) -> Decision:
    return may_sign(
        person=person,
        roles=frozenset(roles),
        requester="alice",
        editors=frozenset({"oscar"}),
        seats=seats,
        signatures=signatures,
        refused=refused,
    )


def codes(decision: Decision) -> list[str]:
    return [reason.code for reason in decision.blockers]


def test_may_sign__role_is_asked__says_as_what_and_how_many() -> None:
    decision = sign("bob", Role.TECH_LEAD)

    assert decision.allowed
    assert [reason.message for reason in decision.reasons] == ["Approve as Tech lead, 1 of 2."]


def test_may_sign__the_last_open_seat__is_the_last_of_all() -> None:
    decision = sign("carol", Role.PRODUCT, signatures=[signed("bob", Role.TECH_LEAD)])

    assert [reason.message for reason in decision.reasons] == ["Approve as Product, 2 of 2."]


@pytest.mark.parametrize(("person", "did"), [("alice", "requested this change"), ("oscar", "edited what is to be")])
def test_may_sign__requester_or_editor__is_refused(person: str, did: str) -> None:
    decision = sign(person, Role.TECH_LEAD)

    assert codes(decision) == ["approval.author_is_approver"]
    assert decision.failures[0].message.startswith(f"You {did}")


def test_may_sign__role_is_not_asked__names_what_is_asked() -> None:
    (reason,) = sign("erin", Role.DBA).blockers

    assert (reason.code, reason.who) == ("approval.role_not_asked", ("Tech lead", "Product"))


def test_may_sign__no_seat_at_all__needs_no_approval() -> None:
    (reason,) = sign("bob", Role.TECH_LEAD, seats=()).blockers

    assert (reason.code, reason.remedy) == ("approval.role_not_asked", "It needs no approval.")


def test_may_sign__signed_before__is_refused() -> None:
    assert codes(sign("bob", Role.TECH_LEAD, signatures=[signed("bob", Role.TECH_LEAD)])) == ["approval.already_signed"]


def test_may_sign__seat_is_taken__is_refused() -> None:
    assert codes(sign("sybil", Role.TECH_LEAD, signatures=[signed("bob", Role.TECH_LEAD)])) == ["approval.seat_taken"]


def test_may_sign__one_refusal_stands__is_refused_until_revised() -> None:
    (reason,) = sign("bob", Role.TECH_LEAD, refused=True).blockers

    assert (reason.code, reason.who) == ("approval.refused", ("alice",))


def test_may_sign__several_rules_are_broken__gives_every_reason() -> None:
    assert codes(sign("alice", Role.DBA, refused=True)) == [
        "approval.refused",
        "approval.author_is_approver",
        "approval.role_not_asked",
    ]


def test_seat_for__somebody_else_can_move__offers_the_seat_that_becomes_free() -> None:
    """Pat (tech lead and product) signed as tech lead; Bob the tech lead may still sign, Pat moves to Product."""
    pat = signed("pat", Role.TECH_LEAD, Role.PRODUCT)

    offer = seat_for(person="bob", roles=frozenset({Role.TECH_LEAD}), seats=(TECH_LEAD, PRODUCT), signatures=[pat])

    assert offer is not None
    assert offer.label == "Tech lead, 2 of 2"


def test_may_refuse__seat_is_taken__may_still_stop_it() -> None:
    decision = may_refuse(
        person="sybil",
        roles=frozenset({Role.TECH_LEAD}),
        requester="alice",
        editors=frozenset(),
        seats=(TECH_LEAD, PRODUCT),
    )

    assert decision.allowed


@pytest.mark.parametrize(
    ("person", "role", "code"),
    [
        ("alice", Role.TECH_LEAD, "approval.author_is_approver"),
        ("oscar", Role.TECH_LEAD, "approval.author_is_approver"),
        ("erin", Role.DBA, "approval.role_not_asked"),
    ],
)
def test_may_refuse__author_or_role_not_asked__is_refused(person: str, role: Role, code: str) -> None:
    decision = may_refuse(
        person=person,
        roles=frozenset({role}),
        requester="alice",
        editors=frozenset({"oscar"}),
        seats=(TECH_LEAD, PRODUCT),
    )

    assert codes(decision) == [code]


@settings(deadline=None)
@given(SEATS, SIGNATURES, st.frozensets(st.sampled_from(Role), max_size=3))
def test_may_sign__allowed__exactly_when_one_more_seat_is_filled(
    seats: list[Seat], signatures: list[SignatureFact], roles: frozenset[Role]
) -> None:
    new = SignatureFact(person="zoe", roles=roles, at=NOON + timedelta(days=1))
    before = most_by_brute_force(seats, signatures, frozenset())
    after = most_by_brute_force(seats, [*signatures, new], frozenset())

    assert sign("zoe", *roles, seats=seats, signatures=signatures).allowed == (after > before)


# --- counts -------------------------------------------------------------------------------------------------------

BEFORE, LATER = NOON - timedelta(hours=1), NOON + timedelta(hours=1)
MUCH_LATER = NOON + timedelta(hours=2)


@pytest.mark.parametrize(
    ("case", "team", "starts_at", "ends_at", "revoked_at", "does_count"),
    [
        ("held for the team", "payments", BEFORE, None, None, True),
        ("held everywhere", None, BEFORE, None, None, True),
        ("held for another team", "search", BEFORE, None, None, False),
        ("begins at that instant", "payments", NOON, None, None, True),
        ("not begun", "payments", LATER, None, None, False),
        ("rotation under way", "payments", BEFORE, LATER, None, True),
        ("rotation over before", "payments", BEFORE - timedelta(days=1), BEFORE, None, False),
        ("rotation over at that instant", "payments", BEFORE, NOON, None, False),
        ("revoked before signing", "payments", BEFORE - timedelta(days=1), None, BEFORE, False),
        ("revoked after signing", "payments", BEFORE, None, LATER, False),
        ("rotation revoked early after signing", "payments", BEFORE, MUCH_LATER, LATER, False),
        ("rotation ended, then cleaned up", "payments", BEFORE, LATER, MUCH_LATER, True),
        ("rotation revoked at its very end", "payments", BEFORE, LATER, LATER, True),
    ],
)
def test_counts__a_grant_and_the_moment_of_signing__counts_as_written(
    *, case: str, team: str | None, starts_at: datetime, ends_at: datetime | None, revoked_at: datetime | None,
    does_count: bool,
) -> None:  # fmt: skip
    grant = GrantFact(role=Role.DBA, team=team, starts_at=starts_at, ends_at=ends_at, revoked_at=revoked_at)

    counting = counts(grants=[grant], teams=frozenset({"payments"}), signed_at=NOON)

    assert counting == (frozenset({Role.DBA}) if does_count else frozenset()), case


def test_counts__one_of_two_grants_was_revoked__the_other_still_counts() -> None:
    revoked = GrantFact(role=Role.OPS, team="payments", starts_at=BEFORE, revoked_at=LATER)
    other = GrantFact(role=Role.OPS, team=None, starts_at=BEFORE)
    product = GrantFact(role=Role.PRODUCT, team="payments", starts_at=BEFORE)

    counting = counts(grants=[revoked, other, product], teams=frozenset({"payments", "search"}), signed_at=NOON)

    assert counting == {Role.OPS, Role.PRODUCT}
