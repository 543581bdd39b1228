"""The facts that decide items of the release checklist (§5.3). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cybercube_portal.catalog.states import Stage, StageStatus
from cybercube_portal.decisions import Reason, failed, passed, pending, skipped, utc_text

SECTION = "§5.3"
PIPELINE = ("CI pipeline",)
TEAM = ("Engineer",)
HEALTHY = "healthy"
# States of a deployment that say it was carried to production at all.
INITIATED: frozenset[str] = frozenset({"running", "verifying", HEALTHY})


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactContent:
    """One artifact of the release as the pipeline reported it. A stage that was never reported is absent.

    `critical` and `high` count the scan's findings; `staging` and `production` are the states of its last deployments there
    ("" for none), `is_alerted` and `is_watched` speak of the one in production.
    """

    reference: str
    is_registered: bool = True
    stages: Mapping[Stage, StageStatus] = field(default_factory=dict)
    critical: int | None = None
    high: int | None = None
    staging: str = ""
    production: str = ""
    is_alerted: bool = False
    is_watched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Somebody's word for an item."""

    by: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFacts:
    """What is known of a release. The gate needs everything up to `ticks`; the rest is of the last two parts.

    `migrations`: whether each file was tested, by name. `freezes` are the sentences about what is frozen in the change's time. `ticks` by item.
    """

    artifacts: tuple[ArtifactContent, ...] = ()
    migrations: Mapping[str, bool] = field(default_factory=dict)
    change: str = ""
    has_rollback_plan: bool = False
    is_risk_assessed: bool = False
    is_approved: bool = False
    has_slot: bool = False
    freezes: tuple[str, ...] = ()
    on_call_notified_at: datetime | None = None
    ticks: Mapping[str, Tick] = field(default_factory=dict)
    notes_published_at: datetime | None = None
    announced_at: datetime | None = None
    watch_until: datetime | None = None


Judge = Callable[[ContentFacts], Reason]


def code_of(key: str) -> str:
    """The code of the item's reason."""
    return f"checklist.{key}"


def by_stage(key: str, stage: Stage, word: str) -> Judge:
    """Whether the pipeline reported a stage of every artifact as passed."""

    def judge(facts: ContentFacts) -> Reason:
        lacking = [entry.reference for entry in facts.artifacts if stage not in entry.stages]
        broken = [entry.reference for entry in facts.artifacts if entry.stages.get(stage) is StageStatus.FAILED]
        if broken:
            return failed(
                code_of(key), SECTION, f"The {word} of {_and(broken)} failed.", "Build a new version.", PIPELINE
            )
        if lacking or not facts.artifacts:
            message = f"The {word} of {_and(lacking) or 'no artifact'} are not reported."
            return pending(code_of(key), SECTION, message, "Let the pipeline report them.", PIPELINE)
        return passed(
            code_of(key), SECTION, f"The {word} of {_and(entry.reference for entry in facts.artifacts)} passed."
        )

    return judge


def judge_scans(facts: ContentFacts) -> Reason:
    """No scan found anything critical or high (§4.2)."""
    code = code_of("no_severe_findings")
    severe = [entry for entry in facts.artifacts if entry.critical or entry.high]
    if severe:
        told = _and(
            f"{entry.reference} has {entry.critical or 0} critical and {entry.high or 0} high" for entry in severe
        )
        return failed(code, SECTION, f"{told}.", "Fix them and build a new version.", (*TEAM, "Security"))
    unknown = [
        entry.reference
        for entry in facts.artifacts
        if entry.stages.get(Stage.SCAN) is not StageStatus.PASSED or entry.critical is None or entry.high is None
    ]
    if unknown or not facts.artifacts:
        message = f"{_and(unknown) or 'No artifact'} has no scan that passed and counts its findings."
        return pending(code, SECTION, message, "Let the pipeline report the scan.", PIPELINE)
    return passed(code, SECTION, "The scans found nothing critical or high.")


