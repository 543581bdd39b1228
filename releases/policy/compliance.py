"""Each service against each component of "Implementation Status", seen from facts. Pure.

COMPLETE: the facts show it. PARTIAL: a part of it, or not always. PENDING: nothing shows it. Each row says what shows it, and the
next step while it is not complete. What no fact shows (separate networks and keys, §1.4) is complete while somebody answers for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from cybercube_portal.catalog.isolation import CELLS
from cybercube_portal.catalog.states import EnvironmentCode, RollbackDriver, Stage
from cybercube_portal.decisions import Decision, Outcome

# What is older says little of today.
WINDOW = timedelta(days=180)
WEEK = timedelta(days=7)
# §0: weekly releases at least.
WEEKS = 4
PIPELINE = (Stage.BUILD, Stage.TEST, Stage.SCAN)
HEALTH_WORDS = frozenset({"ok", "healthy", "degraded"})
NOTHING = Decision()
CARRIED_OUT_BY: Mapping[RollbackDriver, str] = {
    RollbackDriver.MANUAL: "hand",
    RollbackDriver.WEBHOOK: "a webhook",
    RollbackDriver.KUBERNETES: "Kubernetes",
}


class Status(StrEnum):
    """The three words of the standard."""

    COMPLETE = "COMPLETE"
    PARTIAL = "PARTIAL"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The newest version that was registered. `migrations`: how many it carries; `passed`: the stages whose last report passed."""

    reference: str
    git_ref: str
    digest: str
    is_signed: bool = False
    has_commits: bool = False
    migrations: int = 0
    lint_failed: bool = False
    passed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """Deployments to production. `promoted`: the same digest was healthy in staging before; `weeks_ago`: 0 is the last seven days."""

    count: int = 0
    with_change: int = 0
    promoted: int = 0
    weeks_ago: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFacts:
    """What is known of one service. `hosts` by environment; `shipped` within WINDOW; `drift` of production.

    `seen` {version, git_sha, status} is what `/health` of production said last, None when it was never read; `rolled_back_at` the last rollback that turned healthy;
    `noted` of `released` releases have published notes; `overdue` of `live_flags` are past their end;
    somebody answers for `isolated` rows of §1.4 in the three environments; `overdue_records` emergencies whose record is late (§6.4); `protection` whether each demand of §2.5 held when it was last reported.
    """

    service: str
    now: datetime
    repository: str = ""
    hosts: tuple[tuple[str, str], ...] = ()
    artifact: Built | None = None
    metrics: frozenset[str] = frozenset()
    driver: RollbackDriver = RollbackDriver.MANUAL
    shipped: Shipped = Shipped()
    rolled_back_at: datetime | None = None
    seen: tuple[str, str, str] | None = None
    unseen_because: str = ""
    drift: Decision = NOTHING
    parity: Decision = NOTHING
    released: int = 0
    noted: int = 0
    live_flags: int = 0
    overdue: int = 0
    overdue_records: int = 0
    protection: tuple[bool, ...] = ()
    isolated: int = 0


class Finding(NamedTuple):
    """How one row came out: what shows it, and what to do next (empty when complete)."""

    status: Status
    proof: str
    next_step: str = ""


class Requirement(NamedTuple):
    """One row: its section, its name in the standard, and how it is judged."""

    section: str
    title: str
    judge: Callable[[ServiceFacts], Finding]


class Judged(NamedTuple):
    """A requirement with its finding."""

    section: str
    title: str
    status: Status
    proof: str
    next_step: str


def tally(rows: Iterable[Judged]) -> Counter[Status]:
    """How many rows came out in each way."""
    return Counter(row.status for row in rows)


def judged(facts: ServiceFacts) -> tuple[Judged, ...]:
    """Every row of the table for one service."""
    return tuple(Judged(row.section, row.title, *row.judge(facts)) for row in REQUIREMENTS)


def _cadence(facts: ServiceFacts) -> Finding:
    weeks = sum(ago < WEEKS for ago in facts.shipped.weeks_ago)
    proof = f"Production was deployed to in {weeks} of the last {WEEKS} weeks."
    return _share(weeks, WEEKS, proof, "Release at least weekly.")


def _addresses(facts: ServiceFacts) -> Finding:
    wanted = [code.value for code in EnvironmentCode]
    hosts = dict(facts.hosts)
    known = [code for code in wanted if hosts.get(code)]
    if not known:
        return Finding(Status.PENDING, "No address is registered.", "Register its addresses in dev, stg and prd.")
    if len({hosts[code] for code in known}) < len(known):
        return Finding(Status.PARTIAL, "Two environments share a host.", "Give each environment a host of its own.")
    return _share(len(known), len(wanted), f"Hosts of its own in {', '.join(known)}.", "Register the other addresses.")


