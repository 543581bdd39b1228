"""Freeze, its exceptions, and deployment windows (§6.5, glossary)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from changes import states
from changes.states import FreezeState
from cybercube_portal.stateful import (
    StateField,
    StatefulModel,
    append_only_triggers,
    choices_of,
    move,
    state_triggers,
)


def _slugs() -> ArrayField[list[str], list[str]]:
    return ArrayField(models.CharField(max_length=64), default=list, blank=True)


class Scoped(models.Model):
    """Where and when: services x teams x environments with exclusions; empty means all.

    `starts_at` and `ends_at` are the first occurrence, half-open; `rule` is an RFC 5545 RRULE expanded in wall time of
    `timezone`. `envelope_ends_at` is the last moment it can bind anybody (null: no such moment is
    known), kept for the index.
    """

    title = models.CharField(max_length=160)
    services = _slugs()
    teams = _slugs()
    environments = _slugs()
    excluded_services = _slugs()
    excluded_teams = _slugs()
    timezone = models.CharField(max_length=64, default="UTC")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    rule = models.CharField(max_length=300, blank=True)
    excluded_dates = ArrayField(models.DateField(), default=list, blank=True)
    envelope_ends_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class Freeze(StatefulModel, Scoped):
    """A period when changes are restricted. Upcoming, active and past are derived from the clock."""

    reference = models.CharField(max_length=24, unique=True)
    kind = models.CharField(max_length=16)
    predicate = models.JSONField(default=dict, blank=True)
    hard = models.BooleanField(default=True)
    reason = models.TextField(blank=True)
    state = StateField(choices=choices_of(FreezeState), default=FreezeState.DRAFT)
    published_at = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)
    lift_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["starts_at", "id"]
        triggers = state_triggers(states.FREEZE_MOVES, first_state=FreezeState.DRAFT)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="freeze_ends_after_start")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["envelope_ends_at", "starts_at"],
                name="freeze_published",
                condition=Q(state=FreezeState.PUBLISHED),
            ),
            GinIndex(fields=["services"], name="freeze_services"),
        ]

    def __str__(self) -> str:
        return self.reference

    @move(states.PUBLISH_FREEZE)
    def publish(self, *, at: datetime) -> None:
        """From now on it counts."""
        self.published_at = at

    @move(states.LIFT_FREEZE)
    def lift(self, *, at: datetime, reason: str) -> None:
        """Ended early, for everybody."""
        self.lifted_at = at
        self.lift_reason = reason

    @move(states.CANCEL_FREEZE)
    def cancel(self, *, at: datetime, reason: str) -> None:
        """It will not happen."""
        self.lifted_at = at
        self.lift_reason = reason


class FreezeException(models.Model):
    """One change may go ahead in one freeze; shown for ever."""

    freeze = models.ForeignKey(Freeze, on_delete=models.PROTECT, related_name="exceptions")
    change = models.ForeignKey("changes.ChangeRequest", on_delete=models.PROTECT, related_name="freeze_exceptions")
    granted_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["at"]
        triggers = append_only_triggers()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["freeze", "change"], name="freeze_exception_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="freeze_exception_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.freeze_id}:{self.change_id}"


class FreezeNotice(models.Model):
    """People were told of one occurrence, so long before it (`policy.notices`)."""

    freeze = models.ForeignKey(Freeze, on_delete=models.PROTECT, related_name="notices")
    starts_at = models.DateTimeField()
    ahead = models.CharField(max_length=8)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["at"]
        triggers = append_only_triggers()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["freeze", "starts_at", "ahead"], name="freeze_notice_once")
        ]

    def __str__(self) -> str:
        return f"{self.freeze_id}: {self.ahead} before {self.starts_at:%Y-%m-%d %H:%M}"


class DeploymentWindow(Scoped):
    """Where a window matches a service, normal changes deploy only inside.

    It binds until it is removed, also when it never opens again, so its envelope never ends.
    """

    reference = models.CharField(max_length=24, unique=True)
    edited_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["starts_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="window_ends_after_start")
        ]

    def __str__(self) -> str:
        return self.reference
