"""The release checklist (§5.3) line by line: what decides each item, and what the gate asks before production (R15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from changes.states import ChangeState
from cybercube_portal.catalog.states import Stage, StageStatus
from releases.policy.content_facts import ArtifactContent, ContentFacts, Tick
from releases.policy.contents import BY_KEY, ITEMS, Part, checklist, may_tick, open_items
from releases.policy.releases import is_releasable, may_publish, may_submit, shown_state

AT = datetime(2026, 1, 17, 10, tzinfo=UTC)
PASSED = dict.fromkeys(Stage, StageStatus.PASSED)
WORDS = ("tickets_completed", "documentation_updated", "changelog_reviewed", "flags_enabled", "cleanup_scheduled")
ARTIFACT = ArtifactContent(
    reference="api-service:v2.3.1",
    stages=PASSED,
    critical=0,
    high=0,
    staging="healthy",
    production="healthy",
    is_watched=True,
)
# Everything is done.
DONE = ContentFacts(
    artifacts=(ARTIFACT,),
    migrations={"20260117120000_add_tax_rate.sql": True},
    change="CR-2026-0117-001",
    has_rollback_plan=True,
    is_risk_assessed=True,
    is_approved=True,
    has_slot=True,
    on_call_notified_at=AT,
    ticks={item: Tick(by="alice", at=AT) for item in WORDS},
    notes_published_at=AT,
    announced_at=AT,
    watch_until=AT,
)
# §5.3 as it stands there.
STANDARD = {
    Part.PRE_RELEASE: (
        "All planned tickets completed",
        "All tests passing",
        "No critical/high security issues",
        "Documentation updated",
        "Migration scripts tested",
        "Rollback plan documented",
        "On-call engineer notified",
    ),
    Part.APPROVAL: (
        "Changelog reviewed",
        "Risk assessment complete",
        "Required approvals obtained",
        "Deployment window scheduled",
    ),
    Part.DEPLOYMENT: (
        "Staging deployment successful",
        "E2E tests passing",
        "Production deployment initiated",
        "Health checks passing",
        "Metrics within bounds",
    ),
    Part.POST_RELEASE: (
        "Release notes published",
        "Team notified",
        "Monitoring for 30 minutes",
        "Feature flags enabled (if applicable)",
        "Cleanup tasks scheduled",
    ),
}


def shipped(**fields: Any) -> dict[str, Any]:
    return {"artifacts": (replace(ARTIFACT, **fields),)}


def without(*stages: Stage) -> dict[str, Any]:
    return shipped(stages={stage: status for stage, status in PASSED.items() if stage not in stages})


# (what is different from a release that is done, the items that are open then)
ROWS: tuple[tuple[dict[str, Any], set[str]], ...] = (
    ({}, set()),
    ({"ticks": {}}, set(WORDS)),
    (without(Stage.TEST), {"tests_passing"}),
    (shipped(stages={**PASSED, Stage.TEST: StageStatus.FAILED}), {"tests_passing"}),
    (without(Stage.SCAN), {"no_severe_findings"}),
    (shipped(critical=1), {"no_severe_findings"}),
    (shipped(high=2), {"no_severe_findings"}),
    (shipped(high=None), {"no_severe_findings"}),
    ({"migrations": {"20260117120000_add_tax_rate.sql": False}}, {"migrations_tested"}),
    ({"migrations": {}}, set()),
    (shipped(is_registered=False), {"migrations_tested"}),
    ({"has_rollback_plan": False}, {"rollback_plan_documented"}),
    ({"on_call_notified_at": None}, {"on_call_notified"}),
    ({"is_risk_assessed": False}, {"risk_assessed"}),
    ({"is_approved": False}, {"approvals_obtained"}),
    ({"has_slot": False}, {"window_scheduled"}),
    ({"freezes": ("Year end covers it.",)}, {"window_scheduled"}),
    (shipped(staging="failed"), {"staging_deployed"}),
    (without(Stage.E2E), {"e2e_passing"}),
    (
        shipped(production="", is_watched=False),
        {"production_initiated", "health_passing", "metrics_in_bounds", "monitored"},
    ),
    (shipped(production="running", is_watched=False), {"health_passing", "metrics_in_bounds", "monitored"}),
    (shipped(is_alerted=True), {"metrics_in_bounds"}),
    (shipped(is_watched=False), {"monitored"}),
    ({"watch_until": None}, {"monitored"}),
    ({"notes_published_at": None}, {"notes_published"}),
    ({"announced_at": None}, {"team_notified"}),
    (
        {"artifacts": ()},
        {
            "tests_passing",
            "no_severe_findings",
            "staging_deployed",
            "e2e_passing",
            "production_initiated",
            "health_passing",
            "metrics_in_bounds",
        },
    ),
)


def test_items__are_those_of_the_standard_in_its_order() -> None:
    assert {part: tuple(item.text for item in ITEMS if item.part is part) for part in Part} == STANDARD
    assert {item.key for item in ITEMS if not item.is_fact} == set(WORDS)


@pytest.mark.parametrize(("differing", "left"), ROWS)
def test_checklist__by_what_is_known__leaves_open_what_is_not_so(differing: dict[str, Any], left: set[str]) -> None:
    facts = replace(DONE, **differing)
    assert {row.item.key for row in checklist(facts) if not row.is_done} == left
    before = [item.text for item in ITEMS if item.key in left and item.part in {Part.PRE_RELEASE, Part.APPROVAL}]
    assert list(open_items(facts)) == before


@pytest.mark.parametrize("key", sorted(BY_KEY))
def test_tick__by_hand__is_for_words_only(key: str) -> None:
    stands = next(row.reason for row in checklist(DONE) if row.item.key == key)
    assert may_tick(BY_KEY[key], stands).allowed is (key in WORDS)


@pytest.mark.parametrize(
    ("state", "change", "called"),
    [
        ("preparing", ChangeState.DRAFT, "preparing"),
        ("in_review", ChangeState.IN_REVIEW, "in_review"),
        ("in_review", ChangeState.APPROVED, "approved"),
        ("in_review", ChangeState.REJECTED, "rejected"),
        ("in_review", ChangeState.EXPIRED, "expired"),
        ("staged", ChangeState.APPROVED, "staged"),
        ("preparing", ChangeState.APPROVED, "preparing"),
    ],
)
def test_state__of_a_release_in_review__is_read_from_its_change(state: str, change: str, called: str) -> None:
    assert shown_state(state, change=change) == called


@pytest.mark.parametrize("state", list(ChangeState))
def test_submit__by_the_state_of_its_change__is_possible_or_says_the_way(state: ChangeState) -> None:
    over = {"rejected", "expired", "cancelled", "rolled_back", "closed"}
    decision = may_submit(number="CR-1", change=state)
    assert decision.allowed is (state not in over)
    assert decision.allowed or decision.blockers[0].remedy


@pytest.mark.parametrize(
    ("version", "allowed"),
    [("v2.3.1", True), ("v2.3.1-rc.1", False), ("sha-1a2b3c4d", False), ("v2.3.1+build.1", True)],
)
def test_version__of_a_release__may_go_to_production(version: str, allowed: bool) -> None:
    assert is_releasable(version).allowed is allowed


@pytest.mark.parametrize(
    ("watched", "notes", "codes"),
    [
        (True, True, []),
        (False, True, ["release.being_watched"]),
        (True, False, ["release.notes_missing"]),
        (False, False, ["release.being_watched", "release.notes_missing"]),
    ],
)
def test_publish__after_its_30_minutes_and_with_its_notes__only(watched: bool, notes: bool, codes: list[str]) -> None:
    decision = may_publish(watch_until=AT, is_watched=watched, are_notes_published=notes)
    assert [reason.code for reason in decision.blockers] == codes
