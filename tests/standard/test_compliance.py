""" "Implementation Status" of the standard: each component seen from facts, one row for each way it can come out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cybercube_portal.catalog.states import RollbackDriver
from cybercube_portal.decisions import Decision, decide, failed, passed, pending, skipped
from releases.policy.compliance import REQUIREMENTS, Built, ServiceFacts, Shipped, Status, judged

NOW = datetime(2026, 1, 14, 10, tzinfo=UTC)
DAY = timedelta(days=1)
BUILT = Built(reference="billing-service:v2.3.1", git_ref="refs/tags/v2.3.1", digest="sha256:" + "1" * 64)
HOSTS = (("dev", "a.dev.example.com"), ("prd", "a.example.com"), ("stg", "a.staging.example.com"))


def built(**fields: Any) -> dict[str, Any]:
    return {"artifact": Built(**{name: getattr(BUILT, name) for name in ("reference", "git_ref", "digest")} | fields)}


def shipped(*days: int, with_change: int | None = None, promoted: int | None = None) -> Shipped:
    count = len(days)
    return Shipped(
        count=count,
        with_change=count if with_change is None else with_change,
        promoted=count if promoted is None else promoted,
        weeks_ago=frozenset(day // 7 for day in days),
    )


def said(reason: Any) -> Decision:
    return decide(skipped("parity.topology", "§1.5", "Not seen."), reason)


DIFFERS = failed("parity.version_differs", "§1.5", "Services differ.", "Release what staging runs.")
BYPASS = failed("drift.bypass", "§6.1", "Nobody let v9 through.", "File an emergency change.")

ROWS: list[tuple[str, dict[str, Any], Status]] = [
    ("Weekly releases", {}, Status.PENDING),
    ("Weekly releases", {"shipped": shipped(1, 2)}, Status.PARTIAL),
    ("Weekly releases", {"shipped": shipped(1, 8, 15)}, Status.PARTIAL),
    ("Weekly releases", {"shipped": shipped(1, 8, 15, 22)}, Status.COMPLETE),
    ("Weekly releases", {"shipped": shipped(29, 90)}, Status.PENDING),
    ("Environment separation: addresses", {}, Status.PENDING),
    ("Environment separation: addresses", {"hosts": HOSTS[1:]}, Status.PARTIAL),
    ("Environment separation: addresses", {"hosts": (("prd", "a"), ("stg", "a"), ("dev", "b"))}, Status.PARTIAL),
    ("Environment separation: addresses", {"hosts": HOSTS}, Status.COMPLETE),
    ("Environment separation: isolation", {}, Status.PENDING),
    ("Environment separation: isolation", {"isolated": 17}, Status.PARTIAL),
    ("Environment separation: isolation", {"isolated": 18}, Status.COMPLETE),
    ("Staging environment: parity", {}, Status.PENDING),
    ("Staging environment: parity", {"parity": said(DIFFERS)}, Status.PARTIAL),
    (
        "Staging environment: parity",
        {"parity": said(pending("parity.version_ahead", "§1.5", "Ahead.", "Release."))},
        Status.COMPLETE,
    ),
    (
        "Staging environment: parity",
        {"parity": said(passed("parity.versions", "§1.5", "Both run v2."))},
        Status.COMPLETE,
    ),
    ("Version control (Git)", {}, Status.PENDING),
    ("Version control (Git)", {"repository": "https://git.example.com/a"}, Status.PARTIAL),
    ("Version control (Git)", {"repository": "https://git.example.com/a", **built()}, Status.PARTIAL),
    ("Version control (Git)", {"repository": "https://git.example.com/a", **built(has_commits=True)}, Status.COMPLETE),
    ("Branch protection", {}, Status.PENDING),
    ("Branch protection", {"protection": (False, False)}, Status.PENDING),
    ("Branch protection", {"protection": (True, False)}, Status.PARTIAL),
    ("Branch protection", {"protection": (True, True)}, Status.COMPLETE),
    ("Release branch workflow", {}, Status.PENDING),
    ("Release branch workflow", built(git_ref="refs/heads/main"), Status.PARTIAL),
    ("Release branch workflow", built(git_ref="refs/heads/release/v2.3.0"), Status.COMPLETE),
    ("Release branch workflow", built(git_ref="refs/tags/v2.3.1"), Status.COMPLETE),
    ("Artifact signing (cosign)", {}, Status.PENDING),
    ("Artifact signing (cosign)", built(), Status.PENDING),
    ("Artifact signing (cosign)", built(is_signed=True), Status.COMPLETE),
    ("Artifact registry", {}, Status.PENDING),
    ("Artifact registry", built(), Status.COMPLETE),
    ("CI pipeline", {}, Status.PENDING),
    ("CI pipeline", built(), Status.PENDING),
    ("CI pipeline", built(passed=frozenset({"build", "test", "e2e"})), Status.PARTIAL),
    ("CI pipeline", built(passed=frozenset({"build", "test", "scan"})), Status.COMPLETE),
    ("Promotion through staging", {}, Status.PENDING),
    ("Promotion through staging", {"shipped": shipped(1, promoted=0)}, Status.PENDING),
    ("Promotion through staging", {"shipped": shipped(1, 2, promoted=1)}, Status.PARTIAL),
    ("Promotion through staging", {"shipped": shipped(1, 2)}, Status.COMPLETE),
    ("Health endpoints", {}, Status.PENDING),
    ("Health endpoints", {"seen": ("v2.3.1", "", "")}, Status.PARTIAL),
    ("Health endpoints", {"seen": ("v2.3.1", "a1b2c3d", "fine")}, Status.PARTIAL),
    ("Health endpoints", {"seen": ("v2.3.1", "a1b2c3d", "ok")}, Status.COMPLETE),
    ("Health endpoints", {"seen": ("v2.3.1", "a1b2c3d", "Healthy")}, Status.COMPLETE),
    ("Monitoring", {}, Status.PENDING),
    ("Monitoring", {"metrics": frozenset({"error_rate"})}, Status.PARTIAL),
    ("Monitoring", {"metrics": frozenset({"error_rate", "latency_p99"})}, Status.COMPLETE),
    ("Release documentation", {}, Status.PENDING),
    ("Release documentation", {"released": 2}, Status.PENDING),
    ("Release documentation", {"released": 2, "noted": 1}, Status.PARTIAL),
    ("Release documentation", {"released": 2, "noted": 2}, Status.COMPLETE),
    ("Change management", {}, Status.PENDING),
    ("Change management", {"shipped": shipped(1, with_change=0)}, Status.PENDING),
    ("Change management", {"shipped": shipped(1, 2, with_change=1)}, Status.PARTIAL),
    ("Change management", {"shipped": shipped(1), "overdue_records": 1}, Status.PARTIAL),
    ("Change management", {"shipped": shipped(1), "drift": decide(BYPASS)}, Status.PARTIAL),
    ("Change management", {"shipped": shipped(1)}, Status.COMPLETE),
    ("Feature flag system", {}, Status.PENDING),
    ("Feature flag system", {"live_flags": 3, "overdue": 1}, Status.PARTIAL),
    ("Feature flag system", {"live_flags": 3}, Status.COMPLETE),
    ("Rollback automation", {}, Status.PENDING),
    ("Rollback automation", {"driver": RollbackDriver.WEBHOOK}, Status.PARTIAL),
    ("Rollback automation", {"rolled_back_at": NOW - DAY}, Status.PARTIAL),
    ("Rollback automation", {"driver": RollbackDriver.KUBERNETES, "rolled_back_at": NOW - DAY}, Status.COMPLETE),
    ("Database migrations", {}, Status.PENDING),
    ("Database migrations", built(migrations=2, lint_failed=True), Status.PARTIAL),
    ("Database migrations", built(migrations=2), Status.COMPLETE),
    ("Database migrations", built(), Status.COMPLETE),
]


@pytest.mark.parametrize(("title", "facts", "status"), ROWS)
def test_component__by_the_facts__comes_out_as_the_table_says(
    title: str, facts: dict[str, Any], status: Status
) -> None:
    (row,) = (row for row in judged(ServiceFacts(service="billing-service", now=NOW, **facts)) if row.title == title)

    assert row.status is status
    assert row.section.startswith("§")
    assert row.proof.endswith(".")
    assert (row.next_step == "") == (status is Status.COMPLETE)


def test_table__every_row__can_come_out_in_all_the_ways_it_has() -> None:
    seen = {(title, status) for title, _, status in ROWS}
    for row in REQUIREMENTS:
        assert {(row.title, Status.COMPLETE), (row.title, Status.PENDING)} <= seen, row.title
