"""What a page costs somebody who is logged in, and how all pages of a benchmark stood against the goals of performance.md section 2."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cybercube_portal.people.models import User

GOAL_MS, MOST_QUERIES, LARGEST = 300, 12, 300_000
BACKEND = "cybercube_portal.people.authentication.PersonBackend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Milliseconds of a page, each time it was asked, and what it cost besides; `bare`: those of its rows' statement alone."""

    name: str
    pages: list[float]
    queries: int
    size: int
    bare: list[float] = field(default_factory=list)
    said: str = ""

    @property
    def p95(self) -> float:
        """Of the page."""
        return percentile(self.pages)

    @property
    def failed(self) -> bool:
        """Whether it misses a goal."""
        return self.p95 >= GOAL_MS or self.queries > MOST_QUERIES or self.size >= LARGEST

    def line(self) -> str:
        """As it is printed."""
        bare = f", bare {percentile(self.bare):6.1f} ms ({statistics.median(self.bare):5.1f})" if self.bare else ""
        return (
            f"{'MISSED ' if self.failed else ''}{self.name:<70.70} p95 {self.p95:6.1f} ms (median {statistics.median(self.pages):6.1f})"
            f"{bare}, {self.queries:2} queries, {self.size // 1000:3} KB{', ' * bool(self.said)}{self.said}"
        )


@dataclass(slots=True)
class Tally:
    """Everything that was measured, each line printed as it comes."""

    measured: list[Measured] = field(default_factory=list)

    def add(self, measured: Measured) -> None:
        """Print it and keep it."""
        self.measured.append(measured)
        print(measured.line(), flush=True)

    def end(self) -> int:
        """Print the last line. Returns the exit code: 1 when something missed its goal."""
        kept = sum(not row.failed for row in self.measured)
        slowest = max(self.measured, key=lambda row: row.p95)
        largest = max(self.measured, key=lambda row: row.size)
        busiest = max(self.measured, key=lambda row: row.queries)
        print(
            f"{kept} of {len(self.measured)} within p95 < {GOAL_MS} ms, {MOST_QUERIES} queries and {LARGEST // 1000} KB; "
            f"slowest {slowest.p95:.0f} ms ({slowest.name}), largest {largest.size // 1000} KB ({largest.name}), "
            f"most queries {busiest.queries} ({busiest.name}); {load()}"
        )
        return int(kept < len(self.measured))


def logged_in(username: str) -> Client:
    """A browser of that person."""
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.get(username=username), backend=BACKEND)
    return client


def measure(
    client: Client,
    address: str,
    *,
    name: str,
    rounds: int,
    bare: Callable[[], object] | None = None,
    say: Callable[[bytes], str] | None = None,
) -> Measured:
    """The page at `address`, `rounds` times, in turns with `bare`. `say` reads what is told of it from the page. Raises SystemExit when it is none."""
    with CaptureQueriesContext(connection) as asked:
        page = client.get(address)
    queries = len(asked)
    if page.status_code != HTTPStatus.OK:
        raise SystemExit(f"{address} answers {page.status_code}")
    pages, alone = [], []
    for _ in range(rounds):
        pages.append(milliseconds(lambda: client.get(address)))
        if bare:
            alone.append(milliseconds(bare))
    return Measured(
        name=name,
        pages=pages,
        queries=queries,
        size=len(page.content),
        bare=alone,
        said=say(page.content) if say else "",
    )


def milliseconds(act: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def percentile(figures: list[float]) -> float:
    """The 95th."""
    return statistics.quantiles(figures, n=20, method="inclusive")[-1]


def load() -> str:
    """How busy the machine is: figures of a busy one say little."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"
