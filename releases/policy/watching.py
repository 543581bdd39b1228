"""The decision matrix of §8.5 over the samples of a watch (§5.3; rulings R3, R18). Pure.

Customer reports and data corruption, the matrix's last rows, are told by people and stand in `policy.rollback`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from releases.policy.verification import Thresholds, in_words
from releases.states import CheckKind, Trigger, WatchFinding

# Strictly above each (R3): at 1.00 % nobody is alerted, at 5.00 % nothing is rolled back.
ROLL_BACK_ERRORS = 0.05
LATENCY_FACTOR = 2.0
# R18, and as many samples without any figure before somebody is told that nobody sees anything.
FAILURES_IN_A_ROW = 3


class Response(StrEnum):
    """What a row of the matrix asks for."""

    ROLL_BACK = "roll_back"
    ALERT = "alert"


class Owner(StrEnum):
    """Who decides."""

    SYSTEM = "system"
    ON_CALL = "on_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One sample. None: it could not be read, and stands for nothing."""

    is_healthy: bool | None = None
    error_rate: float | None = None
    latency_p99: float | None = None

    @property
    def is_blind(self) -> bool:
        """Nothing at all could be read of the metrics."""
        return self.error_rate is None and self.latency_p99 is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The samples so far, the newest last, with what they are measured against."""

    samples: Sequence[Seen]
    thresholds: Thresholds = field(default_factory=Thresholds)
    baseline_p99: float | None = None

    @property
    def newest(self) -> Seen:
        """The sample that is judged."""
        return self.samples[-1]

    @property
    def health_failures(self) -> int:
        """How often in a row the service said it is not well; a sample that could not tell counts for neither."""
        told = [seen.is_healthy for seen in self.samples if seen.is_healthy is not None]
        return _trailing([healthy is False for healthy in told])

    @property
    def blind_samples(self) -> int:
        """How many samples in a row saw no figure."""
        return _trailing([seen.is_blind for seen in self.samples])

    @property
    def roll_back_errors(self) -> float:
        """5 %, or a service's own threshold where that is higher still."""
        return max(ROLL_BACK_ERRORS, self.thresholds.error_rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One row of the matrix."""

    finding: WatchFinding
    response: Response
    owner: Owner
    section: str
    holds: Callable[[Sight], bool]
    says: Callable[[Sight], str]
    trigger: Trigger | None = None


def _errors_over(sight: Sight, limit: float) -> bool:
    return sight.newest.error_rate is not None and sight.newest.error_rate > limit


def _latency_over(sight: Sight) -> bool:
    seen, baseline = sight.newest.latency_p99, sight.baseline_p99
    return seen is not None and bool(baseline) and seen > LATENCY_FACTOR * (baseline or 0)


def _errors_say(sight: Sight, limit: float) -> str:
    rate = in_words(CheckKind.ERROR_RATE, sight.newest.error_rate or 0.0)
    return f"The error rate is {rate}, above {in_words(CheckKind.ERROR_RATE, limit)}."


def _latency_says(sight: Sight) -> str:
    seen, before = (
        in_words(CheckKind.LATENCY_P99, value or 0.0) for value in (sight.newest.latency_p99, sight.baseline_p99)
    )
    return f"The p99 latency is {seen}, more than twice the {before} before the deployment."


MATRIX: tuple[Scenario, ...] = (
    Scenario(
        finding=WatchFinding.ERRORS_OVER_5,
        response=Response.ROLL_BACK,
        owner=Owner.SYSTEM,
        section="§8.5",
        trigger=Trigger.ERROR_RATE,
        holds=lambda sight: _errors_over(sight, sight.roll_back_errors),
        says=lambda sight: _errors_say(sight, sight.roll_back_errors),
    ),
    Scenario(
        finding=WatchFinding.HEALTH_FAILING,
        response=Response.ROLL_BACK,
        owner=Owner.SYSTEM,
        section="§8.1",
        trigger=Trigger.HEALTH,
        holds=lambda sight: sight.newest.is_healthy is False and sight.health_failures >= FAILURES_IN_A_ROW,
        says=lambda sight: f"The health check failed {sight.health_failures} times in a row.",
    ),
    Scenario(
        finding=WatchFinding.ERRORS_OVER_1,
        response=Response.ALERT,
        owner=Owner.ON_CALL,
        section="§8.5",
        trigger=Trigger.ERROR_RATE,
        holds=lambda sight: (
            _errors_over(sight, sight.thresholds.error_rate) and not _errors_over(sight, sight.roll_back_errors)
        ),
        says=lambda sight: _errors_say(sight, sight.thresholds.error_rate),
    ),
    Scenario(
        finding=WatchFinding.LATENCY_OVER_2X,
        response=Response.ALERT,
        owner=Owner.ON_CALL,
        section="§8.5",
        trigger=Trigger.LATENCY,
        holds=_latency_over,
        says=_latency_says,
    ),
    Scenario(
        finding=WatchFinding.UNREADABLE,
        response=Response.ALERT,
        owner=Owner.ON_CALL,
        section="§5.3",
        holds=lambda sight: sight.blind_samples >= FAILURES_IN_A_ROW,
        says=lambda sight: f"Neither errors nor latency could be read {sight.blind_samples} times in a row.",
    ),
)


def judge(sight: Sight) -> tuple[Scenario, ...]:
    """Every row of the matrix that holds, the gravest first."""
    return tuple(row for row in MATRIX if row.holds(sight))


def roll_back_row(rows: Sequence[Scenario]) -> Scenario | None:
    """The row by which the system rolls back; None when it does not."""
    return next((row for row in rows if row.response is Response.ROLL_BACK), None)


def _trailing(held: Sequence[bool]) -> int:
    return next((count for count, one in enumerate(reversed(held)) if not one), len(held))
