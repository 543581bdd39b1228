"""§9.3: expand, then backfill, then contract, in the order of the files' names (§9.2, §9.5)."""

from __future__ import annotations

import pytest

from cybercube_portal.catalog.states import MigrationPhase
from releases.policy.migrations import Sibling, in_order, never_lower

EXPAND, BACKFILL, CONTRACT = MigrationPhase
EARLIER, OWN, LATER = (f"2026011712000{number}_{number}.sql" for number in range(3))


def judged(phase: MigrationPhase, *others: Sibling) -> list[str]:
    decision = in_order(filename=OWN, phase=phase, environment="prd", others=others)
    assert all(reason.section == "§9.3" and reason.remedy for reason in decision.blockers)
    return [reason.message for reason in decision.blockers]


def other(phase: MigrationPhase | None, *, name: str = EARLIER, has_run: bool = False) -> Sibling:
    return Sibling(filename=name, phase=phase, has_run=has_run)


# What runs | what stands before it and has not run | does it wait.
TABLE = """
expand   expand   no
expand   backfill no
expand   contract no
backfill expand   yes
backfill backfill no
backfill contract no
contract expand   yes
contract backfill yes
contract contract no
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("own", "before", "waits"), ROWS)
def test_phase__with_another_before_it__waits_as_the_table_says(own: str, before: str, waits: str) -> None:
    first = MigrationPhase(before)

    assert bool(judged(MigrationPhase(own), other(first))) is (waits == "yes")
    assert judged(MigrationPhase(own), other(first, has_run=True)) == []
    assert judged(MigrationPhase(own), other(first, name=LATER)) == []


def test_contract__after_what_changes_nothing__does_not_wait() -> None:
    assert judged(CONTRACT, other(None)) == []
    assert judged(CONTRACT) == []


def test_contract__after_many__names_the_first_three_and_counts_the_rest() -> None:
    names = [f"2025011712000{number}_x.sql" for number in range(5)]
    (message,) = judged(CONTRACT, *(other(BACKFILL, name=name) for name in reversed(names)))

    assert ", ".join(f"{name} (backfill)" for name in names[:3]) + " and 2 more." in message
    assert names[3] not in message


@pytest.mark.parametrize(
    ("told", "phase"),
    [
        ((None, None), EXPAND),
        (("expand", "contract"), CONTRACT),
        (("contract", "expand"), CONTRACT),
        (("backfill", None), BACKFILL),
    ],
)
def test_phase__announced_and_found__is_the_later_one(told: tuple[str | None, ...], phase: MigrationPhase) -> None:
    assert never_lower(*told) is phase
