"""Intent and Delivery: what was promised inside a business transaction and is done after it.

PostgreSQL is the truth and Celery the doorbell (reliability.md section 1). `attempt` counts claims and is the fence: who
claimed the row as its n-th may write the outcome only while it is still at n.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from cybercube_portal.audit import states
from cybercube_portal.audit.states import OPEN_INTENTS, DeliveryState, IntentState
from cybercube_portal.stateful import StateField, StatefulModel, choices_of, move, state_triggers


class Work(StatefulModel):
    """What intents and deliveries share: when they are due, who holds them and what went wrong."""

    attempt = models.IntegerField(default=0)
    failures = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    request_id = models.TextField(blank=True)

    class Meta:
        abstract = True

    def _take(self, *, at: datetime, lease: timedelta) -> None:
        self.attempt += 1
        self.rung_at = None
        self.lease_until = at + lease

    def _release(self, *, not_before: datetime) -> None:
        self.lease_until = None
        self.rung_at = None
        self.not_before = not_before

    def _end(self, *, at: datetime) -> None:
        self.lease_until = None
        self.finished_at = at


class Intent(Work):
    """Work of one `kind` on one `subject`. One open intent for a `dedupe_key` of a kind."""

    kind = models.TextField()
    subject = models.TextField()
    payload = models.JSONField(default=dict)
    state = StateField(choices=choices_of(IntentState), default=IntentState.WAITING)
    deadline = models.DateTimeField(null=True)
    dedupe_key = models.TextField(null=True)  # noqa: DJ001 - null is no key, and never equals another

    class Meta:
        indexes = [
            models.Index(fields=["not_before"], condition=Q(state=IntentState.WAITING), name="audit_intent_due"),
            models.Index(fields=["lease_until"], condition=Q(state=IntentState.RUNNING), name="audit_intent_leased"),
            models.Index(fields=["deadline"], condition=Q(state__in=OPEN_INTENTS), name="audit_intent_deadline"),
            models.Index(fields=["kind", "subject", "-id"], name="audit_intent_subject"),
            models.Index(fields=["finished_at"], name="audit_intent_finished"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "dedupe_key"], condition=Q(state__in=OPEN_INTENTS), name="audit_intent_once"
            ),
        ]
        triggers = state_triggers(states.INTENT_MOVES, first_state=IntentState.WAITING)

    def __str__(self) -> str:
        return f"{self.kind} for {self.subject}"

    @move(states.CLAIM)
    def claim(self, *, at: datetime, lease: timedelta) -> None:
        """Take it, or take it over once the lease ran out; the fence goes up."""
        self._take(at=at, lease=lease)

    @move(states.FINISH)
    def finish(self, *, at: datetime) -> None:
        """It is done."""
        self.last_error = ""
        self._end(at=at)

    @move(states.PUT_BACK)
    def put_back(self, *, not_before: datetime, error: str = "") -> None:
        """Once more later: by its own wish, or after an error."""
        self.failures = self.failures + 1 if error else 0
        self.last_error = error
        self._release(not_before=not_before)

    @move(states.FAIL)
    def fail(self, *, at: datetime, error: str) -> None:
        """Give up."""
        self.last_error = error
        self._end(at=at)

    @move(states.RETRY)
    def retry(self, *, at: datetime) -> None:
        """Somebody looked at it and wants it tried again, with no deadline any more."""
        self.failures = 0
        self.deadline = None
        self.finished_at = None
        self._release(not_before=at)


class Delivery(Work):
    """One message to one address, `about` something with that plain id.

    `hosts`: what was registered for a webhook when it was queued. `signed_by` names the secret (`audit.signing`), never holds it.
    """

    class Channel(models.TextChoices):
        """How it leaves the portal."""

        MAIL = "mail"
        WEBHOOK = "webhook"

    delivery_id = models.UUIDField(default=uuid.uuid4, unique=True)
    channel = models.TextField(choices=Channel.choices)
    target = models.TextField()
    subject = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    payload = models.JSONField()
    about = models.TextField(blank=True)
    hosts = ArrayField(models.TextField(), default=list)
    signed_by = models.TextField(blank=True)
    state = StateField(choices=choices_of(DeliveryState), default=DeliveryState.WAITING)
    dedupe_key = models.TextField(null=True, unique=True)  # noqa: DJ001 - null is no key, and never equals another

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["not_before"], condition=Q(state=DeliveryState.WAITING), name="audit_delivery_due"),
            models.Index(
                fields=["lease_until"], condition=Q(state=DeliveryState.SENDING), name="audit_delivery_leased"
            ),
            models.Index(fields=["target", "-id"], name="audit_delivery_target"),
            models.Index(fields=["finished_at"], name="audit_delivery_finished"),
        ]
        triggers = state_triggers(states.DELIVERY_MOVES, first_state=DeliveryState.WAITING)

    def __str__(self) -> str:
        return f"{self.channel} to {self.target}"

    @move(states.CLAIM_DELIVERY)
    def claim(self, *, at: datetime, lease: timedelta) -> None:
        """Take it, or take it over once the lease ran out."""
        self._take(at=at, lease=lease)

    @move(states.DELIVER)
    def deliver(self, *, at: datetime) -> None:
        """The other side took it."""
        self.last_error = ""
        self._end(at=at)

    @move(states.PUT_BACK_DELIVERY)
    def put_back(self, *, not_before: datetime, error: str) -> None:
        """Try again later."""
        self.failures += 1
        self.last_error = error
        self._release(not_before=not_before)

    @move(states.FAIL_DELIVERY)
    def fail(self, *, at: datetime, error: str) -> None:
        """The other side will never take it."""
        self.last_error = error
        self._end(at=at)

    @move(states.ABANDON_DELIVERY)
    def abandon(self, *, at: datetime, error: str) -> None:
        """Tried often enough."""
        self.last_error = error
        self._end(at=at)

    @move(states.RETRY_DELIVERY)
    def retry(self, *, at: datetime) -> None:
        """Somebody looked at it and wants it sent again."""
        self.failures = 0
        self.finished_at = None
        self._release(not_before=at)
