"""How one version goes out, told through the gate and the real actions at moments of the past; the clock is held there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from changes.actions.changes import close_change
from changes.actions.content import edit_change
from changes.models import ChangeRequest
from changes.selectors.changes import get_change
from cybercube_portal import clock
from cybercube_portal.catalog.actions.evidence import report_evidence
from cybercube_portal.catalog.states import Stage, StageStatus
from cybercube_portal.catalog.versions import bump, parse_version
from cybercube_portal.demo.lives import NO_IMPACT, NO_RISK, Company
from releases.actions.checklist import tick_item
from releases.actions.deployments import Start, finish_deployment, start_deployment
from releases.actions.gate import Asked, decide_gate
from releases.actions.incidents import resolve_incident
from releases.actions.release_content import ReleasePlan, open_release
from releases.actions.release_documents import publish_notes
from releases.actions.releases import publish_release, submit_release
from releases.actions.rollback import start_rollback
from releases.actions.verification import conclude_verification
from releases.actions.watch import take_sample
from releases.checks import Checked
from releases.models import Deployment, Incident, Release
from releases.policy.contents import ITEMS
from releases.policy.gate import Question
from releases.policy.verification import Finding
from releases.states import CheckKind, Method, Trigger, Verdict

MINUTE = timedelta(minutes=1)
WATCHED = 31 * MINUTE
FIRST_RUN = 4_200
GOOD_ERRORS, SOME_ERRORS, MANY_ERRORS = 0.0004, 0.021, 0.062
REASONS = (
    "Every tenth request ended in a 502 after the rollout.",
    "The connection pool of the new version ran empty.",
    "Answers took three times as long as before.",
)


def needs_release(company: Company, service: str, version: str) -> bool:
    """R15: more than a patch on what production runs."""
    live = company.live.get(service)
    return bump(parse_version(live) if live else None, parse_version(version)) in {"major", "minor"}


def open_for(
    company: Company, service: str, version: str, *, at: datetime, slot: datetime, title: str = "", **fields: object
) -> Release:
    """A release with its change filled in, handed to its approvers a quarter of an hour later, its items ticked."""
    author = company.author(service)
    release = open_release(plan=ReleasePlan(service=service, version=version), actor=author, now=at)
    change = get_change(release.change)
    written = {
        "description": f"Roll out {service}:{version}. Changes are listed in the changelog.",
        "scheduled_time": slot,
        "answers": {**NO_RISK, "customer_visible": True},
        "impact": NO_IMPACT,
        "rollback_plan": "Redeploy the version that ran before, verify the health checks, watch the error rate.",
        **({"title": title} if title else {}),
        **fields,
    }
    edit_change(number=change.number, version=change.version, changes=written, actor=author, now=at + 5 * MINUTE)
    submit_release(reference=release.reference, actor=author, now=at + 15 * MINUTE)
    for item in ITEMS:
        if not item.is_fact and item.key not in {"flags_enabled", "cleanup_scheduled"}:
            tick_item(reference=release.reference, item=item.key, ticked=True, actor=author, now=at + 20 * MINUTE)
    return release


def stage(company: Company, service: str, version: str, *, at: datetime) -> None:
    """Through staging, with its end-to-end tests: what production takes (§4.2)."""
    verify(begin(company, service, version, "stg", at=at), at=at + 5 * MINUTE, company=company)
    report_evidence(
        service=service,
        version=version,
        stage=Stage.E2E,
        status=StageStatus.PASSED,
        url=f"https://ci.cybercube.example/{service}/e2e/{version}",
        summary={},
        actor=company.ci(service),
        now=at + 12 * MINUTE,
    )


def begin(
    company: Company,
    service: str,
    version: str,
    environment: str,
    *,
    at: datetime,
    change: str = "",
    method: Method = Method.ROLLING,
) -> Deployment:
    """Asked at the gate, and started when it allows; a story it does not allow is wrong."""
    ci = company.ci(service)
    company.runs += 1
    number = str(FIRST_RUN + company.runs)
    run = {
        "provider": "github",
        "id": number,
        "attempt": 1,
        "url": f"https://ci.cybercube.example/{service}/runs/{number}",
    }
    question = Question(service=service, version=version, environment=environment, change=change)
    with clock.fixed_at(at):
        answer = decide_gate(asked=Asked(question=question, version=version, run=run), actor=ci)
        start = Start(decision=answer.decision.pk, method=method)
        return start_deployment(start=start, actor=ci, now=at)


def verify(deployment: Deployment, *, at: datetime, company: Company, is_good: bool = True) -> None:
    """Rolled out at `at`; its checks are through a minute later."""
    reference, actor = deployment.reference, company.ci(deployment.service.slug)
    finish_deployment(reference=reference, status="succeeded", actor=actor, now=at)
    checked = seen(deployment.version, errors=GOOD_ERRORS if is_good else MANY_ERRORS)
    conclude_verification(reference=reference, number=1, checked=checked, now=at + MINUTE)


def roll_out(
    company: Company, change: ChangeRequest, version: str, *, at: datetime, outcome: str = "successful"
) -> None:
    """To production under the change, to its end: watched, alerted on, or taken back; the change follows by itself."""
    service = change.services[0]
    deployment = begin(company, service, version, "prd", at=at, change=change.number)
    is_bad = outcome == "rolled_back"
    fails_at_once = is_bad and company.runs % 2 == 0
    verify(deployment, at=at + 6 * MINUTE, company=company, is_good=not fails_at_once)
    if is_bad:
        _take_back(company, change, deployment, at=at + 9 * MINUTE, is_seen_in_watch=not fails_at_once)
        return
    if outcome == "successful_with_issues":
        _look(deployment, at=at + 12 * MINUTE, errors=SOME_ERRORS)
    _look(deployment, at=at + 7 * MINUTE + WATCHED, errors=GOOD_ERRORS)
    company.live[service] = version
    if deployment.release:
        publish_notes(reference=deployment.release, actor=company.author(service), now=at + 60 * MINUTE)
        publish_release(reference=deployment.release, actor=company.author(service), now=at + 61 * MINUTE)


def _take_back(
    company: Company, change: ChangeRequest, bad: Deployment, *, at: datetime, is_seen_in_watch: bool
) -> None:
    """By the system where the watch sees more than 5 % of errors (§8.5), else by on-call."""
    if is_seen_in_watch:
        with clock.fixed_at(at):
            _look(bad, at=at, errors=MANY_ERRORS)
        rollback = bad.rollbacks.get()
    else:
        with clock.fixed_at(at):
            rollback = start_rollback(
                reference=bad.reference,
                trigger=Trigger.VERIFICATION,
                reason=REASONS[company.runs % len(REASONS)],
                actor=company.actor("grace"),
                now=at,
            )
    verify(rollback, at=at + 4 * MINUTE, company=company)
    _look(rollback, at=at + 5 * MINUTE + WATCHED, errors=GOOD_ERRORS)
    for incident in Incident.objects.filter(deployment=bad.reference, state="open"):
        resolve_incident(reference=incident.reference, actor=company.actor("grace"), now=at + 6 * MINUTE)
    author = company.author(change.services[0])
    close_change(number=change.number, outcome="rolled_back", actor=author, now=at + timedelta(hours=3))


def _look(deployment: Deployment, *, at: datetime, errors: float) -> None:
    """One look of the watch; the one after the 30 minutes ends it."""
    take_sample(reference=deployment.reference, checked=seen(deployment.version, errors=errors), now=at)


def seen(version: str, *, errors: float) -> Sequence[Checked]:
    """What the four checks of §4.7 say of a version that answers, with so many errors."""
    is_good = errors < 0.01  # noqa: PLR2004 - §4.7
    verdict = Verdict.PASS if is_good else Verdict.FAIL
    rate = f"{errors:.2%} of the requests fail."
    return tuple(
        Checked(finding, seconds=0.2)
        for finding in (
            Finding(
                kind=CheckKind.HEALTH,
                verdict=Verdict.PASS,
                code="health.healthy",
                message=f"Healthy, and {version} answers.",
                seen={"status": "healthy", "version": version, "http_status": 200},
            ),
            Finding(kind=CheckKind.ENDPOINT, verdict=Verdict.PASS, code="endpoint.answers", message="It answers."),
            Finding(
                kind=CheckKind.ERROR_RATE,
                verdict=verdict,
                code="error_rate.below" if is_good else "error_rate.above",
                message=rate,
                value=errors,
                threshold=0.01,
            ),
            Finding(
                kind=CheckKind.LATENCY_P99,
                verdict=Verdict.PASS,
                code="latency_p99.below",
                message="The 99th percentile is 184 ms.",
                value=184.0,
                threshold=500.0,
            ),
        )
    )
