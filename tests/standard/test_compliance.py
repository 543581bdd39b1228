"""What the standard demands and facts can show, its "Implementation Status" first: each requirement, one row for each way it can come out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cybercube_portal.catalog.facts import EvidenceFact
from cybercube_portal.catalog.states import RollbackDriver, Stage, StageStatus
from cybercube_portal.decisions import Decision, decide, failed, passed, pending, skipped
from releases.policy.compliance import (
    REQUIREMENTS,
    Answered,
    Built,
    Emergencies,
    Link,
    Page,
    ServiceFacts,
    Shipped,
    Status,
    judged,
)

NOW = datetime(2026, 1, 14, 10, tzinfo=UTC)
DAY = timedelta(days=1)
BUILT = {
    "reference": "billing-service:v2.3.1",
    "version": "v2.3.1",
    "git_ref": "refs/tags/v2.3.1",
    "digest": "sha256:" + "1" * 64,
}
HOSTS = (("dev", "a.dev.example.com"), ("prd", "a.example.com"), ("stg", "a.staging.example.com"))
CLEAN: dict[str, dict[str, Any]] = {"build": {}, "test": {"coverage": 91.5}, "scan": {"critical": 0, "high": 0}}


def built(**fields: Any) -> dict[str, Any]:
    return {"artifact": Built(**BUILT | fields)}


def stages(*failing: str, **summaries: dict[str, Any]) -> dict[Stage, EvidenceFact]:
    """The last report of each of these stages."""
    return {
        Stage(name): EvidenceFact(
            stage=Stage(name),
            status=StageStatus.FAILED if name in failing else StageStatus.PASSED,
            summary=summary,
            reported_at=NOW,
            reported_by="ci-payments",
        )
        for name, summary in summaries.items()
    }


def shipped(*days: int, **fields: Any) -> dict[str, Any]:
    """So many days ago; every figure is as many, unless it says otherwise."""
    count = len(days)
    figures = ("count", "with_change", "promoted", "released", "carried_out", "judged", "to_watch", "watched")
    weeks = frozenset(day // 7 for day in days)
    return {"shipped": Shipped(**dict.fromkeys(figures, count) | {"weeks_ago": weeks} | fields)}


def seen(version: str, git_sha: str, status: str, *, ago: timedelta = timedelta(0), error: str = "") -> dict[str, Any]:
    return {"seen": Answered(version=version, git_sha=git_sha, status=status, at=NOW - ago, error=error)}


def emergencies(**counts: int) -> dict[str, Any]:
    return {"emergencies": Emergencies(**counts)}


def said(reason: Any) -> Decision:
    return decide(skipped("parity.topology", "§1.5", "Not seen."), reason)


DIFFERS = failed("parity.version_differs", "§1.5", "Services differ.", "Release what staging runs.")
BYPASS = failed("drift.bypass", "§6.1", "Nobody let v9 through.", "Complete CR-1.", change="CR-1")
UNRECORDED = failed("drift.unrecorded", "§6.1", "No record says who let v9 through.", "Adopt it.")

ROWS: list[tuple[str, dict[str, Any], Status]] = [
    ("Weekly releases", {}, Status.PENDING),
    ("Weekly releases", shipped(1, 2), Status.PARTIAL),
    ("Weekly releases", shipped(1, 8, 15), Status.PARTIAL),
    ("Weekly releases", shipped(1, 8, 15, 22), Status.COMPLETE),
    ("Weekly releases", shipped(29, 90), Status.PENDING),
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
    ("CI pipeline", built(stages=stages(build={}, test={}, e2e={})), Status.PARTIAL),
    ("CI pipeline", built(stages=stages("test", **CLEAN)), Status.PARTIAL),
    ("CI pipeline", built(stages=stages(**CLEAN | {"scan": {"critical": 0, "high": 2}})), Status.PARTIAL),
    ("CI pipeline", built(stages=stages(**CLEAN | {"scan": {}})), Status.PARTIAL),
    ("CI pipeline", built(stages=stages(**CLEAN), minimum_coverage=Decimal(92)), Status.PARTIAL),
    ("CI pipeline", built(stages=stages("build", build={})), Status.PENDING),
    ("CI pipeline", built(stages=stages(**CLEAN), minimum_coverage=Decimal(91)), Status.COMPLETE),
    ("CI pipeline", built(stages=stages(**CLEAN)), Status.COMPLETE),
    ("Reproducible builds", {}, Status.PENDING),
    ("Reproducible builds", built(), Status.PENDING),
    ("Reproducible builds", built(rebuilt=(True, False)), Status.PARTIAL),
    ("Reproducible builds", built(rebuilt=(True,)), Status.COMPLETE),
    ("Version numbers", {}, Status.PENDING),
    ("Version numbers", shipped(1, 2, released=1), Status.PARTIAL),
    ("Version numbers", shipped(1, 2), Status.COMPLETE),
    ("Build metadata", {}, Status.PENDING),
    ("Build metadata", built(), Status.PARTIAL),
    ("Build metadata", built(dependencies=2), Status.COMPLETE),
    ("Post-deployment verification", {}, Status.PENDING),
    ("Post-deployment verification", shipped(carried_out=2, judged=0), Status.PENDING),
    ("Post-deployment verification", shipped(1, carried_out=2, judged=1), Status.PARTIAL),
    ("Post-deployment verification", shipped(1), Status.COMPLETE),
    ("Monitoring for 30 minutes", {}, Status.PENDING),
    ("Monitoring for 30 minutes", shipped(1, 2, watched=1), Status.PARTIAL),
    ("Monitoring for 30 minutes", shipped(1, 2), Status.COMPLETE),
    ("Records of emergencies", {}, Status.PENDING),
    ("Records of emergencies", emergencies(owed=2), Status.PENDING),
    ("Records of emergencies", emergencies(owed=2, in_time=1), Status.PARTIAL),
    ("Records of emergencies", emergencies(owed=2, in_time=1, overdue=1), Status.PARTIAL),
    ("Records of emergencies", emergencies(owed=2, in_time=2), Status.COMPLETE),
    ("Records of emergencies", shipped(1), Status.COMPLETE),
    ("Change freezes", {}, Status.PENDING),
    ("Change freezes", {**shipped(1), "bypasses": 1}, Status.PARTIAL),
    ("Change freezes", {**shipped(1), "excepted": 1}, Status.COMPLETE),
    ("Rollback communication", {}, Status.PENDING),
    ("Rollback communication", shipped(1, rolled_back=2), Status.PENDING),
    ("Rollback communication", shipped(1, rolled_back=2, told=1), Status.PARTIAL),
    ("Rollback communication", shipped(1, rolled_back=2, told=2), Status.COMPLETE),
    ("Rollback communication", shipped(1), Status.COMPLETE),
    ("Promotion through staging", {}, Status.PENDING),
    ("Promotion through staging", shipped(1, promoted=0), Status.PENDING),
    ("Promotion through staging", shipped(1, 2, promoted=1), Status.PARTIAL),
    ("Promotion through staging", shipped(1, 2), Status.COMPLETE),
    ("Health endpoints", {}, Status.PENDING),
    ("Health endpoints", seen("v2.3.1", "", ""), Status.PARTIAL),
    ("Health endpoints", seen("v2.3.1", "a1b2c3d", "fine"), Status.PARTIAL),
    ("Health endpoints", seen("v2.3.1", "a1b2c3d", "ok"), Status.COMPLETE),
    ("Health endpoints", seen("v2.3.1", "a1b2c3d", "Healthy"), Status.COMPLETE),
    ("Health endpoints", seen("v2.3.1", "a1b2c3d", "degraded"), Status.COMPLETE),
    ("Health endpoints", seen("v2.3.1", "a1b2c3d", "ok", error="Nobody answered."), Status.PARTIAL),
    ("Health endpoints", seen("v2.3.1", "a1b2c3d", "ok", ago=timedelta(hours=23)), Status.COMPLETE),
    ("Health endpoints", seen("v2.3.1", "a1b2c3d", "ok", ago=DAY), Status.PARTIAL),
    ("Monitoring", {}, Status.PENDING),
    ("Monitoring", {"metrics": frozenset({"error_rate"})}, Status.PARTIAL),
    ("Monitoring", {"metrics": frozenset({"error_rate", "latency_p99"})}, Status.COMPLETE),
    ("Release documentation", {}, Status.PENDING),
    ("Release documentation", {"released": 2}, Status.PENDING),
    ("Release documentation", {"released": 2, "noted": 1}, Status.PARTIAL),
    ("Release documentation", {"released": 2, "noted": 2}, Status.COMPLETE),
    ("Change management", {}, Status.PENDING),
    ("Change management", shipped(1, with_change=0), Status.PENDING),
    ("Change management", shipped(1, 2, with_change=1), Status.PARTIAL),
    ("Change management", {**shipped(1), "drift": decide(BYPASS)}, Status.PARTIAL),
    ("Change management", shipped(1), Status.COMPLETE),
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
    assert (row.next_step == "") == (row.done_on is None) == (status is Status.COMPLETE)
    assert row.shown_on is not None or not facts.get("artifact"), "what speaks for it can be opened"


@pytest.mark.parametrize(
    ("title", "facts", "shown_on", "done_on"),
    [
        ("CI pipeline", {}, None, Link(Page.HOW_TO_REPORT)),
        ("Artifact signing (cosign)", built(), Link(Page.ARTIFACT, "v2.3.1"), Link(Page.HOW_TO_REGISTER)),
        ("CI pipeline", built(), Link(Page.ARTIFACT, "v2.3.1"), Link(Page.HOW_TO_REPORT)),
        (
            "Promotion through staging",
            shipped(1, 2, promoted=1, lacking={"promoted": "DEP-7"}),
            Link(Page.DEPLOYMENT, "DEP-7"),
            Link(Page.HOW_TO_ASK),
        ),
        ("Change management", {"drift": decide(UNRECORDED)}, Link(Page.SERVICE), Link(Page.PLACE_ADOPT, "prd")),
        ("Change management", {"drift": decide(BYPASS)}, Link(Page.SERVICE), Link(Page.CHANGE, "CR-1")),
        ("Release documentation", {}, Link(Page.RELEASES), Link(Page.RELEASE_NEW)),
        (
            "Rollback communication",
            shipped(1, rolled_back=1, lacking={"told": "DEP-8"}),
            *[Link(Page.DEPLOYMENT, "DEP-8")] * 2,
        ),
        ("Records of emergencies", emergencies(owed=1, overdue=1), *[Link(Page.EMERGENCIES_OVERDUE)] * 2),
        ("Rollback automation", {"driver": RollbackDriver.WEBHOOK}, Link(Page.ROLLBACKS), Link(Page.STAGING)),
    ],
)
def test_component__what_shows_it_and_the_next_step__stand_where_they_can_be_opened(
    title: str, facts: dict[str, Any], shown_on: Link | None, done_on: Link
) -> None:
    (row,) = (row for row in judged(ServiceFacts(service="billing-service", now=NOW, **facts)) if row.title == title)

    assert (row.shown_on, row.done_on) == (shown_on, done_on)


def test_table__every_row__can_come_out_in_all_the_ways_it_has() -> None:
    seen = {(title, status) for title, _, status in ROWS}
    for row in REQUIREMENTS:
        assert {(row.title, Status.COMPLETE), (row.title, Status.PENDING)} <= seen, row.title
