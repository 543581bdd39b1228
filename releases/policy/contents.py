"""The release checklist (§5.3): every item of the standard, and what decides it. Pure.

Most items are facts: nobody can tick them by hand, and nobody has to. The rest are somebody's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cybercube_portal.catalog.states import Stage
from cybercube_portal.decisions import Decision, Reason, decide, failed, passed, pending
from releases.policy.content_facts import (
    HEALTHY,
    INITIATED,
    SECTION,
    TEAM,
    ContentFacts,
    Judge,
    Tick,
    by_stage,
    code_of,
    happened,
    judge_metrics,
    judge_migrations,
    judge_scans,
    judge_watch,
    judge_window,
    of_change,
    placed,
)


class Part(StrEnum):
    """The four headings of the checklist, in their order."""

    PRE_RELEASE = "pre_release"
    APPROVAL = "approval"
    DEPLOYMENT = "deployment"
    POST_RELEASE = "post_release"


# What has to be done before production (R15).
BEFORE_PRODUCTION: frozenset[Part] = frozenset({Part.PRE_RELEASE, Part.APPROVAL})


@dataclass(frozen=True, slots=True)
class Item:
    """One line of §5.3. Without `judge` it is ticked by people."""

    key: str
    part: Part
    text: str
    judge: Judge | None = None

    @property
    def is_fact(self) -> bool:
        """Whether facts alone decide it."""
        return self.judge is not None


@dataclass(frozen=True, slots=True)
class JudgedItem:
    """An item with how it stands."""

    item: Item
    reason: Reason
    tick: Tick | None = None

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return decide(self.reason).allowed


ITEMS: tuple[Item, ...] = (
    Item("tickets_completed", Part.PRE_RELEASE, "All planned tickets completed"),
    Item("tests_passing", Part.PRE_RELEASE, "All tests passing", by_stage("tests_passing", Stage.TEST, "tests")),
    Item("no_severe_findings", Part.PRE_RELEASE, "No critical/high security issues", judge_scans),
    Item("documentation_updated", Part.PRE_RELEASE, "Documentation updated"),
    Item("migrations_tested", Part.PRE_RELEASE, "Migration scripts tested", judge_migrations),
    Item(
        "rollback_plan_documented",
        Part.PRE_RELEASE,
        "Rollback plan documented",
        of_change(
            "rollback_plan_documented",
            lambda facts: facts.has_rollback_plan,
            "{change} says how to go back.",
            "{change} does not say how to go back.",
            "Write its rollback plan.",
        ),
    ),
    Item(
        "on_call_notified",
        Part.PRE_RELEASE,
        "On-call engineer notified",
        happened(
            "on_call_notified",
            lambda facts: facts.on_call_notified_at,
            "A mail went to on-call at {at}.",
            "Nobody on call was told.",
            "Submit the release: a mail goes to whoever is on call; somebody has to hold that role.",
        ),
    ),
    Item("changelog_reviewed", Part.APPROVAL, "Changelog reviewed"),
    Item(
        "risk_assessed",
        Part.APPROVAL,
        "Risk assessment complete",
        of_change(
            "risk_assessed",
            lambda facts: facts.is_risk_assessed,
            "{change} has its risk assessed.",
            "{change} does not answer every question of §5.6.",
            "Answer the seven questions.",
        ),
    ),
    Item(
        "approvals_obtained",
        Part.APPROVAL,
        "Required approvals obtained",
        of_change(
            "approvals_obtained",
            lambda facts: facts.is_approved,
            "{change} is approved.",
            "{change} is not approved.",
            "Have it approved.",
        ),
    ),
    Item("window_scheduled", Part.APPROVAL, "Deployment window scheduled", judge_window),
    Item(
        "staging_deployed",
        Part.DEPLOYMENT,
        "Staging deployment successful",
        placed(
            "staging_deployed",
            lambda entry: entry.staging == HEALTHY,
            "{artifacts} is healthy in staging.",
            "{artifacts} is not healthy in staging.",
            "Deploy it there.",
        ),
    ),
    Item("e2e_passing", Part.DEPLOYMENT, "E2E tests passing", by_stage("e2e_passing", Stage.E2E, "end-to-end tests")),
    Item(
        "production_initiated",
        Part.DEPLOYMENT,
        "Production deployment initiated",
        placed(
            "production_initiated",
            lambda entry: entry.production in INITIATED,
            "{artifacts} went to production.",
            "{artifacts} did not go to production.",
            "Deploy it there.",
        ),
    ),
    Item(
        "health_passing",
        Part.DEPLOYMENT,
        "Health checks passing",
        placed(
            "health_passing",
            lambda entry: entry.production == HEALTHY,
            "{artifacts} is healthy in production.",
            "{artifacts} is not verified in production.",
            "Wait for the verification.",
        ),
    ),
    Item("metrics_in_bounds", Part.DEPLOYMENT, "Metrics within bounds", judge_metrics),
    Item(
        "notes_published",
        Part.POST_RELEASE,
        "Release notes published",
        happened(
            "notes_published",
            lambda facts: facts.notes_published_at,
            "Published at {at}.",
            "They are not published.",
            "Write and publish them.",
        ),
    ),
    Item(
        "team_notified",
        Part.POST_RELEASE,
        "Team notified",
        happened(
            "team_notified",
            lambda facts: facts.announced_at,
            "The announcement went out at {at}.",
            "Nothing was announced.",
            "Publish the notes: they are announced by mail.",
        ),
    ),
    Item("monitored", Part.POST_RELEASE, "Monitoring for 30 minutes", judge_watch),
    Item("flags_enabled", Part.POST_RELEASE, "Feature flags enabled (if applicable)"),
    Item("cleanup_scheduled", Part.POST_RELEASE, "Cleanup tasks scheduled"),
)
BY_KEY: dict[str, Item] = {item.key: item for item in ITEMS}


def checklist(facts: ContentFacts) -> tuple[JudgedItem, ...]:
    """Every item with how it stands, in the standard's order."""
    return tuple(_judged(item, facts) for item in ITEMS)


def open_items(facts: ContentFacts) -> tuple[str, ...]:
    """What of the first two parts is not done: what the gate asks before production (R15)."""
    return tuple(row.item.text for row in checklist(facts) if row.item.part in BEFORE_PRODUCTION and not row.is_done)


def may_tick(item: Item, stands: Reason) -> Decision:
    """Only what no fact decides is ticked by hand; `stands` is how the facts stand."""
    if item.is_fact:
        message = f"“{item.text}” is decided by facts, not by hand. {stands.message}"
        return decide(failed("checklist.decided_by_facts", SECTION, message, stands.remedy, stands.who, item=item.key))
    return decide(passed("checklist.by_hand", SECTION, f"“{item.text}” is somebody's word.", item=item.key))


def _judged(item: Item, facts: ContentFacts) -> JudgedItem:
    if item.judge is not None:
        return JudgedItem(item, item.judge(facts))
    tick = facts.ticks.get(item.key)
    if tick is None:
        message = f"Nobody ticked “{item.text}”."
        return JudgedItem(item, pending(code_of(item.key), SECTION, message, "Tick it once it is so.", TEAM))
    return JudgedItem(item, passed(code_of(item.key), SECTION, f"Ticked by {tick.by}.", note=tick.note), tick)
