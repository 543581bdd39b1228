"""Release: a versioned, documented package of changes (§5), and who ticked what of its checklist (§5.3)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from changes.policy.approvals import ReleaseType
from cybercube_portal.stateful import StateField, StatefulModel, choices_of, move, state_triggers
from releases import states
from releases.states import RELEASE_OVER, ReleaseState


class Release(StatefulModel):
    """One version of one service on its way. `reference` is `REL-NNN`.

    `change` is the number of the one change that authorises it (R16), `changes` those that inform. `artifacts`
    [{service, version, digest}] are what goes out, as its change names them; `migrations` the file names somebody announced,
    beside those that the artifacts carry; `changelog` and `notes` are Markdown (§5.4, §5.5).
    """

    reference = models.CharField(max_length=24, unique=True)
    service = models.ForeignKey("catalog.Service", on_delete=models.PROTECT, related_name="releases")
    version = models.CharField(max_length=128)
    type = models.CharField(max_length=16, choices=choices_of(ReleaseType))
    state = StateField(choices=choices_of(ReleaseState), default=ReleaseState.PREPARING)
    row_version = models.PositiveIntegerField(default=1)
    change = models.CharField(max_length=24)
    changes = ArrayField(models.CharField(max_length=24), default=list)
    artifacts = models.JSONField(default=list)
    migrations = ArrayField(models.CharField(max_length=200), default=list)
    changelog = models.TextField(blank=True)
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    staged_at = models.DateTimeField(null=True)
    deployed_at = models.DateTimeField(null=True)
    watch_until = models.DateTimeField(null=True)
    on_call_notified_at = models.DateTimeField(null=True)
    notes_published_at = models.DateTimeField(null=True)
    announced_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        triggers = state_triggers(states.RELEASE_MOVES, first_state=ReleaseState.PREPARING)
        constraints: ClassVar = [
            # A version is released once; what was cancelled or taken back may be tried again.
            models.UniqueConstraint(
                fields=["service", "version"],
                condition=~Q(state__in=[ReleaseState.CANCELLED, ReleaseState.ROLLED_BACK]),
                name="release_version_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="release_newest"),
            models.Index(fields=["service", "version", "-id"], name="release_by_version"),
            models.Index(fields=["change"], name="release_by_change"),
            # What a deployment and a report of its tests look for: the open releases that ship the artifact.
            GinIndex(
                fields=["artifacts"],
                name="release_open_artifacts",
                opclasses=["jsonb_path_ops"],
                condition=~Q(state__in=sorted(state.value for state in RELEASE_OVER)),
            ),
            models.Index(fields=["-notes_published_at"], name="release_published"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.version}"

    @move(states.SUBMIT_RELEASE)
    def submit(self, *, at: datetime) -> None:
        """Its change is with its approvers."""
        self.submitted_at = at

    @move(states.RETURN_RELEASE)
    def return_to_preparation(self, *, at: datetime) -> None:
        """Its change was refused or taken back."""
        self.updated_at = at
        self.submitted_at = None

    @move(states.STAGE_RELEASE)
    def stage(self, *, at: datetime) -> None:
        """On its way to staging."""
        self.updated_at = at

    @move(states.VERIFY_RELEASE)
    def verify(self, *, at: datetime) -> None:
        """Healthy in staging."""
        self.staged_at = at

    @move(states.DEPLOY_RELEASE)
    def deploy(self, *, at: datetime) -> None:
        """On its way to production."""
        self.deployed_at = at

    @move(states.WATCH_RELEASE)
    def watch(self, *, at: datetime, until: datetime) -> None:
        """Healthy in production, watched until `until` (§5.3: 30 minutes)."""
        self.updated_at = at
        self.watch_until = until

    @move(states.PUBLISH_RELEASE)
    def publish(self, *, at: datetime) -> None:
        """Released and told."""
        self.ended_at = at

    @move(states.FAIL_RELEASE)
    def fail(self, *, at: datetime) -> None:
        """Back to preparation."""
        self.updated_at = at

    @move(states.ROLL_BACK_RELEASE)
    def roll_back(self, *, at: datetime) -> None:
        """Taken back from production."""
        self.ended_at = at

    @move(states.CANCEL_RELEASE)
    def cancel(self, *, at: datetime) -> None:
        """It will not happen."""
        self.ended_at = at


class ChecklistTick(models.Model):
    """Somebody ticked an item that no fact decides. Deleted when it is unticked; the record keeps both."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="ticks")
    item = models.CharField(max_length=64)
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["release", "item"], name="tick_once")]

    def __str__(self) -> str:
        return self.item
