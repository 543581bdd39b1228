"""How often one key may ask, in one process and in several; the clock stands where the test puts it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from uuid import uuid4

import pytest
from pytest_django import Settings

from flags.ofrep.budget import Budget
from flags.ofrep.sharing import Exchange

Sets = Callable[[float], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Sets:
    """Sets what the bucket reads as seconds."""

    def seconds(now: float) -> None:
        monkeypatch.setattr("flags.ofrep.budget.time", SimpleNamespace(monotonic=lambda: now))

    seconds(0.0)
    return seconds


def taken(budget: Budget) -> int:
    """How many it gives before it asks to wait."""
    given = 0
    while not budget.wait():
        given += 1
        assert given < 1000
    return given


def test_budget__is_ten_seconds_at_once_and_then_what_comes(at: Sets) -> None:
    budget = Budget(2)
    assert (taken(budget), budget.wait()) == (20, 1)
    at(3.0)
    assert taken(budget) == 6
    at(1000.0)
    assert taken(budget) == 20
    assert Budget(0).wait() == 0


# (moment, tokens told, total of all processes), then how many are left and the seconds to wait after those.
LEARNT = [
    ([(0, 0, 500)], 20, 1),  # The first count says nothing of when.
    ([(0, 0, 500), (0, 0, 512)], 8, 1),
    ([(0, 0, 500), (0, 0, 530)], 0, 6),  # Too much elsewhere is paid back.
    ([(0, 0, 500), (0, 4, 504)], 20, 1),  # All of it was asked here.
    ([(0, 0, 500), (0, 0, 3)], 20, 1),  # The count began anew.
    ([(0, 0, 0), (10, 0, 30)], 10, 1),  # Idle here: what came meanwhile was asked there.
    ([(0, 0, 0), (60, 0, 60)], 20, 1),
]


@pytest.mark.parametrize(("learnt", "left", "wait"), LEARNT)
def test_budget__learns_what_was_asked_elsewhere(
    at: Sets, learnt: list[tuple[float, int, int]], left: int, wait: int
) -> None:
    budget = Budget(2)
    for moment, told, total in learnt:
        at(moment)
        budget.learn(told=told, total=total)
    assert (taken(budget), budget.wait()) == (left, wait)


def test_key__in_two_processes__has_one_budget(at: Sets) -> None:
    name, here, there = uuid4().hex, Budget(1), Budget(1)

    def share() -> None:
        for budget in (here, there, here):
            Exchange().share({name: budget})

    share()
    assert [here.wait() for _ in range(6)] == [0] * 6
    share()
    assert taken(there) == 4
    share()
    assert here.wait() == 1
    at(4.0)
    assert (here.wait(), here.wait(), here.wait()) == (0, 0, 0)
    share()
    assert (there.wait(), there.wait()) == (0, 1)


def test_key__while_redis_is_away__is_counted_by_each_process(settings: Settings, at: Sets) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    budget = Budget(1)
    Exchange().share({"key": budget})
    assert (taken(budget), budget.untold) == (10, 10)
