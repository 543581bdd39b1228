"""What an answer from outside says: a health document (§4.6) or a sample of Prometheus. Pure.

Whatever is not clearly a sound number is a doubt with its reason: NaN compares false to everything and -Inf is below every limit, so
neither may ever come as far as a comparison.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cybercube_portal.catalog.versions import parse_version

# Both words count (R21); `degraded` comes with 200 and is not healthy (R4).
HEALTHY_WORDS = frozenset({"ok", "healthy"})
OLDEST_SAMPLE = timedelta(seconds=120)
CLOCK_SKEW = timedelta(seconds=120)
OK = 200
_SUCCESSES = range(200, 300)
_REFUSED = frozenset({400, 422})
_PAIR = 2
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:NaN|Inf)", re.IGNORECASE)
# A moment, not a measurement: a sample's own time is never further from the question than Prometheus looks back.
_LOOK_BACK = timedelta(hours=1)
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back, whatever the status."""

    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        """2xx; a redirect is none."""
        return self.status in _SUCCESSES

    @property
    def document(self) -> Any:  # noqa: ANN401 - any JSON
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def start(self) -> str:
        """The first characters of the body, printable."""
        text = self.body[: _SHOWN * 4].decode("utf-8", errors="replace")[:_SHOWN]
        return "".join(letter if letter.isprintable() else " " for letter in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """Nothing came back. `is_ours`: the portal did not call at all, so that it says nothing about the other side."""

    code: str
    message: str
    is_ours: bool = False


Reply = Answered | Silent


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why there is no number to judge by."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a health document says; empty for what it does not say."""

    status: str
    version: str

    @property
    def is_healthy(self) -> bool:
        """Whether its status is one of the two good words."""
        return self.status in HEALTHY_WORDS


def read_health(reply: Answered) -> Health | None:
    """The health document; None when the body is none."""
    document = reply.document
    if not isinstance(document, dict):
        return None
    status, version = document.get("status"), document.get("version")
    return Health(
        status=status.lower() if isinstance(status, str) else "",
        version=version[:_SHOWN] if isinstance(version, str) else "",
    )


def is_version(answered: str, expected: str) -> bool:
    """Whether both name one version: `2.3.1`, `v2.3.1` and the alias `v2.3.1-sha-a1b2c3d` do (R17)."""
    try:
        return parse_version(answered).text == parse_version(expected).text
    except ValueError:
        return bool(answered) and answered == expected


def read_sample(reply: Reply, *, at: datetime, oldest: timedelta = OLDEST_SAMPLE) -> float | Doubt:
    """The one finite, non-negative number that Prometheus answers for the moment `at`, no older than `oldest`; else why there is none."""
    found = _pair(reply)
    if isinstance(found, Doubt):
        return found
    taken_at, value = found
    age = at.timestamp() - taken_at
    if age > oldest.total_seconds():
        return Doubt(
            "metric.stale", f"The newest sample is {age:.0f} s old; at most {oldest.total_seconds():.0f} s count."
        )
    if -age > CLOCK_SKEW.total_seconds():
        return Doubt("metric.from_the_future", f"The sample is dated {-age:.0f} s after the question.")
    return value


def read_age(reply: Reply, *, at: datetime, oldest: timedelta = OLDEST_SAMPLE) -> Doubt | None:
    """What `timestamp(query)` says against a sample; None when nothing does.

    Prometheus dates an answer by the question: only this tells how old the sample behind it is. Another answer than a moment near
    the question comes from no Prometheus, and then the sample's own date stands.
    """
    if isinstance(reply, Silent) or reply.status != OK:
        return Doubt("metric.age_unknown", f"How old the sample is cannot be read: {_said(reply)}")
    found = _pair(reply)
    if isinstance(found, Doubt):
        return None
    moment = found[1]
    if abs(at.timestamp() - moment) > _LOOK_BACK.total_seconds():
        return None
    age = at.timestamp() - moment
    if age <= oldest.total_seconds():
        return None
    taken = datetime.fromtimestamp(moment, tz=UTC)
    return Doubt(
        "metric.stale", f"The newest sample is from {taken:%H:%M:%S} UTC; at most {oldest.total_seconds():.0f} s count."
    )


def _pair(reply: Reply) -> tuple[float, float] | Doubt:
    """The moment and the value of the one sample."""
    if isinstance(reply, Silent):
        return Doubt("metric.unreachable", reply.message)
    document = reply.document
    if not isinstance(document, dict):
        return Doubt("metric.unreadable", f"Prometheus did not answer in JSON (status {reply.status}): {reply.start}")
    if reply.status in _REFUSED:
        return Doubt("metric.query_refused", f"Prometheus refused the query: {str(document.get('error', ''))[:_SHOWN]}")
    if reply.status != OK or document.get("status") != "success":
        return Doubt("metric.not_answered", f"Prometheus answered with status {reply.status}, without a result.")
    if document.get("warnings"):
        return Doubt("metric.warned", f"Prometheus warned: {str(document['warnings'])[:_SHOWN]}")
    return _number(_sample(document.get("data")))


def _sample(data: object) -> object | Doubt:
    """The [moment, value] of a vector with one series, or of a scalar."""
    kind, result = (data.get("resultType"), data.get("result")) if isinstance(data, dict) else (None, None)
    if kind == "scalar":
        return result
    if kind != "vector" or not isinstance(result, list):
        return Doubt("metric.wrong_shape", f"The query gives a {kind or 'result without a type'}, not one value.")
    if not result:
        return Doubt("metric.empty", "There is no such series.")
    if len(result) > 1:
        return Doubt("metric.many", f"The query gives {len(result)} series; it has to give one.")
    return result[0].get("value") if isinstance(result[0], dict) else None


def _number(sample: object | Doubt) -> tuple[float, float] | Doubt:
    if isinstance(sample, Doubt):
        return sample
    if not isinstance(sample, list) or len(sample) != _PAIR:
        return Doubt("metric.wrong_shape", "The sample is not a moment and a value.")
    moment, value = sample[0], _value(str(sample[1]))
    if isinstance(moment, bool) or not isinstance(moment, int | float) or not math.isfinite(moment):
        return Doubt("metric.wrong_shape", "The sample has no moment.")
    return value if isinstance(value, Doubt) else (float(moment), value)


def _value(text: str) -> float | Doubt:
    if not _NUMBER.fullmatch(text):
        code = "metric.not_finite" if _NOT_FINITE.fullmatch(text) else "metric.not_a_number"
        return Doubt(code, f"The value is {text[:_SHOWN]}.")
    value = float(text)
    if not math.isfinite(value):
        return Doubt("metric.not_finite", f"The value is {text[:_SHOWN]}.")
    if value < 0:
        return Doubt("metric.negative", f"The value is {text[:_SHOWN]}; rates and latencies are never negative.")
    return value


def _said(reply: Reply) -> str:
    return reply.message if isinstance(reply, Silent) else f"Prometheus answered with status {reply.status}."
