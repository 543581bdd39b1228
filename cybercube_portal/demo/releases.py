"""Releases that a visitor meets: one in preparation, one in review, one approved, one in production with its notes (§5)."""

from __future__ import annotations

from datetime import datetime, timedelta

from changes.actions.content import edit_change
from changes.selectors.changes import get_change
from cybercube_portal import clock
from cybercube_portal.catalog.actions.evidence import report_evidence
from cybercube_portal.catalog.states import Stage, StageStatus
from cybercube_portal.decisions import Decision
from cybercube_portal.demo import lives
from cybercube_portal.demo.company import SERVICES
from cybercube_portal.demo.lives import Company
from cybercube_portal.demo.rollouts import GOOD_ERRORS, seen
from cybercube_portal.errors import refuse_unless
from releases.actions import migrations, releases
from releases.actions.checklist import tick_item
from releases.actions.deployments import Start, finish_deployment, start_deployment
from releases.actions.following import follow_artifact
from releases.actions.gate import Asked, decide_gate
from releases.actions.release_content import ReleasePlan, open_release
from releases.actions.release_documents import publish_notes
from releases.actions.verification import conclude_verification
from releases.actions.watch import take_sample
from releases.models import Release
from releases.policy.gate import Question

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WORDS = ("tickets_completed", "documentation_updated", "changelog_reviewed")
INDEX = {
    "filename": "20260110120000_add_index_to_documents.sql",
    "sql": "SET lock_timeout = '5s';\nCREATE INDEX CONCURRENTLY documents_updated ON documents (updated_at);",
}
SEARCH = (
    "feat(search): add filters by date (CC-3101)",
    "perf(index): updated documents are indexed in half the time (CC-3107)",
    "docs: describe the filters",
)
LOGIN = (
    """feat(auth): add OAuth2 support for Google login

Users sign in with their Google accounts.
Set CYBERCUBE_OAUTH_GOOGLE_CLIENT_ID and CYBERCUBE_OAUTH_GOOGLE_CLIENT_SECRET.

Closes CC-1234""",
    "fix(session): keep the session when the zone changes\n\nFixes CC-1241",
    "feat(api): add /v1/auth/login\n\nDeprecated: Legacy authentication endpoint `/auth/login` (use `/v1/auth/login`)",
    "chore(deps): updated lodash to address CVE-2026-1234",
)
TAX = ("fix(billing): correct tax calculation for EU customers\n\nFixes CC-5678",)
EXPORT = (
    "feat(export): add bulk export for project data (CC-1235)",
    "feat(webhooks): add webhook retry configuration (CC-1236)",
    "perf(dashboard): improved dashboard loading performance (CC-1237)",
    "Merge branch 'main' into release/v1.4",
)


def going_on(company: Company, *, now: datetime) -> None:
    """One of each."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    _released(company, "notification-worker", LOGIN, at=hour - 8 * DAY)
    _approved(company, "invoice-worker", EXPORT, at=hour - 2 * DAY, slot=hour + DAY)
    _in_review(company, "indexer", SEARCH, at=hour - 5 * HOUR, slot=hour + 3 * DAY)
    _opened(company, "checkout-api", TAX, at=hour - HOUR)


def _opened(company: Company, service: str, messages: tuple[str, ...], *, at: datetime, step: str = "patch") -> Release:
    carried = [INDEX] if messages is SEARCH else []
    version = lives.build(company, service, at=at - HOUR, step=step, messages=messages, migrations=carried)
    return open_release(plan=ReleasePlan(service=service, version=version), actor=company.author(service), now=at)


def _in_review(company: Company, service: str, messages: tuple[str, ...], *, at: datetime, slot: datetime) -> Release:
    release = _opened(company, service, messages, at=at, step="minor")
    author = company.author(service)
    change = get_change(release.change)
    filled = {
        "answers": {**lives.NO_RISK, "database_schema": messages is SEARCH, "customer_visible": True},
        "impact": lives.NO_IMPACT,
        "rollback_plan": "Redeploy the version that ran before; what was added to the schema stays.",
        "scheduled_time": slot,
    }
    edit_change(number=change.number, version=change.version, changes=filled, actor=author, now=at + 5 * MINUTE)
    for item in WORDS[:2]:
        tick_item(reference=release.reference, item=item, ticked=True, actor=author, now=at + 10 * MINUTE)
    if messages is SEARCH:
        _tested(company, release, at=at + 15 * MINUTE)
    return releases.submit_release(reference=release.reference, actor=author, now=at + 20 * MINUTE)


def _tested(company: Company, release: Release, *, at: datetime) -> None:
    author = company.author(release.service.slug)
    plan = migrations.MigrationPlan(
        service=release.service.slug, version=release.version, environment="stg", filename=INDEX["filename"]
    )
    planned = migrations.plan_migration(plan=plan, actor=author, now=at)
    trial = migrations.Trial(
        estimated_seconds=42, lock_impact="SHARE UPDATE EXCLUSIVE", rollback_tested=True, backup="nightly of staging"
    )
    migrations.test_migration(reference=planned.reference, trial=trial, actor=author, now=at + MINUTE)


def _approved(company: Company, service: str, messages: tuple[str, ...], *, at: datetime, slot: datetime) -> Release:
    release = _in_review(company, service, messages, at=at, slot=slot)
    lives.sign(company, get_change(release.change), at=at + HOUR)
    author = company.author(service)
    tick_item(reference=release.reference, item=WORDS[2], ticked=True, actor=author, now=at + 2 * HOUR)
    _deploy(company, release, "stg", at=at + 3 * HOUR)
    return release


def _released(company: Company, service: str, messages: tuple[str, ...], *, at: datetime) -> None:
    slot = at + 2 * DAY
    release = _approved(company, service, messages, at=at, slot=slot)
    watched = _deploy(company, release, "prd", at=slot + 2 * MINUTE)
    author = company.author(service)
    publish_notes(reference=release.reference, actor=author, now=watched + 5 * MINUTE)
    releases.publish_release(reference=release.reference, actor=author, now=watched + 10 * MINUTE)


def _deploy(company: Company, release: Release, environment: str, *, at: datetime) -> datetime:
    """Through the gate, verified and watched; staging with its end-to-end tests. Returns when the watch ended."""
    service, version = release.service.slug, release.version
    ci = company.actor(f"ci-{SERVICES[service][1]}")
    question = Question(service=service, version=version, environment=environment)
    with clock.fixed_at(at):
        answer = decide_gate(asked=Asked(question=question, version=version, run={}), actor=ci)
        refuse_unless(Decision(answer.judgement.reasons))
        deployment = start_deployment(start=Start(decision=answer.decision.pk), actor=ci, now=at)
    reference = deployment.reference
    finish_deployment(reference=reference, status="succeeded", actor=ci, now=at + 4 * MINUTE)
    checked, ended = seen(version, errors=GOOD_ERRORS), at + 35 * MINUTE
    conclude_verification(reference=reference, number=1, checked=checked, now=at + 5 * MINUTE)
    take_sample(reference=reference, checked=checked, now=ended)
    if environment == "stg":
        report_evidence(
            service=service,
            version=version,
            stage=Stage.E2E,
            status=StageStatus.PASSED,
            summary={},
            actor=ci,
            now=at + 20 * MINUTE,
        )
        follow_artifact(service=service, version=version, now=at + 20 * MINUTE)
    return ended
