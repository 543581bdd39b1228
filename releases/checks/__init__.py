"""The checks of §4.7 by kind: each is told frozen facts, talks to the outside and knows no table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from releases.checks import endpoint, error_rate, health, latency_p99
from releases.checks.facts import CheckFacts
from releases.policy.verification import Finding
from releases.states import CheckKind

Check = Callable[[CheckFacts], Finding]

# Threads are made as they are needed and kept. As many as a worker of 32 threads has checks under way: a slow one holds up no other.
AT_ONCE = 128
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="check")

CHECKS: Mapping[CheckKind, Check] = {
    CheckKind.HEALTH: health.check,
    CheckKind.ENDPOINT: endpoint.check,
    CheckKind.ERROR_RATE: error_rate.check,
    CheckKind.LATENCY_P99: latency_p99.check,
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found, and the seconds it took."""

    finding: Finding
    seconds: float


def look(facts: CheckFacts, kinds: Iterable[CheckKind] = tuple(CheckKind)) -> tuple[Checked, ...]:
    """Make these checks at once, so that a slow one holds up no other. Writes nothing; in the order asked for."""
    return tuple(_threads.map(lambda kind: _timed(CHECKS[kind], facts), kinds))


def _timed(check: Check, facts: CheckFacts) -> Checked:
    began = time.monotonic()
    finding = check(facts)
    return Checked(finding, time.monotonic() - began)
