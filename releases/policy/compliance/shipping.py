"""Sections 0, 5, 6 and 8 and the last stages of section 4: what was deployed to production, and under which rules. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from cybercube_portal.catalog.states import EnvironmentCode, RollbackDriver
from cybercube_portal.decisions import Reason
from releases.policy.compliance.facts import (
    Finding,
    Link,
    Page,
    ServiceFacts,
    Status,
    counted,
    lacking,
    nothing_shipped,
    share,
    share_of_shipped,
)

# §0: weekly releases at least.
WEEKS = 4
CARRIED_OUT_BY: Mapping[RollbackDriver, str] = {
    RollbackDriver.MANUAL: "hand",
    RollbackDriver.WEBHOOK: "a webhook",
    RollbackDriver.KUBERNETES: "Kubernetes",
}
PRODUCTION = EnvironmentCode.PRD.value


def cadence(facts: ServiceFacts) -> Finding:
    """Something new in production each week."""
    weeks = sum(ago < WEEKS for ago in facts.shipped.weeks_ago)
    proof = f"Production was deployed to in {weeks} of the last {WEEKS} weeks."
    return share(weeks, WEEKS, proof, "Release at least weekly.")


def versions(facts: ServiceFacts) -> Finding:
    """Every version in production is a release, MAJOR.MINOR.PATCH."""
    released, count = facts.shipped.released, facts.shipped.count
    proof = f"{released} of {count} deployments to production brought a version vMAJOR.MINOR.PATCH."
    found = share_of_shipped(released, count, proof, "Tag what goes to production as vMAJOR.MINOR.PATCH.")
    return lacking(found, facts.shipped, "released")


def promotion(facts: ServiceFacts) -> Finding:
    """The same digest was healthy in staging before."""
    promoted, count = facts.shipped.promoted, facts.shipped.count
    proof = f"{promoted} of {count} deployments to production had been healthy in staging before."
    found = share_of_shipped(promoted, count, proof, "Deploy the same digest to staging first.")
    return lacking(found, facts.shipped, "promoted")


def verification(facts: ServiceFacts) -> Finding:
    """The checks of §4.7 gave a verdict, good or bad, on all that was carried out."""
    judged, count = facts.shipped.judged, facts.shipped.carried_out
    proof = f"{judged} of {count} deployments carried out in production got a verdict from their checks."
    step = "Let /health, the key endpoint and both metrics answer the portal, so that no check stays in doubt."
    return lacking(share_of_shipped(judged, count, proof, step), facts.shipped, "judged")


def watch(facts: ServiceFacts) -> Finding:
    """Watched for 30 minutes after."""
    watched, count = facts.shipped.watched, facts.shipped.to_watch
    proof = (
        f"{watched} of {count} deployments to production were watched for 30 minutes, to the next one, or taken back."
    )
    step = "Let /health and both metrics answer the portal: it watches by itself."
    return lacking(share_of_shipped(watched, count, proof, step), facts.shipped, "watched")


def documents(facts: ServiceFacts) -> Finding:
    """Releases have their notes."""
    if not facts.released:
        step = "Open a release for the next version."
        return Finding(Status.PENDING, "No release was completed lately.", step, done_on=Link(Page.RELEASE_NEW))
    proof = f"{facts.noted} of {facts.released} releases have published notes."
    return share(facts.noted, facts.released, proof, "Publish the notes of every release.")


def changes(facts: ServiceFacts) -> Finding:
    """Nothing runs in production that nobody let through, and each deployment went by a change."""
    if facts.drift.failures:
        return _drifted(facts.drift.failures[0])
    covered, count = facts.shipped.with_change, facts.shipped.count
    proof = f"{covered} of {count} deployments to production went by a change."
    found = share_of_shipped(covered, count, proof, "File a change for each deployment to production.")
    return lacking(found, facts.shipped, "with_change")


def _drifted(first: Reason) -> Finding:
    done = Link(Page.CHANGE_NEW)
    if first.code == "drift.unrecorded":
        done = Link(Page.PLACE_ADOPT, PRODUCTION)
    elif filed := first.details.get("change"):
        done = Link(Page.CHANGE, str(filed))
    return Finding(Status.PARTIAL, first.message, first.remedy, shown_on=Link(Page.SERVICE), done_on=done)


def emergencies(facts: ServiceFacts) -> Finding:
    """Each has its record within 24 hours; where nothing was an emergency nothing is owed."""
    found, count = facts.emergencies, facts.shipped.count
    if found.overdue:
        are = "record of an emergency is" if found.overdue == 1 else "records of emergencies are"
        overdue = Link(Page.EMERGENCIES_OVERDUE)
        step = "Write the records of the emergencies."
        return Finding(Status.PARTIAL, f"{found.overdue} {are} overdue.", step, shown_on=overdue, done_on=overdue)
    if found.owed:
        proof = f"{found.in_time} of {found.owed} emergencies had their record within 24 hours."
        return share(found.in_time, found.owed, proof, "Write the next record within 24 hours.")
    if not count:
        return nothing_shipped("Record an emergency within 24 hours of its start.")
    deployments = counted(count, "deployment")
    return Finding(Status.COMPLETE, f"There was no emergency beside {deployments} to production.")


def freezes(facts: ServiceFacts) -> Finding:
    """Each deployment was asked of the freezes by the gate; what came past the gate was asked of none."""
    if facts.bypasses:
        are = "version ran" if facts.bypasses == 1 else "versions ran"
        proof = f"{facts.bypasses} {are} in production that no gate asked of the freezes."
        step = "Deploy through the gate; in an emergency ask it for an emergency change."
        return Finding(Status.PARTIAL, proof, step, done_on=Link(Page.CHANGE_NEW))
    if not facts.shipped.count:
        return nothing_shipped("Let the pipeline ask the gate before it deploys.")
    deployments, exceptions = counted(facts.shipped.count, "deployment"), counted(facts.excepted, "exception")
    proof = f"The gate asked the freezes before each of {deployments} to production; granted: {exceptions}."
    return Finding(Status.COMPLETE, proof)


def rollback(facts: ServiceFacts) -> Finding:
    """Carried out by a driver, and tried."""
    signs = [facts.driver is not RollbackDriver.MANUAL, facts.rolled_back_at is not None]
    worked = f"one worked on {facts.rolled_back_at:%d %b %Y}" if facts.rolled_back_at else "none was tried lately"
    proof = f"Rollbacks are carried out by {CARRIED_OUT_BY[facts.driver]}; {worked}."
    step = "Try a rollback in staging." if signs[0] else "Register a rollback driver (webhook or kubernetes)."
    return share(sum(signs), len(signs), proof, step)._replace(
        done_on=Link(Page.STAGING) if signs[0] else Link(Page.SERVICE_EDIT)
    )


def rollback_notices(facts: ServiceFacts) -> Finding:
    """Each rollback in production was announced; where none was needed nothing is owed."""
    told, count = facts.shipped.told, facts.shipped.rolled_back
    if count:
        proof = f"{told} of {count} rollbacks in production were announced with the notice of §8.6."
        step = "The portal sends it once a rollback is over: look at the last one that lacks it."
        found = lacking(share(told, count, proof, step), facts.shipped, "told")
        return found._replace(done_on=found.shown_on)
    if not facts.shipped.count:
        return nothing_shipped("Announce a rollback with the notice of §8.6.")
    return Finding(Status.COMPLETE, "Nothing that was deployed to production was rolled back.")
