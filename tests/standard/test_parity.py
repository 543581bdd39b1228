"""§1.5 "Environment Parity" and "Drift" of the glossary: each row is one situation and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from releases.policy.drift import Deployed, Place, Seen, drift_of, is_bypass
from releases.policy.parity import ALLOWED_DIFFERENCES, parity_of

NOW = datetime(2026, 1, 14, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def old(version: str, **fields: Any) -> Deployed:
    """Healthy since yesterday."""
    return Deployed(
        **{
            "reference": "DEP-001",
            "version": version,
            "is_healthy": True,
            "since": NOW - DAY,
            "settled_at": NOW - DAY,
            **fields,
        }
    )


def running(version: str, **fields: Any) -> Seen:
    return Seen(**{"version": version, "status": "healthy", "since": NOW - DAY, "seen_at": NOW, **fields})


def place(environment: str, seen: Seen | None, expected: Deployed | None, newest: Deployed | None = None) -> Place:
    return Place(
        service="billing-service",
        environment=environment,
        expected=expected,
        newest=newest or expected,
        seen=seen,
    )


V1, V2, V3 = "v1.0.0", "v2.0.0", "v3.0.0"
ON_ITS_WAY = old(V2, reference="DEP-002", previous_version=V1, is_healthy=False, is_under_way=True, settled_at=None)
FAILED = old(V2, reference="DEP-002", previous_version=V1, is_healthy=False)
GOING_BACK = old(V1, reference="DEP-003", taken_back_version=V2, is_healthy=False, is_under_way=True, settled_at=None)
JUST_BACK = old(V1, reference="DEP-003", taken_back_version=V2, settled_at=NOW - timedelta(minutes=2))
LONG_BACK = replace(JUST_BACK, settled_at=NOW - HOUR)

#        environment, what answers, last healthy, newest of all -> code, outcome, bypass
DRIFT = [
    ("prd", running(V1), old(V1), None, "drift.none", "pass", False),
    ("prd", running("1.0.0"), old(V1), None, "drift.none", "pass", False),
    ("prd", running("v1.0.0-sha-a1b2c3d"), old(V1), None, "drift.none", "pass", False),
    ("prd", running(V3), old(V1), None, "drift.bypass", "fail", True),
    ("prd", running(V3), None, None, "drift.bypass", "fail", True),
    ("prd", running("hand-made"), old(V1), None, "drift.bypass", "fail", True),
    ("stg", running(V3), old(V1), None, "drift.other_version", "fail", False),
    ("dev", running(V3), None, None, "drift.other_version", "fail", False),
    # While a deployment goes on the new and the old one may answer, a third one may not.
    ("prd", running(V2), old(V1), ON_ITS_WAY, "drift.on_its_way", "pending", False),
    ("prd", running(V1), old(V1), ON_ITS_WAY, "drift.none", "pass", False),
    ("prd", running(V3), old(V1), ON_ITS_WAY, "drift.bypass", "fail", True),
    # What failed was let through; that it still runs is a finding, no bypass.
    ("prd", running(V2), old(V1), FAILED, "drift.not_healthy", "fail", False),
    # While it is rolled back the bad version may answer, and for five minutes after.
    ("prd", running(V2), old("v0.9.0"), GOING_BACK, "drift.on_its_way", "pending", False),
    ("prd", running(V2), JUST_BACK, JUST_BACK, "drift.on_its_way", "pending", False),
    ("prd", running(V2), LONG_BACK, LONG_BACK, "drift.bypass", "fail", True),
    # What cannot be read is no drift and no bypass.
    ("prd", running(V3, error="refused"), old(V1), None, "drift.unreadable", "pending", False),
    ("prd", Seen(error="refused"), old(V1), None, "drift.unreadable", "pending", False),
    ("prd", None, old(V1), None, "drift.not_looked_yet", "skipped", False),
    ("prd", running(V1, seen_at=NOW - HOUR), old(V1), None, "drift.stale", "skipped", False),
    ("prd", running(V1, status="degraded"), old(V1), None, "drift.status", "pending", False),
]


@pytest.mark.parametrize("row", DRIFT)
def test_drift__row__said_so(
    row: tuple[str, Seen | None, Deployed | None, Deployed | None, str, str, bool],
) -> None:
    environment, seen, expected, newest, code, outcome, bypass = row
    where = place(environment, seen, expected, newest)
    found = {reason.code: reason for reason in drift_of(where, now=NOW).reasons}
    assert found[code].outcome == outcome
    assert found[code].section in {"§1.5", "§4.6", "§6.1"}
    assert outcome in {"pass", "skipped"} or found[code].remedy
    assert is_bypass(where, now=NOW) is bypass


def test_drift__no_address__not_judged() -> None:
    where = replace(place("prd", None, old(V1)), has_address=False)
    assert [reason.code for reason in drift_of(where, now=NOW).reasons] == ["drift.no_address"]


def test_drift__bypass_with_its_draft__names_the_change() -> None:
    where = replace(place("prd", running(V3), old(V1)), bypass_version=V3, bypass_change="CR-2026-0114-001")
    (reason,) = drift_of(where, now=NOW).failures
    assert "CR-2026-0114-001" in reason.remedy


CONFIG = frozenset({"DB_HOST", "LOG_LEVEL"})
NODE = {"node": "20.10.0"}

#         staging, production, coming -> code, outcome
PARITY = [
    (running(V1), running(V1), (), "parity.versions", "pass"),
    (running(V2), running(V1), (V2,), "parity.version_on_its_way", "pending"),
    (running("2.0.0"), running(V1), (V2,), "parity.version_on_its_way", "pending"),
    # §0 "weekly releases minimum": for a week staging may run ahead.
    (running(V2, since=NOW - 6 * DAY), running(V1), (), "parity.version_ahead", "pending"),
    (running(V2, since=NOW - 7 * DAY), running(V1), (), "parity.version_differs", "fail"),
    (running(V1, since=NOW - 30 * DAY), running(V2), (), "parity.version_differs", "fail"),
    (None, running(V1), (), "parity.versions", "skipped"),
    (running(V1, config_keys=CONFIG), running(V1, config_keys=CONFIG), (), "parity.configuration", "pass"),
    (running(V1, config_keys=CONFIG), running(V1), (), "parity.configuration", "skipped"),
    (
        running(V1, config_keys=CONFIG),
        running(V1, config_keys=frozenset({"DB_HOST"})),
        (),
        "parity.configuration_differs",
        "fail",
    ),
    (running(V1, dependencies=NODE), running(V1, dependencies=NODE), (), "parity.dependencies", "pass"),
    (
        running(V1, dependencies=NODE),
        running(V1, dependencies={"node": "18.0.0"}),
        (),
        "parity.dependencies_differ",
        "fail",
    ),
    # Another version brings other dependencies: they are on their way with it.
    (
        running(V2, dependencies=NODE),
        running(V1, dependencies={"node": "18.0.0"}),
        (V2,),
        "parity.dependencies_differ",
        "pending",
    ),
]


@pytest.mark.parametrize(("staging", "production", "coming", "code", "outcome"), PARITY)
def test_parity__row__said_so(
    staging: Seen | None, production: Seen | None, coming: tuple[str, ...], code: str, outcome: str
) -> None:
    decision = parity_of(place("stg", staging, None), place("prd", production, None), coming=coming, now=NOW)
    found = {reason.code: reason for reason in decision.reasons}
    assert found[code].outcome == outcome
    assert len(decision.reasons) == 6, "§1.5 has six rows"
    assert all(reason.section == "§1.5" for reason in decision.reasons)


def test_parity__configuration_differs__names_what_each_lacks() -> None:
    staging = place("stg", running(V1, config_keys=frozenset({"A", "B"})), None)
    production = place("prd", running(V1, config_keys=frozenset({"B", "C"})), None)
    (reason,) = parity_of(staging, production, coming=(), now=NOW).failures
    assert reason.details == {"missing": ["C"], "extra": ["A"]}


def test_parity__allowed_differences__those_of_the_standard() -> None:
    assert ALLOWED_DIFFERENCES == (
        ("Scale", "fewer replicas"),
        ("Data", "anonymized"),
        ("External integrations", "sandbox mode"),
    )
