"""Telling people about a way back: prepared, failed, over (§8.3, §8.6, R18). A mail is a row in the transaction of what it tells of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from changes.selectors.recipients import addresses_of, members_and_holders
from cybercube_portal.audit.actions import queue_mail
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.catalog.states import EnvironmentCode, RollbackDriver
from cybercube_portal.errors import Invalid
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from cybercube_portal.people.roles import Role
from releases import permissions
from releases.actions.recording import record_deployment
from releases.events import DeploymentEvent
from releases.models import Deployment
from releases.policy.notice import write_notice
from releases.selectors.deployments import get_deployment, lock_deployment
from releases.selectors.notices import notice_facts, rollback_of
from releases.selectors.rollbacks import plan_rollback
from releases.states import DeploymentState, Trigger

PAGER = (Role.ON_CALL, Role.ON_CALL_LEAD)
LONGEST_WORDS = 10_000
OVER: frozenset[DeploymentState] = frozenset({DeploymentState.HEALTHY, DeploymentState.FAILED, DeploymentState.ABORTED})


@transaction.atomic
def offer_rollback(*, reference: str, now: datetime) -> int:
    """R18: a deployment to production failed; on-call is told the way back, one click away. Returns how many mails."""
    deployment = get_deployment(reference)
    is_over = deployment.state != DeploymentState.FAILED or deployment.is_rollback
    if is_over or deployment.environment != EnvironmentCode.PRD:
        return 0
    return _mail(
        "rollback_prepared",
        _on_call(deployment, now=now),
        deployment,
        now=now,
        plan=plan_rollback(deployment, trigger=Trigger.VERIFICATION),
        url=_url(reference, "roll_back/"),
    )


@transaction.atomic
def page_on_call(*, reference: str, now: datetime) -> int:
    """§8.3: "CRITICAL: Rollback failed". `reference` is what should have been taken back. Returns how many mails."""
    deployment = get_deployment(reference)
    if deployment.is_rollback and deployment.rolls_back and deployment.rolls_back.state == deployment.state:
        # What it took back failed with it, and is told of.
        return 0
    rollback = rollback_of(reference)
    return _mail(
        "rollback_failed",
        _on_call(deployment, now=now),
        deployment,
        now=now,
        rollback=rollback,
        url=_url(rollback.reference, ""),
    )


@transaction.atomic
def tell_on_call(*, reference: str, now: datetime) -> int:
    """A rollback waits for people to carry it out. Returns how many mails; none once it is finished, or where a machine has it."""
    rollback = get_deployment(reference)
    if rollback.state != DeploymentState.RUNNING or rollback.rollback.driver != RollbackDriver.MANUAL:
        return 0
    return _mail(
        "rollback_by_hand",
        _on_call(rollback, now=now),
        rollback,
        now=now,
        row=rollback.rollback,
        url=_url(reference, ""),
    )


@transaction.atomic
def send_notice(*, reference: str, now: datetime) -> int:
    """§8.6: fill the notice in, keep it, and mail it to the team and on-call. Returns how many mails; 0 when it was sent before."""
    rollback = lock_deployment(rollback_of(reference).reference)
    row = rollback.rollback
    if row.noticed_at is not None or rollback.state not in OVER:
        return 0
    row.notice, row.noticed_at = write_notice(notice_facts(rollback, now=now)), now
    row.save()
    record_deployment(DeploymentEvent.NOTICE_SENT, rollback, actor=SYSTEM, at=now, notice=row.notice)
    team = frozenset({rollback.service.team.slug})
    to = {*members_and_holders(team, now=now), *_on_call(rollback, now=now)}
    return _mail("rollback_notice", sorted(to), rollback, now=now, row=row, url=_url(rollback.reference, ""))


@transaction.atomic
def edit_notice(
    *, reference: str, actor: Actor, now: datetime, impact: str | None = None, next_steps: str | None = None
) -> Deployment:
    """People's own words on customers and on what comes next; a notice that was sent is written again, not sent again.

    "" goes back to what the facts say, None leaves it. Raises NotFound, NotPermitted, Invalid.
    """
    rollback = lock_deployment(rollback_of(reference).reference)
    service, row = rollback.service, rollback.rollback
    require(actor, permissions.EDIT_NOTICE, now=now, teams=[service.team.slug], services=[service.slug])
    given = {name: text for name, text in (("impact", impact), ("next_steps", next_steps)) if text is not None}
    for name, text in given.items():
        if len(text) > LONGEST_WORDS:
            raise Invalid.field(f"/{name}", "rollback.words_length", f"At most {LONGEST_WORDS} characters.")
        setattr(row, name, text)
    if row.noticed_at is not None:
        row.notice = write_notice(notice_facts(rollback, now=now))
    row.save()
    record_deployment(DeploymentEvent.NOTICE_EDITED, rollback, actor=actor, at=now, **given)
    return rollback


def _on_call(deployment: Deployment, *, now: datetime) -> list[str]:
    return addresses_of(PAGER, teams=[deployment.service.team.slug], now=now)


def _url(reference: str, tail: str) -> str:
    return f"{settings.BASE_URL}/deployments/{reference}/{tail}"


def _mail(template: str, to: Iterable[str], deployment: Deployment, *, now: datetime, **context: Any) -> int:
    """`emails/<template>.txt`, whose first line is the subject; once for each deployment and person."""
    given = {"deployment": deployment, "service": deployment.service.slug, **context}
    subject, _, body = render_to_string(f"emails/{template}.txt", given).partition("\n")
    mails = queue_mail(
        to=to,
        subject=subject,
        body=f"{body.strip()}\n",
        at=now,
        about=deployment.reference,
        dedupe_key=f"{template}:{deployment.reference}",
    )
    return len(mails)
