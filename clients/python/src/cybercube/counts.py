"""How often which flag answered what, until the portal was told."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

# A program that asks for whatever its users type loses counts, never memory.
MOST_PAIRS, MOST_UNKNOWN, MOST_ROWS = 10_000, 200, 5000
LONGEST_KEY = 100


class Counts:
    """Counted without a lock: two threads at once may lose one, and nothing worse."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def note(self, key: str, variant: str) -> None:
        """One answer more."""
        try:
            self._numbers[key, variant] += 1
        except KeyError:
            if len(self._numbers) < MOST_PAIRS:
                self._numbers[key, variant] = 1

    def taken(self) -> dict[tuple[str, str], int]:
        """What was counted until now; counting begins anew."""
        numbers, self._numbers = self._numbers, {}
        return numbers

    def put_back(self, numbers: dict[tuple[str, str], int]) -> None:
        """Count these too: they could not be handed over."""
        for pair, number in numbers.items():
            if pair in self._numbers or len(self._numbers) < MOST_PAIRS:
                self._numbers[pair] = self._numbers.get(pair, 0) + number


def rows_of(numbers: dict[tuple[str, str], int], known: Container[str]) -> list[dict[str, Any]]:
    """As the portal takes them: every flag that is defined, and some of the keys that nobody defined (§7.4)."""
    rows, unknown = [], []
    for (key, variant), number in numbers.items():
        if key in known:
            rows.append({"flag": key, "variant": variant, "count": number})
        elif key.strip() and "\0" not in key:
            unknown.append({"flag": key.strip()[:LONGEST_KEY], "variant": "", "count": number})
    return [*rows, *unknown[:MOST_UNKNOWN]][:MOST_ROWS]
