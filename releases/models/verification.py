"""Verification: one run of the checks of §4.7, its results, and the samples of the watch that follows (§8.5)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from cybercube_portal.stateful import (
    StateField,
    StatefulModel,
    append_only_triggers,
    choices_of,
    move,
    state_triggers,
)
from releases import states
from releases.models.deployment import Deployment
from releases.policy.verification import SECTION
from releases.states import CheckKind, Verdict, VerificationState


class Verification(StatefulModel):
    """One run of all checks. The last one of a deployment counts; `number` is 1 for the first."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="verifications")
    number = models.PositiveSmallIntegerField()
    state = StateField(choices=choices_of(VerificationState), default=VerificationState.QUEUED)
    queued_at = models.DateTimeField()
    queued_by = models.CharField(max_length=150)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    message = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["deployment", "number"]
        triggers = state_triggers(states.VERIFICATION_MOVES, first_state=VerificationState.QUEUED)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["deployment", "number"], name="verification_numbered"),
            models.UniqueConstraint(
                fields=["deployment"],
                condition=models.Q(state__in=[VerificationState.QUEUED, VerificationState.RUNNING]),
                name="verification_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deployment_id}/{self.number}"

    @move(states.RUN_VERIFICATION)
    def run(self, *, at: datetime) -> None:
        """The checks are being asked."""
        self.started_at = at

    @move(states.PASS_VERIFICATION)
    def pass_all(self, *, at: datetime) -> None:
        """Every check passed."""
        self.ended_at = at

    @move(states.FAIL_VERIFICATION)
    def fail(self, *, at: datetime) -> None:
        """A check failed."""
        self.ended_at = at

    @move(states.DOUBT_VERIFICATION)
    def doubt(self, *, at: datetime, message: str = "") -> None:
        """Nothing failed, and not everything could be read."""
        self.ended_at = at
        self.message = message


class CheckResult(models.Model):
    """What one check found. Append-only.

    `value` is a fraction (error rate) or milliseconds (latency), None where there is no number; `seen` is what the other side
    said, shortened; `seconds` how long it took.
    """

    verification = models.ForeignKey(Verification, on_delete=models.PROTECT, related_name="results")
    kind = models.CharField(max_length=16, choices=choices_of(CheckKind))
    verdict = models.CharField(max_length=16, choices=choices_of(Verdict))
    code = models.CharField(max_length=64)
    message = models.TextField()
    value = models.FloatField(null=True)
    threshold = models.FloatField(null=True)
    seen = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    seconds = models.FloatField()
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]
        triggers: ClassVar = append_only_triggers()
        constraints: ClassVar = [models.UniqueConstraint(fields=["verification", "kind"], name="check_once")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.verdict}"

    @property
    def section(self) -> str:
        """Where the standard asks for it."""
        return SECTION


class WatchSample(models.Model):
    """What was seen at one moment of the 30 minutes after (§5.3, §8.5). Append-only.

    `error_rate` is a fraction, `latency_p99` milliseconds, None when it could not be read; `is_healthy` None when the health
    endpoint said nothing that counts. `findings` are the rows of §8.5 it fell under (`WatchFinding`), the gravest first.
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="samples")
    at = models.DateTimeField()
    is_healthy = models.BooleanField(null=True)
    observed_version = models.CharField(max_length=128, blank=True)
    error_rate = models.FloatField(null=True)
    latency_p99 = models.FloatField(null=True)
    findings = ArrayField(models.CharField(max_length=32), default=list)
    message = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["at", "id"]
        triggers: ClassVar = append_only_triggers()
        indexes: ClassVar = [models.Index(fields=["deployment", "at"], name="sample_of_deployment")]

    def __str__(self) -> str:
        return f"{self.deployment_id} at {self.at:%H:%M:%S}"