def _isolation(facts: ServiceFacts) -> Finding:
    proof = f"People answer for {facts.isolated} of {len(CELLS)} rows of §1.4 in the three environments."
    return _share(
        facts.isolated, len(CELLS), proof, "Ops or Security vouch for the open rows, on the page Environments."
    )


def _parity(facts: ServiceFacts) -> Finding:
    outcomes = [reason.outcome for reason in facts.parity.reasons]
    if facts.parity.failures:
        first = facts.parity.failures[0]
        return Finding(Status.PARTIAL, first.message, first.remedy)
    if Outcome.PASS not in outcomes and Outcome.PENDING not in outcomes:
        step = "Let /health in stg and prd answer the portal with what runs."
        return Finding(Status.PENDING, "Staging and production cannot be compared yet.", step)
    told = next(reason for reason in facts.parity.reasons if reason.outcome in {Outcome.PASS, Outcome.PENDING})
    return Finding(Status.COMPLETE, told.message)


def _git(facts: ServiceFacts) -> Finding:
    built = facts.artifact
    signs = [bool(facts.repository), built is not None, built is not None and built.has_commits]
    names = ("a repository", "artifacts with their commit", "the list of commits")
    proof = f"Known: {', '.join(name for name, is_there in zip(names, signs, strict=True) if is_there) or 'nothing'}."
    return _share(sum(signs), len(signs), proof, "Register the repository, and let the pipeline send the commits.")


def _protection(facts: ServiceFacts) -> Finding:
    if not facts.protection:
        step = "Let the pipeline report it: cybercube report protection."
        return Finding(Status.PENDING, "Nobody reported how its branches are protected.", step)
    held = sum(facts.protection)
    proof = f"{held} of {len(facts.protection)} demands on main, release/* and CODEOWNERS hold."
    return _share(held, len(facts.protection), proof, "Set what the newest report lacks.")


def _release_refs(facts: ServiceFacts) -> Finding:
    if facts.artifact is None:
        return Finding(Status.PENDING, "Nothing was built yet.", "Let the pipeline register what it builds.")
    ref, proof = facts.artifact.git_ref, f"{facts.artifact.reference} was built from {facts.artifact.git_ref}."
    if ref.startswith(("refs/tags/v", "refs/heads/release/")):
        return Finding(Status.COMPLETE, proof)
    return Finding(Status.PARTIAL, proof, "Build releases from a tag or from release/v{version}.")


def _pipeline(facts: ServiceFacts) -> Finding:
    if facts.artifact is None:
        return Finding(Status.PENDING, "Nothing was built yet.", "Let the pipeline register what it builds.")
    passed = [stage.value for stage in PIPELINE if stage.value in facts.artifact.passed]
    proof = f"{facts.artifact.reference} passed {', '.join(passed) or 'no stage'}."
    missing = ", ".join(stage.value for stage in PIPELINE if stage.value not in passed)
    return _share(len(passed), len(PIPELINE), proof, f"Report these stages, and let them pass: {missing}.")


def _signing(facts: ServiceFacts) -> Finding:
    if facts.artifact is not None and facts.artifact.is_signed:
        return Finding(Status.COMPLETE, f"{facts.artifact.reference} is signed.")
    step = "Sign artifacts with cosign, and register the signature (recommended, not required)."
    return Finding(Status.PENDING, "The newest artifact is not signed.", step)


def _registry(facts: ServiceFacts) -> Finding:
    if facts.artifact is None:
        return Finding(Status.PENDING, "No artifact is registered.", "Let the pipeline register what it builds.")
    return Finding(Status.COMPLETE, f"{facts.artifact.reference} is {facts.artifact.digest[:19]}….")


def _promotion(facts: ServiceFacts) -> Finding:
    promoted, count = facts.shipped.promoted, facts.shipped.count
    proof = f"{promoted} of {count} deployments to production had been healthy in staging before."
    return _all_of(promoted, count, proof, "Deploy the same digest to staging first.")


def _health(facts: ServiceFacts) -> Finding:
    if facts.seen is None:
        proof = facts.unseen_because or "/health of production was not read yet."
        return Finding(Status.PENDING, proof, "Let /health answer the portal, with status, version and git_sha.")
    version, git_sha, status = facts.seen
    shown = {"version": bool(version), "git_sha": bool(git_sha), "status": status.lower() in HEALTH_WORDS}
    missing = ", ".join(name for name, is_there in shown.items() if not is_there)
    proof = f"/health of production says version {version}, status {status or 'nothing'}."
    return _share(sum(shown.values()), len(shown), proof, f"Let /health also say, as in §3.6: {missing}.")


