"""What the records of releases, deployments and migrations say (§4.2, §5, §8, §9.4). Pure."""

from __future__ import annotations

from changes.policy.lifecycle import is_team_suspended
from cybercube_portal.catalog.states import Stage
from cybercube_portal.decisions import Reason, failed, passed, pending, skipped
from releases.policy.gate.facts import DeploymentFacts, GateFacts
from releases.states import UNDER_WAY, DeploymentState

NO_MIGRATIONS = "No records of migrations were asked for."


def judge_promotion(facts: GateFacts) -> tuple[Reason, ...]:
    """The same digest is healthy in staging and its E2E tests passed; a rollback's target was healthy there before (R7)."""
    if facts.question.is_rollback:
        return _target(facts, facts.deployments)
    return _staging(facts.deployments), _e2e(facts)


def _staging(deployments: DeploymentFacts) -> Reason:
    if deployments.staging == DeploymentState.HEALTHY:
        return passed("promotion.staging", "§4.2", "This digest is healthy in staging.")
    if deployments.staging in UNDER_WAY:
        message = f"Its deployment to staging is {deployments.staging}."
        return pending("promotion.staging", "§4.2", message, "Wait until it is verified.")
    was = f"Its deployment to staging is {deployments.staging}." if deployments.staging else "It was never in staging."
    return failed("promotion.staging", "§4.2", was, "Deploy this digest to staging first.", ("CI pipeline",))


def _e2e(facts: GateFacts) -> Reason:
    report = facts.artifact.stages.get(Stage.E2E) if facts.artifact else None
    if report is not None and report.passed:
        return passed("promotion.e2e", "§4.2", "Its end-to-end tests passed.", url=report.url)
    was = "failed" if report is not None else "were never reported"
    message = f"Its end-to-end tests {was}."
    return failed("promotion.e2e", "§4.2", message, "Run them against staging and report them.", ("CI pipeline",))


def _target(facts: GateFacts, deployments: DeploymentFacts) -> tuple[Reason, ...]:
    where = facts.question.environment
    if not deployments.was_healthy_there:
        message = f"{facts.question.version} was never healthy in {where}."
        remedy = f"Go back to {deployments.goes_back_to}." if deployments.goes_back_to else "Fix forward."
        return (failed("rollback.target_not_proved", "§8.2", message, remedy, ("On-call",)),)
    if deployments.contract_migration_since:
        message = f"A migration since {facts.question.version} removed what it needs."
        return (failed("rollback.contract_since", "§9.1", message, "Fix forward.", ("On-call", "DBA")),)
    return (passed("rollback.target", "§8.2", f"{facts.question.version} was healthy in {where} before."),)


def judge_release(facts: GateFacts) -> tuple[Reason, ...]:
    """R15: a major or minor version needs a release, a patch may go by its change; a release that exists is approved."""
    releases = facts.releases
    if not releases.reference:
        if releases.bump is None:
            return (passed("release.approved", "§1.2", "It is the version that production runs already."),)
        if releases.bump == "patch":
            return (passed("release.approved", "§1.2", "A patch may go by its change alone."),)
        message = f"A {releases.bump} version needs a release."
        return (failed("release.missing", "§1.2", message, "Open a release for it.", ("Engineer",)),)
    if not releases.is_approved:
        message = f"The release {releases.reference} is not approved."
        return (failed("release.not_approved", "§1.2", message, "Have it approved through its change.", ("Engineer",)),)
    items = tuple(
        failed(
            "release.checklist",
            "§5.3",
            f"Not ticked: {item}.",
            "Record it with the migration: POST migrations/{id}/test/.",
            ("Engineer",),
        )
        for item in releases.open_items
    )
    return passed("release.approved", "§1.2", f"The release {releases.reference} is approved."), *items


def judge_way_back(facts: GateFacts) -> tuple[Reason, ...]:
    """A rollback plan, and a version to go back to (first deployment excepted)."""
    return _plan(facts), _goes_back_to(facts.deployments)


def _plan(facts: GateFacts) -> Reason:
    if facts.change is None:
        return skipped("rollback.plan", "§8", "No change says how to go back.")
    if facts.change.has_rollback_plan:
        return passed("rollback.plan", "§8", f"{facts.change.number} says how to go back.")
    message = f"{facts.change.number} does not say how to go back."
    return failed(
        "rollback.plan_missing", "§8", message, "Revise it and write a rollback plan.", (facts.change.requester,)
    )


def _goes_back_to(deployments: DeploymentFacts) -> Reason:
    if deployments.goes_back_to:
        return passed("rollback.version", "§8", f"{deployments.goes_back_to} was the last healthy version there.")
    if not deployments.was_ever_deployed:
        return passed("rollback.version", "§8", "This is the first deployment there.")
    message = "No other version there counts as healthy any more."
    return failed("rollback.version_missing", "§8", message, "Restore a version that is healthy first.", ("On-call",))


def judge_running(facts: GateFacts) -> tuple[Reason, ...]:
    """No other deployment of the service is running there. One that runs ends by itself or by its deadline."""
    if facts.deployments.running is None:
        return (passed("deployment.running", "§4", "No other deployment is running there."),)
    message = f"{facts.deployments.running} is running there."
    return (pending("deployment.running", "§4", message, "Wait until it has ended.", ("On-call",)),)


def judge_suspension(facts: GateFacts) -> tuple[Reason, ...]:
    """R5: no emergency of the service's team has an overdue record."""
    suspended = is_team_suspended(facts.overdue_records)
    return (suspended or passed("emergency.team_not_suspended", "§6.4", "No emergency record of the team is overdue."),)


def judge_migration(facts: GateFacts) -> tuple[Reason, ...]:
    """The "before" part of §9.4."""
    if facts.artifact is None:
        return (skipped("migration.present", "§9.4", "There is no registered artifact that could carry a migration."),)
    if not facts.artifact.has_migrations:
        message = f"{facts.artifact.version} carries no migration."
        return (failed("migration.none", "§9.4", message, "Deploy it, or register the migrations.", ("CI pipeline",)),)
    present = passed("migration.present", "§9.4", f"{facts.artifact.version} carries migrations.")
    if facts.open_migration_items is None:
        return present, skipped("migration.checklist", "§9.4", NO_MIGRATIONS)
    items = tuple(
        failed(
            "migration.checklist",
            "§9.4",
            f"Not ticked: {item}.",
            "Record it with the migration: POST migrations/{id}/test/.",
            ("DBA",),
        )
        for item in facts.open_migration_items
    )
    return present, *(items or (passed("migration.checklist", "§9.4", 'Everything "before migration" is done.'),))
