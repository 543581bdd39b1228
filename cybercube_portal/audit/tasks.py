"""The worker's edge of the record: ids in, one action out. The clock is read here and nowhere below."""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task
from django.db import transaction

from cybercube_portal import clock
from cybercube_portal.audit.actions import open_intent, posting, sealing, tidying, working
from cybercube_portal.audit.actions.subscriptions import subscription_secrets
from cybercube_portal.audit.doorbell import SEND_DELIVERY, WORK_INTENT
from cybercube_portal.audit.models import Delivery
from cybercube_portal.audit.registry import Task, kind_of, register_intent
from cybercube_portal.audit.requests import request_id_bound
from cybercube_portal.audit.selectors.work import CANARY
from cybercube_portal.audit.sending import Letter, NotDelivered, send_mail, send_webhook
from cybercube_portal.audit.signing import register_secrets

log = structlog.get_logger(__name__)

# `cybercube_portal.celery` gathers it for beat. A tick that nobody took in time is dropped: the next one does its work.
BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    name: {"task": name, "schedule": seconds, "options": {"expires": seconds}}
    for name, seconds in {
        "audit.seal_events": 2.0,
        "audit.sweep_intents": 5.0,
        "audit.sweep_deliveries": 5.0,
        "audit.open_canary": 30.0,
        "audit.write_checkpoint": 3600.0,
        "audit.tidy_finished_work": 3600.0,
    }.items()
}


@shared_task(name=WORK_INTENT)
def work_intent(intent_id: int) -> None:
    """Claim one intent, talk to the outside if its kind does, and settle it."""
    task = working.claim_intent(intent_id, now=clock.now())
    if task is None:
        return
    with request_id_bound(task.request_id):
        try:
            _attempt(task)
        except working.FenceLost as late:
            log.warning("intent_result_refused", intent=task.id, kind=task.kind, reason=str(late))


def _attempt(task: Task) -> None:
    kind = kind_of(task.kind)
    try:
        gathered = kind.gather(task, clock.now()) if kind.gather else None
        working.settle_intent(task, gathered, now=clock.now())
    except working.FenceLost:
        raise
    except Exception as error:
        log.exception("intent_attempt_failed", intent=task.id, kind=task.kind, attempt=task.attempt)
        working.excuse_intent(task, error, now=clock.now())


@shared_task(name=SEND_DELIVERY)
def send_delivery(delivery_id: int) -> None:
    """Claim one delivery, send it, and settle what became of it."""
    letter = posting.claim_delivery(delivery_id, now=clock.now())
    if letter is None:
        return
    with request_id_bound(letter.request_id):
        failure = _sent(letter)
        if not posting.settle_delivery(letter, failure, now=clock.now()):
            log.warning("delivery_result_refused", delivery=letter.delivery_id)


def _sent(letter: Letter) -> NotDelivered | None:
    try:
        if letter.channel == Delivery.Channel.MAIL:
            send_mail(letter)
        else:
            send_webhook(letter, now=clock.now())
    except NotDelivered as failure:
        log.warning("delivery_not_delivered", delivery=letter.delivery_id, reason=str(failure))
        return failure
    return None


@shared_task(name="audit.seal_events")
def seal_events() -> None:
    """Seal what is unsealed."""
    sealing.seal_all(now=clock.now)


@shared_task(name="audit.write_checkpoint")
def write_checkpoint() -> None:
    """Sign how far the chain got."""
    sealing.write_checkpoint(now=clock.now())


@shared_task(name="audit.sweep_intents")
def sweep_intents() -> None:
    """Find intents whose worker died or whose doorbell was lost."""
    working.sweep_intents(now=clock.now())


@shared_task(name="audit.sweep_deliveries")
def sweep_deliveries() -> None:
    """The same for deliveries."""
    posting.sweep_deliveries(now=clock.now())


@shared_task(name="audit.open_canary")
def open_canary() -> None:
    """Ask for a sign of life that goes the whole way: row, doorbell, claim, settlement."""
    with transaction.atomic():
        open_intent(CANARY, "portal", at=clock.now(), dedupe_key="one")


@shared_task(name="audit.tidy_finished_work")
def tidy_finished_work() -> None:
    """Drop work that was finished long ago."""
    tidying.tidy_finished_work(now=clock.now())


def sing(_task: Task, _now: Any) -> None:  # noqa: ANN401 - a handler's signature
    """The canary's work is to be finished."""


register_intent(CANARY, sing, tries=3)
register_secrets("subscription", subscription_secrets)
