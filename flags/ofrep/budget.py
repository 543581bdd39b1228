"""So many questions a second of one key in one web process: counted in memory, since a look elsewhere would cost more than the answer."""

from __future__ import annotations

import math
import time

BURST_SECONDS = 10


class Budget:
    """A token bucket. Threads share it without a lock: two that take at once may take one token together, and nothing worse."""

    __slots__ = ("_at", "_left", "_per_second")

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._left = float(per_second * BURST_SECONDS)
        self._at = time.monotonic()

    def wait(self) -> int:
        """Take one token: 0, or the whole seconds after which one is there again. A budget of 0 a second is no limit."""
        if not self._per_second:
            return 0
        now = time.monotonic()
        left = min(self._left + (now - self._at) * self._per_second, self._per_second * BURST_SECONDS)
        self._at = now
        if left < 1:
            self._left = left
            return max(1, math.ceil((1 - left) / self._per_second))
        self._left = left - 1
        return 0
