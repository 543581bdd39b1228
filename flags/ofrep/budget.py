"""So many questions a second of one key: counted in memory, since a look elsewhere would cost more than the answer.

What a key asks in other web processes is learned once a second (`sharing`) and taken from the same bucket: together they answer what the
key may ask, give or take what one second brings, and whatever was too much is paid back.
"""

from __future__ import annotations

import math
import time

BURST_SECONDS = 10


class Budget:
    """A token bucket. Threads share it without a lock: two that take at once may take one token together, and nothing worse."""

    __slots__ = ("_elsewhere", "_per_second", "_state", "_taken", "_told", "_total")

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        # What is left, when that was so, and how much of `_elsewhere` it knows of: replaced as one.
        self._state = (float(per_second * BURST_SECONDS), time.monotonic(), 0)
        self._taken = self._told = self._elsewhere = 0
        self._total: int | None = None

    def wait(self) -> int:
        """Take one token: 0, or the whole seconds after which one is there again. A budget of 0 a second is no limit."""
        per_second = self._per_second
        if not per_second:
            return 0
        now, elsewhere = time.monotonic(), self._elsewhere
        left, at, known = self._state
        left = min(left + (now - at) * per_second - (elsewhere - known), per_second * BURST_SECONDS)
        if left < 1:
            self._state = (left, now, elsewhere)
            return max(1, math.ceil((1 - left) / per_second))
        self._state = (left - 1, now, elsewhere)
        self._taken += 1
        return 0

    @property
    def untold(self) -> int:
        """Tokens taken here that the other processes have not been told of."""
        return self._taken - self._told

    def learn(self, *, told: int, total: int) -> None:
        """`told` tokens of here were added to the count of all processes, which is `total` now. The first count says nothing of when."""
        if self._total is not None:
            # Less than before: the count was lost, and began anew.
            self._elsewhere += max(0, total - self._total - told)
        self._total = total
        self._told += told
