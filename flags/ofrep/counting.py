"""What a web process answered, until it is written down: added up by key and variant, so that it takes little room however long PostgreSQL is away."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from django.db import OperationalError

from cybercube_portal import clock
from flags.actions.facts import Count, count_usage
from flags.evaluation import Result

# Of keys nobody defined; anybody can make up more.
MOST_UNKNOWN = 200


class Counts:
    """Any thread notes, one adds up and writes."""

    def __init__(self) -> None:
        self._answers: deque[tuple[str, tuple[tuple[str, Result], ...]]] = deque()
        self._counted: Counter[tuple[str, str, str]] = Counter()
        self._unknown: set[str] = set()

    def note(self, environment: str, answers: Iterable[tuple[str, Result]]) -> None:
        """Keep what was answered."""
        self._answers.append((environment, tuple(answers)))

    def add_up(self) -> None:
        """Make numbers of what was kept. Asks nobody."""
        while self._answers:
            environment, answers = self._answers.popleft()
            for key, result in answers:
                if result.variant is None and key not in self._unknown:
                    if len(self._unknown) >= MOST_UNKNOWN:
                        continue
                    self._unknown.add(key)
                self._counted[environment, key, result.variant or ""] += 1

    def write(self) -> None:
        """Write down what was answered since the last time; it is kept for the next time while PostgreSQL is away. Raises what that raises."""
        self.add_up()
        if not self._counted:
            return
        try:
            at = clock.now()
            count_usage(
                Count(environment=environment, key=key, variant=variant, count=number, at=at)
                for (environment, key, variant), number in self._counted.items()
            )
        except OperationalError:
            raise
        except Exception:
            self._forget()
            raise
        self._forget()

    def _forget(self) -> None:
        self._counted, self._unknown = Counter(), set()
