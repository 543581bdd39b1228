"""Medians and other quantiles over many runs of sorted seconds, without putting them into one row: exact, and quick over millions. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import ceil

Run = Sequence[int]
# Four bytes for each: whole seconds up to 136 years.
CODE = "I"


def run_of(seconds: Iterable[float]) -> Run:
    """Whole seconds in ascending order; one that was begun counts."""
    return array(CODE, sorted(map(ceil, seconds)))


def packed(run: Run) -> bytes:
    """The run as bytes, for a column of them."""
    return array(CODE, run).tobytes()


def unpacked(kept: bytes | memoryview, *, is_sorted: bool = True) -> Run:
    """What `packed` made; several of them behind each other are no longer sorted."""
    found = array(CODE)
    found.frombytes(kept)
    return found if is_sorted else array(CODE, sorted(found))


def quantile(runs: Iterable[Run], share: float) -> timedelta | None:
    """Of everything in `runs`, between its neighbours as PostgreSQL's percentile_cont; None of nothing."""
    filled = [run for run in runs if run]
    if not filled:
        return None
    place = share * (sum(map(len, filled)) - 1)
    low = int(place)
    first, second = _neighbours(filled, low)
    return timedelta(seconds=first + (second - first) * (place - low))


def _neighbours(runs: Sequence[Run], place: int) -> tuple[int, int]:
    """The value at that place (from 0) of all in order, and the next one; the same where it is the last.

    Halves the range of values until one is left: a run answers how many of its own are at most that much.
    """
    least, most = min(run[0] for run in runs), max(run[-1] for run in runs)
    while least < most:
        middle = (least + most) // 2
        if sum(bisect_right(run, middle) for run in runs) > place:
            most = middle
        else:
            least = middle + 1
    below = [bisect_right(run, least) for run in runs]
    if sum(below) > place + 1:
        return least, least
    return least, min((run[index] for run, index in zip(runs, below, strict=True) if index < len(run)), default=least)
