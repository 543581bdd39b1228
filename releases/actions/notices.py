"""Telling people about a way back: prepared, failed, over (§8.3, §8.6, R18)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction

from changes.selectors.recipients import holders_of, members_and_holders
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.catalog.states import EnvironmentCode, RollbackDriver
from cybercube_portal.errors import Invalid
from cybercube_portal.notices.actions import tell
from cybercube_portal.notices.kinds import Kind
from cybercube_portal.notices.message import Message
from cybercube_portal.notices.selectors.watches import watchers_of
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from cybercube_portal.people.roles import Role
from releases import messages, permissions
from releases.actions.recording import record_deployment
from releases.events import DeploymentEvent
from releases.models import Deployment
from releases.news import DEPLOYMENT_NEWS, message_of_event
from releases.policy.notice import write_notice
from releases.selectors.deployments import get_deployment, lock_deployment
from releases.selectors.notices import notice_facts, rollback_of
from releases.selectors.rollbacks import plan_rollback
from releases.states import DeploymentState, Trigger

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event

PAGER = (Role.ON_CALL, Role.ON_CALL_LEAD)
LONGEST_WORDS = 10_000
OVER: frozenset[DeploymentState] = frozenset({DeploymentState.HEALTHY, DeploymentState.FAILED, DeploymentState.ABORTED})


@transaction.atomic
def offer_rollback(*, reference: str, now: datetime) -> int:
    """R18: a deployment to production failed; on-call is told the way back, one click away. Returns how many were told."""
    deployment = get_deployment(reference)
    is_over = deployment.state != DeploymentState.FAILED or deployment.is_rollback
    if is_over or deployment.environment != EnvironmentCode.PRD:
        return 0
    plan = plan_rollback(deployment, trigger=Trigger.VERIFICATION)
    write = partial(messages.rollback_prepared, deployment, plan=plan)
    return _tell(Kind.ROLLBACK_PREPARED, deployment, _on_call(deployment, now=now), write, now=now)


@transaction.atomic
def page_on_call(*, reference: str, now: datetime) -> int:
    """§8.3: "CRITICAL: Rollback failed". `reference` is what should have been taken back. Returns how many were told."""
    deployment = get_deployment(reference)
    if deployment.is_rollback and deployment.rolls_back and deployment.rolls_back.state == deployment.state:
        # What it took back failed with it, and is told of.
        return 0
    write = partial(messages.rollback_failed, deployment, rollback=rollback_of(reference))
    return _tell(Kind.ROLLBACK_FAILED, deployment, _on_call(deployment, now=now), write, now=now)


@transaction.atomic
def tell_on_call(*, reference: str, now: datetime) -> int:
    """A rollback waits for people to carry it out. Returns how many were told; none once it is finished, or where a machine has it."""
    rollback = get_deployment(reference)
    if rollback.state != DeploymentState.RUNNING or rollback.rollback.driver != RollbackDriver.MANUAL:
        return 0
    write = partial(messages.rollback_by_hand, rollback, row=rollback.rollback)
    return _tell(Kind.ROLLBACK_BY_HAND, rollback, _on_call(rollback, now=now), write, now=now)


@transaction.atomic
def send_notice(*, reference: str, now: datetime) -> int:
    """§8.6: fill the notice in, keep it, and send it to the team and on-call. Returns how many; 0 when it was sent before."""
    rollback = lock_deployment(rollback_of(reference).reference)
    row = rollback.rollback
    if row.noticed_at is not None or rollback.state not in OVER:
        return 0
    row.notice, row.noticed_at = write_notice(notice_facts(rollback, now=now)), now
    row.save()
    record_deployment(DeploymentEvent.NOTICE_SENT, rollback, actor=SYSTEM, at=now, notice=row.notice)
    team = frozenset({rollback.service.team.slug})
    to = members_and_holders(team, now=now) | _on_call(rollback, now=now)
    return _tell(Kind.ROLLBACK_NOTICE, rollback, to, partial(messages.rollback_notice, rollback, row=row), now=now)


@transaction.atomic
def tell_watchers(*, reference: str, event: Event, now: datetime) -> int:
    """Tell whoever watches the service what became of a deployment to production. Returns how many were told."""
    deployment = get_deployment(reference)
    if deployment.environment != EnvironmentCode.PRD:
        return 0
    news, thing, path = DEPLOYMENT_NEWS[event.verb], messages.thing_of(deployment), messages.path_of(reference)
    return tell(
        news.kind,
        about=reference,
        occasion=str(event.event_id),
        to=watchers_of([f"service:{deployment.service.slug}"]),
        teams=[deployment.service.team.slug],
        without=str(event.actor.get("id", "")),
        write=lambda: message_of_event(news, event, thing=thing, path=path, who=""),
        now=now,
    )


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


def _on_call(deployment: Deployment, *, now: datetime) -> set[int]:
    return holders_of(PAGER, teams=[deployment.service.team.slug], now=now)


def _tell(kind: Kind, deployment: Deployment, to: Iterable[int], write: Callable[[], Message], *, now: datetime) -> int:
    """Once for each deployment and person."""
    return tell(
        kind,
        about=deployment.reference,
        occasion=kind.value,
        to=to,
        teams=[deployment.service.team.slug],
        write=write,
        now=now,
    )
