"""What follows from a change's type and risk before it may happen, said beforehand (§4.2, §5.6, §6.1, §6.4). Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from changes.policy.approvals import SeatFacts, required_seats
from changes.policy.classes import classes_of
from changes.policy.content import SCHEDULE_IS_MATERIAL
from changes.policy.risk import QUESTIONS, RiskFacts, assess
from changes.states import ChangeType, Risk

PRODUCTION = "prd"


@dataclass(frozen=True, slots=True)
class Follow:
    """One consequence in a sentence."""

    text: str
    section: str


@dataclass(frozen=True, slots=True)
class Weight:
    """What a yes to one question alone makes of a change: its risk, and who signs then."""

    level: Risk
    seats: tuple[str, ...]


START: dict[ChangeType, Follow] = {
    ChangeType.STANDARD: Follow("It may start at once: no lead time.", "§6.1"),
    ChangeType.NORMAL: Follow("It starts 24 hours after it was submitted, not before.", "§6.1"),
    ChangeType.EMERGENCY: Follow("It starts once one approver said yes; its record follows within 24 hours.", "§6.4"),
}
TESTED = Follow(
    "Its artifacts pass build, test and scan, run healthy in staging and pass the end-to-end tests there.", "§4.2"
)
TESTED_IN_PART = Follow("A failed build, test or scan stops it; what was not run is only reported.", "§4.2")
ON_AGENDA = Follow("It stands on the CAB's agenda, and another time needs new signatures.", "§5.6")


def weight_of(question: str, change_type: ChangeType = ChangeType.NORMAL) -> Weight:
    """What a yes to `question` (a key of QUESTIONS) adds by itself."""
    level = assess(RiskFacts(answers=((question, True),))).computed
    classes = classes_of(
        answers={question: True}, deploys=False, migration_kinds=frozenset(), has_breaking_commits=False
    )
    plan = required_seats(SeatFacts(change_type=change_type, risk=level, classes=classes))
    return Weight(level, tuple(dict.fromkeys(seat.label for seat in plan.seats)))


WEIGHTS: dict[str, Weight] = {question: weight_of(question) for question in QUESTIONS}


def what_follows(
    *, change_type: ChangeType, risk: Risk, deploys: bool, environments: Collection[str]
) -> tuple[Follow, ...]:
    """When it may start, what is tested before, and whether the board talks about it. `deploys`: it names artifacts."""
    found = [START[change_type]]
    if deploys and PRODUCTION in environments:
        found.append(TESTED_IN_PART if change_type is ChangeType.EMERGENCY else TESTED)
    if change_type is ChangeType.NORMAL and risk in SCHEDULE_IS_MATERIAL:
        found.append(ON_AGENDA)
    return tuple(found)