def _monitoring(facts: ServiceFacts) -> Finding:
    known = " and ".join(sorted(facts.metrics))
    proof = f"There are queries for {known}." if known else "No query is registered."
    return _share(len(facts.metrics), 2, proof, "Register queries for error_rate and latency_p99.")


def _rollback(facts: ServiceFacts) -> Finding:
    signs = [facts.driver is not RollbackDriver.MANUAL, facts.rolled_back_at is not None]
    worked = f"one worked on {facts.rolled_back_at:%d %b %Y}" if facts.rolled_back_at else "none was tried lately"
    proof = f"Rollbacks are carried out by {CARRIED_OUT_BY[facts.driver]}; {worked}."
    step = "Try a rollback in staging." if signs[0] else "Register a rollback driver (webhook or kubernetes)."
    return _share(sum(signs), len(signs), proof, step)


def _changes(facts: ServiceFacts) -> Finding:
    if facts.drift.failures:
        first = facts.drift.failures[0]
        return Finding(Status.PARTIAL, first.message, first.remedy)
    if facts.overdue_records:
        proof = f"{facts.overdue_records} emergency records are overdue."
        return Finding(Status.PARTIAL, proof, "Write the records of the emergencies.")
    covered, count = facts.shipped.with_change, facts.shipped.count
    proof = f"{covered} of {count} deployments to production went by a change."
    return _all_of(covered, count, proof, "File a change for each deployment to production.")


def _migrations(facts: ServiceFacts) -> Finding:
    if facts.artifact is None:
        return Finding(Status.PENDING, "Nothing was built yet.", "Let the pipeline send migrations with the artifact.")
    count = facts.artifact.migrations
    carried = f"{count} migration{'' if count == 1 else 's'}" if count else "no migrations"
    if facts.artifact.lint_failed:
        proof = f"{facts.artifact.reference} carries {carried}, and the lint finds errors."
        return Finding(Status.PARTIAL, proof, "Follow the safe patterns of §9.3: cybercube check sql.")
    return Finding(
        Status.COMPLETE, f"{facts.artifact.reference} carries {carried}{', none with an error' if count else ''}."
    )


def _documents(facts: ServiceFacts) -> Finding:
    if not facts.released:
        return Finding(Status.PENDING, "No release was completed lately.", "Open a release for the next version.")
    proof = f"{facts.noted} of {facts.released} releases have published notes."
    return _share(facts.noted, facts.released, proof, "Publish the notes of every release.")


def _flags(facts: ServiceFacts) -> Finding:
    if not facts.live_flags:
        return Finding(Status.PENDING, "The service has no flags.", "Put the next risky change behind a flag.")
    if facts.overdue:
        proof = f"{facts.overdue} of {facts.live_flags} flags are past their end."
        return Finding(Status.PARTIAL, proof, "Clean up the flags that have expired (§7.6).")
    return Finding(Status.COMPLETE, f"None of {facts.live_flags} flags is past its end.")


def _share(met: int, wanted: int, proof: str, next_step: str) -> Finding:
    """All, some or none."""
    if met >= wanted:
        return Finding(Status.COMPLETE, proof)
    return Finding(Status.PARTIAL if met else Status.PENDING, proof, next_step)


def _all_of(met: int, count: int, proof: str, next_step: str) -> Finding:
    if not count:
        return Finding(Status.PENDING, "Nothing was deployed to production lately.", next_step)
    return _share(met, count, proof, next_step)


REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement("§0", "Weekly releases", _cadence),
    Requirement("§1.3", "Environment separation: addresses", _addresses),
    Requirement("§1.4", "Environment separation: isolation", _isolation),
    Requirement("§1.5", "Staging environment: parity", _parity),
    Requirement("§2", "Version control (Git)", _git),
    Requirement("§2.2", "Release branch workflow", _release_refs),
    Requirement("§2.5", "Branch protection", _protection),
    Requirement("§3.1", "Artifact signing (cosign)", _signing),
    Requirement("§3.5", "Artifact registry", _registry),
    Requirement("§4.2", "CI pipeline", _pipeline),
    Requirement("§4.2", "Promotion through staging", _promotion),
    Requirement("§4.6", "Health endpoints", _health),
    Requirement("§4.7", "Monitoring", _monitoring),
    Requirement("§5.5", "Release documentation", _documents),
    Requirement("§6", "Change management", _changes),
    Requirement("§7.6", "Feature flag system", _flags),
    Requirement("§8", "Rollback automation", _rollback),
    Requirement("§9", "Database migrations", _migrations),
)
