"""A deployment window binds until it is removed, at the gate and at `start` alike (domain.md section 4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from changes.actions.windows import remove_window
from changes.models import ChangeRequest
from changes.selectors.moves import moves_for
from changes.selectors.situation import Situation
from tests.factories import changes as story
from tests.releases.asking import SERVICE, Ask, blocking

Hold = Callable[[datetime], datetime]


@pytest.mark.parametrize("rule", ["", "FREQ=DAILY;COUNT=2"], ids=["once", "a rule that ends"])
def test_window__over_for_good__still_binds_gate_and_start_until_it_is_removed(
    ask: Ask, approved: ChangeRequest, slot: datetime, clock_at: Hold, rule: str
) -> None:
    opens = slot - timedelta(days=20)
    window = story.window(
        now=opens, starts_at=opens, ends_at=opens + timedelta(hours=2), rule=rule, services=(SERVICE,)
    )
    clock_at(slot)

    asked = ask()
    assert (asked["decision"], blocking(asked)) == ("deny", {"window.closed", "schedule.no_moment_left"})
    assert start_blockers(approved, slot) == {"window.closed"}

    remove_window(reference=window.reference, actor=story.actor("dan"), now=slot)
    assert ask()["decision"] == "allow"
    assert start_blockers(approved, slot) == set()


def start_blockers(change: ChangeRequest, now: datetime) -> set[str]:
    moves = moves_for(Situation(change, now=now), actor=story.actor("alice"))
    [start] = [move for move in moves if move.verb == "start"]
    return {reason.code for reason in start.reasons}
