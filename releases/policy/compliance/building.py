"""Sections 2, 3 and 9 and the first stages of section 4: the repository, and the newest version that came out of it. Pure."""

from __future__ import annotations

from cybercube_portal.decisions import Outcome
from releases.policy.compliance.facts import Built, Finding, Link, Page, ServiceFacts, Status, counted, share
from releases.policy.gate.artifact import STAGES, judge_stages

REGISTER = "Let the pipeline register what it builds."
NOTHING_BUILT = Finding(Status.PENDING, "Nothing was built yet.", REGISTER)


def git(facts: ServiceFacts) -> Finding:
    """A repository, artifacts with their commit, and the commits since the version before."""
    built = facts.artifact
    signs = [bool(facts.repository), built is not None, built is not None and built.has_commits]
    names = ("a repository", "artifacts with their commit", "the list of commits")
    proof = f"Known: {', '.join(name for name, is_there in zip(names, signs, strict=True) if is_there) or 'nothing'}."
    found = share(sum(signs), len(signs), proof, "Register the repository, and let the pipeline send the commits.")
    return found._replace(
        shown_on=None if built else Link(Page.SERVICE), done_on=None if facts.repository else Link(Page.SERVICE_EDIT)
    )


def protection(facts: ServiceFacts) -> Finding:
    """What the newest report of the platform's settings says."""
    if not facts.protection:
        step = "Let the pipeline report it: cybercube report protection."
        return Finding(Status.PENDING, "Nobody reported how its branches are protected.", step)
    held = sum(facts.protection)
    proof = f"{held} of {len(facts.protection)} demands on main, release/* and CODEOWNERS hold."
    return share(held, len(facts.protection), proof, "Set what the newest report lacks.")


def release_refs(facts: ServiceFacts) -> Finding:
    """Built from a tag or from release/*."""
    if facts.artifact is None:
        return NOTHING_BUILT
    ref, proof = facts.artifact.git_ref, f"{facts.artifact.reference} was built from {facts.artifact.git_ref}."
    if ref.startswith(("refs/tags/v", "refs/heads/release/")):
        return Finding(Status.COMPLETE, proof)
    return Finding(Status.PARTIAL, proof, "Build releases from a tag or from release/v{version}.")


def reproducible(facts: ServiceFacts) -> Finding:
    """The same commit gave the same digest each time it was built; one build shows nothing."""
    if facts.artifact is None:
        return NOTHING_BUILT
    rebuilt, reference = facts.artifact.rebuilt, facts.artifact.reference
    if not rebuilt:
        proof = f"The commit of {reference} was built once: nothing to compare with."
        return Finding(Status.PENDING, proof, "Build the commit once more and register it under another version.")
    proof = f"{sum(rebuilt)} of {len(rebuilt)} other builds of the commit of {reference} have its digest."
    step = "Pin what goes into the build, or promote one build instead of building it again."
    return Finding(Status.COMPLETE, proof) if all(rebuilt) else Finding(Status.PARTIAL, proof, step)


def signing(facts: ServiceFacts) -> Finding:
    """Signed, which is recommended."""
    if facts.artifact is not None and facts.artifact.is_signed:
        return Finding(Status.COMPLETE, f"{facts.artifact.reference} is signed.")
    step = "Sign artifacts with cosign, and register the signature (recommended, not required)."
    return Finding(Status.PENDING, "The newest artifact is not signed.", step)


def registry(facts: ServiceFacts) -> Finding:
    """Known here by its digest."""
    if facts.artifact is None:
        return Finding(Status.PENDING, "No artifact is registered.", REGISTER)
    return Finding(Status.COMPLETE, f"{facts.artifact.reference} is {facts.artifact.digest[:19]}….")


def metadata(facts: ServiceFacts) -> Finding:
    """Commit, ref, build time, number and builder stand with every artifact; its dependencies only where the pipeline sent them."""
    if facts.artifact is None:
        return NOTHING_BUILT
    built = facts.artifact
    if not built.dependencies:
        proof = f"{built.reference} names its commit and its build, and no dependencies."
        return Finding(Status.PARTIAL, proof, "Let the pipeline send the dependencies, as in §3.6.")
    return Finding(
        Status.COMPLETE, f"{built.reference} names its commit, its build and {_dependencies(built.dependencies)}."
    )


def pipeline(facts: ServiceFacts) -> Finding:
    """Build, test and scan passed, with the coverage that is asked and nothing critical or high: as the gate judges it."""
    if facts.artifact is None:
        return NOTHING_BUILT
    built = facts.artifact
    reasons = judge_stages(built.stages, built.minimum_coverage)
    broken = [reason for reason in reasons if reason.outcome is Outcome.FAIL]
    passed = [stage.value for stage in STAGES if stage in built.stages and built.stages[stage].passed]
    proof = f"{built.reference} passed {', '.join(passed) or 'no stage'}."
    if not broken:
        return Finding(Status.COMPLETE, proof)
    status = Status.PARTIAL if passed else Status.PENDING
    return Finding(status, f"{proof} {broken[0].message}", broken[0].remedy)


def migrations(facts: ServiceFacts) -> Finding:
    """The lint found no error in those that the newest version carries."""
    if facts.artifact is None:
        return Finding(Status.PENDING, "Nothing was built yet.", "Let the pipeline send migrations with the artifact.")
    carried = _carried(facts.artifact)
    if facts.artifact.lint_failed:
        proof = f"{facts.artifact.reference} carries {carried}, and the lint finds errors."
        return Finding(Status.PARTIAL, proof, "Follow the safe patterns of §9.3: cybercube check sql.")
    suffix = ", none with an error" if facts.artifact.migrations else ""
    return Finding(Status.COMPLETE, f"{facts.artifact.reference} carries {carried}{suffix}.")


def _carried(built: Built) -> str:
    if not built.migrations:
        return "no migrations"
    return counted(built.migrations, "migration")


def _dependencies(dependencies: int) -> str:
    return f"{dependencies} dependenc{'y' if dependencies == 1 else 'ies'}"
