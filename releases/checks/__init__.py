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
    asked = tuple(kinds)
    with ThreadPoolExecutor(max_workers=len(asked), thread_name_prefix="check") as pool:
        return tuple(pool.map(lambda kind: _timed(CHECKS[kind], facts), asked))


def _timed(check: Check, facts: CheckFacts) -> Checked:
    began = time.monotonic()
    finding = check(facts)
    return Checked(finding, time.monotonic() - began)
