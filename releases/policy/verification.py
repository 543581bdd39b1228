"""Post-deployment verification (§4.7): the verdict of each check from what was read, and of all of them. Pure.

Only `pass` passes. A check that could not be made is inconclusive: it neither passes nor proves anything against the deployment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from releases.policy.readings import Answered, Doubt, Reply, Silent, is_version, read_health
from releases.states import CheckKind, Verdict

SECTION = "§4.7"
# §4.7: "< 1% errors", "< 500ms p99"; strictly below (R3).
ERROR_RATE = 0.01
LATENCY_P99 = 500.0
# What `_5m` in the names of §4.7 looks back over.
METRIC_WINDOW = timedelta(minutes=5)

_METRICS = frozenset({CheckKind.ERROR_RATE, CheckKind.LATENCY_P99})
_FROM_THE_SERVICE = frozenset({CheckKind.HEALTH, CheckKind.ENDPOINT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What has to stay below: a fraction, and milliseconds."""

    error_rate: float = ERROR_RATE
    latency_p99: float = LATENCY_P99

    @classmethod
    def of(cls, own: Mapping[str, float]) -> Thresholds:
        """The standard's, with what a service sets for itself in their place."""
        return cls(**{name: float(value) for name, value in own.items() if name in cls.__dataclass_fields__})

    def of_kind(self, kind: CheckKind) -> float | None:
        """The threshold of one check; None where there is none."""
        return {CheckKind.ERROR_RATE: self.error_rate, CheckKind.LATENCY_P99: self.latency_p99}.get(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one check came out. `value` as a fraction or in milliseconds, None where there is no number."""

    kind: CheckKind
    verdict: Verdict
    code: str
    message: str
    value: float | None = None
    threshold: float | None = None
    seen: Mapping[str, Any] = field(default_factory=dict)


def judge_health(reply: Reply, *, expected: str) -> Finding:
    """Healthy, and the expected version answers."""
    if isinstance(reply, Silent):
        return _silent(CheckKind.HEALTH, reply)
    health = read_health(reply) if reply.is_success else None
    if health is None:
        return _failed(CheckKind.HEALTH, "health.not_ok", f"/health answered with {_what(reply)}.", _seen(reply))
    seen = {"status": health.status, "version": health.version, "http_status": reply.status}
    if not health.is_healthy:
        return _failed(CheckKind.HEALTH, "health.not_healthy", f"/health says {health.status or 'no status'}.", seen)
    if not is_version(health.version, expected):
        message = f"{health.version or 'No version'} answers instead of {expected}."
        return _failed(CheckKind.HEALTH, "health.other_version", message, seen)
    message = f"{expected} answers and says {health.status}."
    return Finding(kind=CheckKind.HEALTH, verdict=Verdict.PASS, code="health.ok", message=message, seen=seen)


def judge_endpoint(reply: Reply) -> Finding:
    """The key endpoint answers with 2xx."""
    if isinstance(reply, Silent):
        return _silent(CheckKind.ENDPOINT, reply)
    if not reply.is_success:
        message = f"The key endpoint answered with {reply.status}."
        return _failed(CheckKind.ENDPOINT, "endpoint.not_ok", message, _seen(reply))
    return Finding(
        kind=CheckKind.ENDPOINT,
        verdict=Verdict.PASS,
        code="endpoint.ok",
        message=f"The key endpoint answered with {reply.status}.",
        seen={"http_status": reply.status},
    )


def judge_metric(kind: CheckKind, reading: float | Doubt, *, threshold: float, query: str = "") -> Finding:
    """Strictly below the threshold: at it the check fails (R3)."""
    seen = {"query": query} if query else {}
    if isinstance(reading, Doubt):
        return Finding(
            kind=kind,
            verdict=Verdict.INCONCLUSIVE,
            code=reading.code,
            message=reading.message,
            threshold=threshold,
            seen=seen,
        )
    is_below = reading < threshold
    said, limit = in_words(kind, reading), in_words(kind, threshold)
    return Finding(
        kind=kind,
        verdict=Verdict.PASS if is_below else Verdict.FAIL,
        code=f"{kind.value}.{'below' if is_below else 'too_high'}",
        message=f"{said} is below {limit}." if is_below else f"{said} is not below {limit}.",
        value=reading,
        threshold=threshold,
        seen=seen,
    )


def unmade(kind: CheckKind, code: str, message: str, *, threshold: float | None = None) -> Finding:
    """A check that cannot be made as things are set up; the message says what to set."""
    return Finding(kind=kind, verdict=Verdict.INCONCLUSIVE, code=code, message=message, threshold=threshold)


def in_words(kind: CheckKind, value: float, *, digits: int = 9) -> str:
    """`0.42 %` or `312 ms`; nine significant digits tell it from its limit, fewer read better."""
    is_rate = kind is CheckKind.ERROR_RATE
    rounded = float(f"{value * (100 if is_rate else 1):.{digits}g}")
    return f"{f'{rounded:.9f}'.rstrip('0').rstrip('.')} {'%' if is_rate else 'ms'}"


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """Any fail is a fail; else any doubt is a doubt; nothing at all is a doubt."""
    verdicts = {finding.verdict for finding in findings}
    if Verdict.FAIL in verdicts:
        return Verdict.FAIL
    return Verdict.PASS if verdicts == {Verdict.PASS} else Verdict.INCONCLUSIVE


def reason_of(findings: Iterable[Finding], verdict: Verdict) -> str:
    """The messages of the checks that came out so, in one line."""
    return " ".join(finding.message for finding in findings if finding.verdict is verdict)


def failing_before(baseline: Mapping[str, Any], thresholds: Thresholds, *, is_rollback: bool) -> frozenset[CheckKind]:
    """The metrics that were bad before the deployment began; after a rollback always both, as that is why it was made."""
    if is_rollback:
        return _METRICS
    return frozenset(
        kind
        for kind, limit in ((kind, thresholds.of_kind(kind)) for kind in _METRICS)
        if limit is not None and baseline.get(kind.value) is not None and float(baseline[kind.value]) >= limit
    )


def counts(
    findings: Iterable[Finding],
    *,
    since: datetime,
    now: datetime,
    settle: timedelta,
    failed_before: frozenset[CheckKind],
) -> bool:
    """Whether this round of checks counts, or the next one may tell more.

    For `settle` after `since` the version before may still answer. For the five minutes that a metric looks back over, what failed
    already before the deployment began may still be the version before.
    """
    failed = {finding.kind for finding in findings if finding.verdict is Verdict.FAIL}
    if failed & _FROM_THE_SERVICE:
        return now >= since + settle
    if failed and failed <= failed_before:
        return now >= since + METRIC_WINDOW
    return True


def _silent(kind: CheckKind, reply: Silent) -> Finding:
    verdict = Verdict.INCONCLUSIVE if reply.is_ours else Verdict.FAIL
    return Finding(kind=kind, verdict=verdict, code=reply.code, message=reply.message)


def _failed(kind: CheckKind, code: str, message: str, seen: Mapping[str, Any]) -> Finding:
    return Finding(kind=kind, verdict=Verdict.FAIL, code=code, message=message, seen=seen)


def _what(reply: Answered) -> str:
    return "no health document" if reply.is_success else str(reply.status)


def _seen(reply: Answered) -> dict[str, Any]:
    return {"http_status": reply.status, "body": reply.start}
