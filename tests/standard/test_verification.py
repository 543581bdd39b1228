"""§4.7: what passes a verification, and that nothing unreadable ever does."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releases.policy import verification as policy
from releases.policy.readings import Answered, Doubt, Reply, Silent, is_version, read_age, read_sample
from releases.policy.verification import Finding, Thresholds, judge_endpoint, judge_health, judge_metric, verdict_of
from releases.states import CheckKind, Verdict

AT = datetime(2026, 1, 17, 14, 0, tzinfo=UTC)
EXPECTED = "v2.3.1"
SETTLE = timedelta(seconds=30)
UNREACHED = Silent(code="outbound.timeout", message="It did not answer within 5 s.")
NOT_CALLED = Silent(code="outbound.host_not_registered", message="Not a registered host.", is_ours=True)


def rows(name: str) -> list[dict[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def document(**members: object) -> Answered:
    return Answered(200, json.dumps(members).encode())


@pytest.mark.parametrize("row", rows("metric_readings.csv"), ids=lambda row: row["what"])
def test_metric__as_prometheus_answers_it__is_a_number_or_a_doubt(row: dict[str, str]) -> None:
    read = read_sample(Answered(int(row["status"]), row["body"].encode()), at=AT)

    assert (read.code if isinstance(read, Doubt) else read) == (
        row["outcome"] if row["outcome"].startswith("metric.") else float(row["outcome"])
    )
    verdict = judge_metric(CheckKind.ERROR_RATE, read, threshold=10_000).verdict
    assert verdict is (Verdict.INCONCLUSIVE if isinstance(read, Doubt) else Verdict.PASS)


@given(st.binary(max_size=200), st.sampled_from([200, 204, 302, 400, 404, 422, 500, 503]))
def test_metric__whatever_bytes_come__never_passes(body: bytes, status: int) -> None:
    assert isinstance(read_sample(Answered(status, body), at=AT), Doubt)


@given(st.text(max_size=12) | st.floats().map(str) | st.integers().map(str))
def test_metric__whatever_value_stands_there__passes_as_a_finite_number_alone(text: str) -> None:
    body = {"status": "success", "data": {"resultType": "scalar", "result": [AT.timestamp(), text]}}
    finding = judge_metric(CheckKind.ERROR_RATE, read_sample(document(**body), at=AT), threshold=0.01)
    if finding.verdict is not Verdict.INCONCLUSIVE:
        assert finding.value is not None
        assert 0 <= finding.value == float(text)


def test_metric__nobody_answers__inconclusive() -> None:
    finding = judge_metric(CheckKind.LATENCY_P99, read_sample(UNREACHED, at=AT), threshold=500)
    assert (finding.verdict, finding.code) == (Verdict.INCONCLUSIVE, "metric.unreachable")


@pytest.mark.parametrize(
    ("timestamp", "outcome"),
    [
        (AT.timestamp(), None),
        (AT.timestamp() - 120, None),
        (AT.timestamp() - 121, "metric.stale"),
        (AT.timestamp() - 299, "metric.stale"),
        (0.0042, None),
    ],
)
def test_metric__age_of_the_sample_behind_the_answer__counts_when_it_is_a_moment(
    timestamp: float, outcome: str | None
) -> None:
    body = {
        "status": "success",
        "data": {"resultType": "vector", "result": [{"value": [AT.timestamp(), str(timestamp)]}]},
    }
    doubt = read_age(document(**body), at=AT)
    assert (doubt.code if doubt else None) == outcome


@pytest.mark.parametrize("reply", [Answered(503, b""), UNREACHED])
def test_metric__age_cannot_be_asked__is_a_doubt(reply: Reply) -> None:
    doubt = read_age(reply, at=AT)
    assert doubt is not None
    assert doubt.code == "metric.age_unknown"


@pytest.mark.parametrize("row", rows("error_rates.csv"), ids=lambda row: row["error_rate"])
def test_r3__error_rate__must_stay_strictly_below_1_percent(row: dict[str, str]) -> None:
    finding = judge_metric(CheckKind.ERROR_RATE, float(row["error_rate"]), threshold=Thresholds().error_rate)
    assert finding.verdict == row["verification (§4.7)"]


@pytest.mark.parametrize(
    ("p99", "verdict"), [(0, "pass"), (499.999, "pass"), (500, "fail"), (500.001, "fail"), (5000, "fail")]
)
def test_r3__p99__must_stay_strictly_below_500_ms(p99: float, verdict: str) -> None:
    assert judge_metric(CheckKind.LATENCY_P99, p99, threshold=Thresholds().latency_p99).verdict == verdict


def test_thresholds__of_a_service__stand_in_place_of_the_standards() -> None:
    own = Thresholds.of({"latency_p99": 900})
    assert (own.error_rate, own.latency_p99) == (0.01, 900)
    assert (Thresholds().error_rate, Thresholds().latency_p99) == (0.01, 500)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("error_rate", 0.0, "0 %"),
        ("error_rate", 0.0501, "5.01 %"),
        ("error_rate", 0.009999999, "0.9999999 %"),
        ("error_rate", 1.0, "100 %"),
        ("latency_p99", 312.5, "312.5 ms"),
        ("latency_p99", 1_234_567.0, "1234567 ms"),
    ],
)
def test_words__of_a_figure__are_plain_digits_with_the_unit(kind: str, value: float, words: str) -> None:
    assert policy.in_words(CheckKind(kind), value) == words


@pytest.mark.parametrize(
    ("reply", "verdict", "code"),
    [
        (document(status="ok", version="v2.3.1"), "pass", "health.ok"),
        (document(status="healthy", version="2.3.1"), "pass", "health.ok"),
        (document(status="HEALTHY", version="v2.3.1-sha-a1b2c3d"), "pass", "health.ok"),
        (document(status="degraded", version="v2.3.1"), "fail", "health.not_healthy"),
        (document(status="ok", version="v2.3.0"), "fail", "health.other_version"),
        (document(status="ok"), "fail", "health.other_version"),
        (document(status="ok", version=None), "fail", "health.other_version"),
        (document(version="v2.3.1"), "fail", "health.not_healthy"),
        (document(status=True, version="v2.3.1"), "fail", "health.not_healthy"),
        (document(status=["ok"], version="v2.3.1"), "fail", "health.not_healthy"),
        (Answered(503, document(status="ok", version="v2.3.1").body), "fail", "health.not_ok"),
        (Answered(301, b""), "fail", "health.not_ok"),
        (Answered(200, b"<html>ok v2.3.1</html>"), "fail", "health.not_ok"),
        (Answered(200, b'["ok", "v2.3.1"]'), "fail", "health.not_ok"),
        (Answered(200, b"[" * 100_000), "fail", "health.not_ok"),
        (Answered(200, b""), "fail", "health.not_ok"),
        (Answered(200, b"\xff\xfe"), "fail", "health.not_ok"),
        (UNREACHED, "fail", "outbound.timeout"),
        (NOT_CALLED, "inconclusive", "outbound.host_not_registered"),
    ],
)
def test_r4_r21__health__reads_version_and_status_in_the_body(reply: Reply, verdict: str, code: str) -> None:
    finding = judge_health(reply, expected=EXPECTED)
    assert (finding.verdict, finding.code) == (verdict, code)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Answered(200, b""), "pass"),
        (Answered(204, b""), "pass"),
        (Answered(302, b""), "fail"),
        (Answered(404, b""), "fail"),
        (Answered(500, b"{}"), "fail"),
        (UNREACHED, "fail"),
        (NOT_CALLED, "inconclusive"),
    ],
)
def test_endpoint__answers_2xx__passes_alone(reply: Reply, verdict: str) -> None:
    assert judge_endpoint(reply).verdict == verdict


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ("pass pass pass pass", "pass"),
        ("pass pass pass fail", "fail"),
        ("pass inconclusive pass fail", "fail"),
        ("pass inconclusive pass pass", "inconclusive"),
        ("inconclusive", "inconclusive"),
        ("", "inconclusive"),
    ],
)
def test_verdict__of_all_checks__any_fail_then_any_doubt(verdicts: str, whole: str) -> None:
    assert verdict_of(found(*verdicts.split())) == whole


def found(*verdicts: str, kinds: tuple[CheckKind, ...] = tuple(CheckKind)) -> list[Finding]:
    return [
        Finding(kind=kind, verdict=Verdict(verdict), code="x", message="x")
        for kind, verdict in zip(kinds, verdicts, strict=False)
    ]


@pytest.mark.parametrize(
    ("verdicts", "seconds", "failed_before", "count"),
    [
        ("pass pass pass pass", 0, "", True),
        ("fail pass pass pass", 29, "", False),
        ("fail pass pass pass", 30, "", True),
        ("pass fail pass pass", 29, "", False),
        ("fail pass fail pass", 29, "", False),
        ("pass pass fail pass", 0, "", True),
        ("pass pass pass inconclusive", 0, "", True),
        ("pass pass fail pass", 299, "error_rate", False),
        ("pass pass fail pass", 300, "error_rate", True),
        ("pass pass fail fail", 0, "error_rate", True),
        ("pass pass fail fail", 299, "error_rate latency_p99", False),
    ],
)
def test_round__of_checks__counts_once_the_version_before_cannot_be_what_answered(
    verdicts: str, seconds: int, failed_before: str, count: bool
) -> None:
    assert (
        policy.counts(
            found(*verdicts.split()),
            since=AT,
            now=AT + timedelta(seconds=seconds),
            settle=SETTLE,
            failed_before=frozenset(CheckKind(kind) for kind in failed_before.split()),
        )
        is count
    )


@pytest.mark.parametrize(
    ("baseline", "is_rollback", "kinds"),
    [
        ({}, False, set()),
        ({"error_rate": 0.0099, "latency_p99": 499}, False, set()),
        ({"error_rate": 0.01, "latency_p99": 499}, False, {"error_rate"}),
        ({"latency_p99": 500}, False, {"latency_p99"}),
        ({}, True, {"error_rate", "latency_p99"}),
    ],
)
def test_failing_before__by_the_baseline__or_for_a_rollback(
    baseline: dict[str, float], is_rollback: bool, kinds: set[str]
) -> None:
    assert policy.failing_before(baseline, Thresholds(), is_rollback=is_rollback) == kinds


@pytest.mark.parametrize(
    ("answered", "expected", "same"),
    [
        ("v2.3.1", "2.3.1", True),
        ("2.3.1", "v2.3.1", True),
        ("v2.3.1-sha-a1b2c3d", "v2.3.1", True),
        ("v2.3.10", "v2.3.1", False),
        ("sha-a1b2c3d4", "sha-a1b2c3d4", True),
        ("sha-a1b2c3d5", "sha-a1b2c3d4", False),
        ("latest", "latest", True),
        ("", "", False),
    ],
)
def test_r17__versions__are_compared_by_name(answered: str, expected: str, same: bool) -> None:
    assert is_version(answered, expected) is same
