"""Who must sign: §2.4 (pull requests), §5.1 (release types), §5.6 (risk), §6.4 (emergency); ruling R1."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from itertools import combinations, combinations_with_replacement
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changes.policy.approvals import (
    CAB,
    CLASS_SEATS,
    RELEASE_SEATS,
    RISK_SEATS,
    TEMPLATE_SEATS,
    ChangeClass,
    ReleaseType,
    Seat,
    SeatFacts,
    required_seats,
    smallest_union,
)
from changes.states import ChangeType, Risk
from cybercube_portal.people.roles import Role

ROWS = list(csv.DictReader((Path(__file__).parent / "seats.csv").read_text(encoding="utf-8").splitlines()))
ALL_SEATS = [seat for table in (RELEASE_SEATS, RISK_SEATS, CLASS_SEATS) for seats in table.values() for seat in seats]


def facts_of(row: dict[str, str]) -> SeatFacts:
    return SeatFacts(
        change_type=ChangeType(row["change_type"]),
        risk=Risk(row["risk"]),
        release_type=ReleaseType(row["release_type"]) if row["release_type"] else None,
        classes=frozenset(ChangeClass(name) for name in row["classes"].split()),
    )


def labels(seats: Iterable[Seat]) -> list[str]:
    return sorted(seat.label for seat in seats)


def written(cell: str) -> list[str]:
    return sorted(cell.split(" + ")) if cell else []


@pytest.mark.parametrize("row", ROWS, ids=[row["section"] for row in ROWS])
def test_required_seats__every_row_of_the_table__are_the_seats_written(row: dict[str, str]) -> None:
    plan = required_seats(facts_of(row))

    assert labels(plan.seats) == written(row["seats"])
    assert labels(plan.waived) == written(row["waived"])


ENGINEERS = {"engineer", "tech_lead", "security", "dba", "ops", "on_call", "on_call_lead", "engineering_manager"}


@pytest.mark.parametrize(
    ("label", "roles"),
    [
        ("Engineer", ENGINEERS),
        ("Tech lead", {"tech_lead"}),
        ("Product", {"product"}),
        ("Security", {"security"}),
        ("DBA", {"dba"}),
        ("Ops", {"ops"}),
        ("On-call", {"on_call"}),
        ("Engineering lead", {"tech_lead", "engineering_manager"}),
    ],
)
def test_required_seats__each_seat__may_be_filled_by_the_roles_written(label: str, roles: set[str]) -> None:
    assert {seat.roles for seat in ALL_SEATS if seat.label == label} == {frozenset(map(Role, roles))}


def test_required_seats__emergency__any_one_of_the_four_of_6_4() -> None:
    (seat,) = required_seats(SeatFacts(change_type=ChangeType.EMERGENCY, risk=Risk.CRITICAL)).seats

    assert seat.role_labels == ("On-call lead", "Engineering manager", "VP Engineering", "CTO")
    assert seat.section == "§6.4"


def test_required_seats__r1_several_tables__each_seat_names_every_table_that_asked() -> None:
    plan = required_seats(
        SeatFacts(
            change_type=ChangeType.NORMAL,
            risk=Risk.HIGH,
            release_type=ReleaseType.MAJOR,
            classes=frozenset({ChangeClass.CODE, ChangeClass.MIGRATION}),
        )
    )

    assert {seat.label: seat.sources for seat in plan.seats} == {
        "Tech lead": ("§2.4 code", "§2.4 migration", "§5.1 major release", "§5.6 high risk"),
        "Product": ("§5.1 major release", "§5.6 high risk"),
        "Ops": ("§5.1 major release",),
        "DBA": ("§2.4 migration",),
    }


def test_required_seats__templates__are_pre_approved_by_the_three_seats_of_cab() -> None:
    assert labels(TEMPLATE_SEATS) == labels(CAB) == ["Engineering lead", "Ops", "Product"]
    assert {seat.section for seat in TEMPLATE_SEATS} == {"§6.2"}


def test_seat__asked_by_no_table__still_names_the_approval_matrix() -> None:
    assert CAB[0].section == "§5.6"


def test_seats__of_all_tables__lie_inside_one_another_or_apart() -> None:
    """What `smallest_union` relies on."""
    shapes = {seat.roles for seat in ALL_SEATS}

    assert all(one <= other or other <= one or not one & other for one, other in combinations(shapes, 2))


def satisfies(seats: Sequence[Seat], source: Sequence[Seat]) -> bool:
    """Brute force: every seat of the source finds a seat of its own that is as narrow or narrower."""
    if not source:
        return True
    first, rest = source[0], source[1:]
    return any(
        seat.roles <= first.roles and satisfies([*seats[:index], *seats[index + 1 :]], rest)
        for index, seat in enumerate(seats)
    )


def smallest_by_brute_force(sources: Iterable[Sequence[Seat]], size: int) -> list[tuple[Seat, ...]]:
    """Every multiset of at most `size` seats that satisfies all sources, of the least length there is."""
    shapes = list({seat.roles: seat for source in sources for seat in source}.values())
    for length in range(size + 1):
        found = [
            seats
            for seats in combinations_with_replacement(shapes, length)
            if all(satisfies(seats, source) for source in sources)
        ]
        if found:
            return found
    return []


def roles_of(seats: Iterable[Seat]) -> list[list[str]]:
    return sorted(sorted(seat.roles) for seat in seats)


def width(seats: Iterable[Seat]) -> int:
    return sum(len(seat.roles) for seat in seats)


SOURCES = st.dictionaries(
    st.sampled_from(["one", "two", "three"]), st.lists(st.sampled_from(ALL_SEATS), min_size=1, max_size=3), min_size=1
)


@settings(max_examples=100, deadline=None)
@given(SOURCES)
def test_smallest_union__any_sources__is_the_minimum_of_brute_force_and_asks_for_least(
    sources: dict[str, list[Seat]],
) -> None:
    union = smallest_union(sources)
    minima = smallest_by_brute_force(sources.values(), len(union))

    widest = max(minima, key=width)
    assert roles_of(union) == roles_of(widest)


FACTS = st.builds(
    SeatFacts,
    change_type=st.just(ChangeType.NORMAL),
    risk=st.sampled_from(Risk),
    release_type=st.sampled_from([*ReleaseType, None]),
    classes=st.frozensets(st.sampled_from(ChangeClass)),
)


@settings(max_examples=100, deadline=None)
@given(FACTS)
def test_required_seats__any_normal_change__is_the_minimum_of_brute_force(facts: SeatFacts) -> None:
    sources = [RISK_SEATS[facts.risk], *(CLASS_SEATS[name] for name in facts.classes)]
    if facts.release_type:
        sources.append(RELEASE_SEATS[facts.release_type])
    seats = required_seats(facts).seats

    assert roles_of(seats) in [roles_of(minimum) for minimum in smallest_by_brute_force(sources, len(seats))]


@given(FACTS)
def test_required_seats__more_is_asked__never_asks_for_fewer(facts: SeatFacts) -> None:
    plain = required_seats(SeatFacts(change_type=ChangeType.NORMAL, risk=facts.risk)).seats

    assert len(required_seats(facts).seats) >= len(plain)
    assert satisfies(required_seats(facts).seats, RISK_SEATS[facts.risk])
