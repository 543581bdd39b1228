"""What is to go there: its name, its digest, where it was built from and what its pipeline proved (§3, §4.2). Pure.

A stage that nobody reported fails and does not wait: §4.1 runs build, test and scan before anything is deployed, so when a
pipeline asks they are over, and nothing is under way that would bring the report.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from cybercube_portal.catalog.facts import EvidenceFact
from cybercube_portal.catalog.states import Stage
from cybercube_portal.catalog.versions import version_form
from cybercube_portal.decisions import Reason, failed, passed, skipped
from releases.policy.gate.facts import ArtifactFact, GateFacts

STAGES: tuple[Stage, ...] = (Stage.BUILD, Stage.TEST, Stage.SCAN)
FORBIDDEN: tuple[str, ...] = ("critical", "high")
PIPELINE = ("CI pipeline",)

# An emergency goes ahead without these, never against a report that failed.
NEVER_REPORTED: frozenset[str] = frozenset(
    {"artifact.unsigned", "evidence.missing", "evidence.coverage_missing", "evidence.counts_missing"}
)

# R19: main, release/*, hotfix/* and tags. A tag may come without its folder, in the form of §2 (glossary "Tag").
_REFS = re.compile(
    r"refs/tags/.+"
    r"|v(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:[-+][0-9A-Za-z.+-]+)?"
    r"|(?:refs/heads/)?(?:main|release/.+|hotfix/.+)",
    re.ASCII,
)


def judge_artifact(facts: GateFacts) -> tuple[Reason, ...]:
    """Registered, digest equal (the registered one when none is given), version form."""
    form = version_form(facts.question.version, facts.question.environment)
    artifact = facts.artifact
    if artifact is None:
        return form, failed(
            "artifact.unregistered",
            "§3.6",
            f"{facts.question.service}:{facts.question.version} is not registered.",
            "Let the pipeline register the artifact it built.",
            PIPELINE,
        )
    registered = passed(
        "artifact.registered",
        "§3.6",
        f"{facts.question.service}:{artifact.version} is registered.",
        digest=artifact.digest,
    )
    return form, registered, _digest(facts, artifact)


def _digest(facts: GateFacts, artifact: ArtifactFact) -> Reason:
    given = facts.question.digest
    if not given:
        return passed("artifact.digest", "§3.1", "The registered digest is judged.", digest=artifact.digest)
    if given == artifact.digest:
        return passed("artifact.digest", "§3.1", "The digest is the registered one.", digest=given)
    return failed(
        "artifact.digest_differs",
        "§3.1",
        f"{given} is not the digest {artifact.version} was registered with.",
        "Deploy the artifact that was registered, or build a new version.",
        PIPELINE,
        given=given,
        registered=artifact.digest,
    )


def judge_evidence(facts: GateFacts) -> tuple[Reason, ...]:
    """Ref (R19), stages build, test, scan (no critical, high), coverage; a signature where one is required (R14)."""
    artifact = facts.artifact
    if artifact is None:
        return (skipped("evidence.not_asked", "§4.2", "There is no registered artifact to prove anything of."),)
    minimum = facts.service.minimum_coverage if facts.service else None
    return (_ref(artifact), *judge_stages(artifact.stages, minimum), _signature(facts, artifact))


def judge_stages(stages: Mapping[Stage, EvidenceFact], minimum: Decimal | None) -> tuple[Reason, ...]:
    """Build, test and scan passed, nothing critical or high was found, and the coverage reaches `minimum` percent (None: none is set)."""
    return (*(_stage(stages.get(stage), stage) for stage in STAGES), *_numbers(stages, minimum))


def _ref(artifact: ArtifactFact) -> Reason:
    if _REFS.fullmatch(artifact.git_ref):
        return passed("ref.allowed", "§2.2", f"It was built from {artifact.git_ref}.")
    return failed(
        "ref.not_allowed",
        "§2.2",
        f"It was built from {artifact.git_ref}; only main, release/*, hotfix/* and tags leave dev.",
        "Merge it and build from main, or tag it.",
        PIPELINE,
        ref=artifact.git_ref,
    )


def _stage(report: EvidenceFact | None, stage: Stage) -> Reason:
    if report is None:
        return failed(
            "evidence.missing",
            "§4.2",
            f"The {stage.value} stage was never reported.",
            f"Let the pipeline report the {stage.value} stage before it asks.",
            PIPELINE,
            stage=stage.value,
        )
    if report.passed:
        return passed("evidence.passed", "§4.2", f"The {stage.value} stage passed.", stage=stage.value, url=report.url)
    return failed(
        "evidence.failed",
        "§4.2",
        f"The {stage.value} stage failed.",
        f"Mend what the {stage.value} stage found and build again.",
        PIPELINE,
        stage=stage.value,
        url=report.url,
    )


def _numbers(stages: Mapping[Stage, EvidenceFact], minimum: Decimal | None) -> Iterator[Reason]:
    scan, test = stages.get(Stage.SCAN), stages.get(Stage.TEST)
    if scan is not None and scan.passed:
        yield from _vulnerabilities(scan)
    if minimum is None:
        yield skipped("evidence.coverage", "§4.2", "No minimum coverage is set for the service.")
    elif test is not None and test.passed:
        yield _coverage(test, minimum)


def _vulnerabilities(scan: EvidenceFact) -> Iterator[Reason]:
    counts = {name: scan.summary.get(name) for name in FORBIDDEN}
    for name, count in counts.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            yield failed(
                "evidence.counts_missing",
                "§4.2",
                f"The scan does not say how many {name} vulnerabilities it found.",
                "Let the pipeline report the scan with its counts.",
                PIPELINE,
            )
        elif count:
            yield failed(
                "evidence.vulnerabilities",
                "§4.2",
                f"The scan found {count} {name} vulnerabilities.",
                "Mend them and build again.",
                PIPELINE,
                severity=name,
                count=count,
            )
    if not any(counts.values()) and None not in counts.values():
        yield passed("evidence.vulnerabilities", "§4.2", "The scan found no critical or high vulnerability.")


def _coverage(test: EvidenceFact, minimum: Decimal) -> Reason:
    reported = test.summary.get("coverage")
    if not isinstance(reported, int | float | Decimal) or isinstance(reported, bool) or not math.isfinite(reported):
        return failed(
            "evidence.coverage_missing",
            "§4.2",
            f"The test stage does not say its coverage; {minimum} % is asked.",
            "Let the pipeline report the coverage with the test stage.",
            PIPELINE,
        )
    # A float goes through its shortest text: 80.1 means 80.1, not the nearest binary fraction below it.
    coverage = Decimal(str(reported))
    if coverage >= minimum:
        return passed("evidence.coverage", "§4.2", f"The coverage is {coverage} %, {minimum} % is asked.")
    return failed(
        "evidence.coverage_below",
        "§4.2",
        f"The coverage is {coverage} %, {minimum} % is asked.",
        "Add the missing tests and build again.",
        PIPELINE,
        coverage=str(coverage),
        minimum=str(minimum),
    )


def _signature(facts: GateFacts, artifact: ArtifactFact) -> Reason:
    if artifact.is_signed:
        return passed("artifact.signature", "§3.1", "The artifact is signed.")
    if not facts.is_signature_required:
        return skipped("artifact.signature", "§3.1", "The artifact is not signed; signing is recommended.")
    return failed("artifact.unsigned", "§3.1", "The artifact is not signed.", "Sign it and register it so.", PIPELINE)
