"""§8.5, R3, R18: what a sample of the watch brings about, and who decides."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from releases.policy.verification import Thresholds
from releases.policy.watching import MATRIX, Seen, Sight, judge, roll_back_row

FINE = Seen(is_healthy=True, error_rate=0.001, latency_p99=120)


def rows(name: str) -> list[dict[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def findings(sight: Sight) -> list[str]:
    return [row.finding.value for row in judge(sight)]


def test_matrix__row_by_row__is_the_standards() -> None:
    assert [(row.finding.value, row.response.value, row.owner.value, row.section) for row in MATRIX] == [
        ("errors_over_5", "roll_back", "system", "§8.5"),
        ("health_failing", "roll_back", "system", "§8.1"),
        ("errors_over_1", "alert", "on_call", "§8.5"),
        ("latency_over_2x", "alert", "on_call", "§8.5"),
        ("unreadable", "alert", "on_call", "§5.3"),
    ]


@pytest.mark.parametrize("row", rows("error_rates.csv"), ids=lambda row: row["error_rate"])
def test_r3_r18__error_rate__alerts_above_1_and_rolls_back_above_5_percent(row: dict[str, str]) -> None:
    held = judge(Sight(samples=[Seen(is_healthy=True, error_rate=float(row["error_rate"]), latency_p99=100)]))

    assert [scenario.response.value for scenario in held] == [row["watch (§8.5)"]] * bool(row["watch (§8.5)"])
    assert [scenario.owner.value for scenario in held] == [row["owner"]] * bool(row["owner"])


@pytest.mark.parametrize(
    ("p99", "baseline", "alerts"),
    [
        (240, 120, False),
        (240.001, 120, True),
        (5000, 120, True),
        (5000, None, False),
        (5000, 0, False),
        (None, 120, False),
    ],
)
def test_r18__p99_above_twice_the_baseline__alerts_and_never_rolls_back(
    p99: float | None, baseline: float | None, alerts: bool
) -> None:
    held = judge(Sight(samples=[Seen(is_healthy=True, error_rate=0.0, latency_p99=p99)], baseline_p99=baseline))
    assert [row.finding.value for row in held] == ["latency_over_2x"] * alerts
    assert roll_back_row(held) is None


@pytest.mark.parametrize(
    ("health", "rolls_back"),
    [
        ("- -", False),
        ("- - -", True),
        ("+ - - -", True),
        ("- - + -", False),
        ("- - - +", False),
        ("- ? - -", True),
        ("- - ?", False),
        ("? ? ?", False),
        ("- - - -", True),
    ],
)
def test_r18__health__three_failures_in_a_row_roll_back(health: str, rolls_back: bool) -> None:
    said = {"+": True, "-": False, "?": None}
    seen = [Seen(is_healthy=said[mark], error_rate=0.0, latency_p99=100) for mark in health.split()]
    row = roll_back_row(judge(Sight(samples=seen)))
    assert (row is not None) is rolls_back
    assert row is None or row.trigger == "health"


def test_watch__everything_at_once__tells_each_row_and_the_gravest_first() -> None:
    sick = Seen(is_healthy=False, error_rate=0.2, latency_p99=900)
    assert findings(Sight(samples=[sick, sick, sick], baseline_p99=100)) == [
        "errors_over_5",
        "health_failing",
        "latency_over_2x",
    ]


def test_watch__nothing_to_read__alerts_after_three_samples_and_rolls_nothing_back() -> None:
    blind = Seen(is_healthy=True)
    assert findings(Sight(samples=[FINE, blind, blind])) == []
    assert findings(Sight(samples=[blind, blind, blind])) == ["unreadable"]


def test_thresholds__of_a_service__move_the_alert_and_never_lower_the_roll_back() -> None:
    lenient, strict = Thresholds(error_rate=0.1), Thresholds(error_rate=0.001)
    assert findings(Sight(samples=[Seen(error_rate=0.09)], thresholds=lenient)) == []
    assert findings(Sight(samples=[Seen(error_rate=0.11)], thresholds=lenient)) == ["errors_over_5"]
    assert findings(Sight(samples=[Seen(error_rate=0.005)], thresholds=strict)) == ["errors_over_1"]


def test_rows__say_what_was_seen_and_the_limit() -> None:
    sick = Seen(is_healthy=False, error_rate=0.0501, latency_p99=900)
    said = [
        row.says(Sight(samples=[sick, sick, sick], baseline_p99=400))
        for row in judge(Sight(samples=[sick] * 3, baseline_p99=400))
    ]
    assert said == [
        "The error rate is 5.01 %, above 5 %.",
        "The health check failed 3 times in a row.",
        "The p99 latency is 900 ms, more than twice the 400 ms before the deployment.",
    ]