def judge_migrations(facts: ContentFacts) -> Reason:
    """Every migration it carries was tested (§9.1)."""
    code = code_of("migrations_tested")
    unregistered = [entry.reference for entry in facts.artifacts if not entry.is_registered]
    untested = [name for name, is_tested in facts.migrations.items() if not is_tested]
    if untested:
        message = f"{_and(untested)} was not tested."
        return pending(code, SECTION, message, "Test it on production-like data and note it (§9.1).", (*TEAM, "DBA"))
    if unregistered:
        message = f"{_and(unregistered)} is not registered: what it migrates is not known."
        return pending(code, SECTION, message, "Let the pipeline register it.", PIPELINE)
    if not facts.migrations:
        return skipped(code, SECTION, "It carries no migration.")
    return passed(code, SECTION, f"{_and(facts.migrations)} was tested.")


def of_change(key: str, holds: Callable[[ContentFacts], bool], yes: str, no: str, remedy: str) -> Judge:
    """Something that its change says of itself; `yes` and `no` name it as {change}."""

    def judge(facts: ContentFacts) -> Reason:
        number = facts.change or "The change"
        if holds(facts):
            return passed(code_of(key), SECTION, yes.format(change=number), change=facts.change)
        return pending(code_of(key), SECTION, no.format(change=number), remedy, TEAM, change=facts.change)

    return judge


def judge_window(facts: ContentFacts) -> Reason:
    """The change has its slot, and no freeze covers it."""
    code = code_of("window_scheduled")
    if not facts.has_slot:
        return pending(code, SECTION, f"{facts.change} has no time to come.", "Reschedule it.", TEAM)
    if facts.freezes:
        message = f"{_and(facts.freezes)} covers the time of {facts.change}."
        return pending(
            code, SECTION, message, "Reschedule it, or ask for an exception.", (*TEAM, "Engineering manager")
        )
    return passed(code, SECTION, f"{facts.change} has its time, and nothing is frozen then.", change=facts.change)


def happened(key: str, moment: Callable[[ContentFacts], datetime | None], yes: str, no: str, remedy: str) -> Judge:
    """Something that has a moment once it happened: {at} in `yes`."""

    def judge(facts: ContentFacts) -> Reason:
        at = moment(facts)
        if at is None:
            return pending(code_of(key), SECTION, no, remedy, TEAM)
        return passed(code_of(key), SECTION, yes.format(at=utc_text(at)), at=at.isoformat())

    return judge


def placed(key: str, where: Callable[[ArtifactContent], bool], yes: str, no: str, remedy: str) -> Judge:
    """Whether something holds for every artifact's deployment; `yes` and `no` name those as {artifacts}."""

    def judge(facts: ContentFacts) -> Reason:
        lacking = [entry.reference for entry in facts.artifacts if not where(entry)]
        if lacking or not facts.artifacts:
            return pending(code_of(key), SECTION, no.format(artifacts=_and(lacking) or "No artifact"), remedy, PIPELINE)
        return passed(code_of(key), SECTION, yes.format(artifacts=_and(entry.reference for entry in facts.artifacts)))

    return judge


def judge_metrics(facts: ContentFacts) -> Reason:
    """Nothing was alerted while it was verified and watched (§8.5)."""
    code = code_of("metrics_in_bounds")
    alerted = [entry.reference for entry in facts.artifacts if entry.is_alerted]
    if alerted:
        message = f"An alert was raised while {_and(alerted)} was watched."
        return failed(code, SECTION, message, "Look at its deployment, and decide whether it stays.", ("On-call",))
    if not facts.artifacts or not all(entry.production == HEALTHY for entry in facts.artifacts):
        return pending(code, SECTION, "Production is not verified yet.", "Wait for the verification.", PIPELINE)
    return passed(code, SECTION, "Errors and latency were within bounds.")


def judge_watch(facts: ContentFacts) -> Reason:
    """The 30 minutes after production are over."""
    code = code_of("monitored")
    if facts.watch_until is None:
        return pending(code, SECTION, "The 30 minutes begin once production is healthy.", "Deploy it.", PIPELINE)
    if not all(entry.is_watched for entry in facts.artifacts):
        message = f"It is watched until {utc_text(facts.watch_until)}."
        return pending(code, SECTION, message, "Wait until then.", ("On-call",), until=facts.watch_until.isoformat())
    return passed(code, SECTION, "It was watched for its 30 minutes, and stands.")


def _and(names: Iterable[str]) -> str:
    return ", ".join(names)
