"""Migration: one file of §9 on its way through one environment."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from cybercube_portal.catalog.states import MigrationKind, MigrationPhase
from cybercube_portal.stateful import StateField, StatefulModel, choices_of, move, state_triggers
from releases import states
from releases.states import MigrationState


class Migration(StatefulModel):
    """One migration. `reference` is `MIG-NNN`; `decision` the gate's (action `migrate`), spent by running it in production.

    `lock_impact` is told by the file's SQL, and by the test where that saw more; `estimated_seconds` is a fact from the test; `backup` names the backup that was verified.
    """

    reference = models.CharField(max_length=24, unique=True)
    service = models.ForeignKey("catalog.Service", on_delete=models.PROTECT, related_name="migrations")
    version = models.CharField(max_length=128)
    environment = models.CharField(max_length=8)
    filename = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=choices_of(MigrationKind))
    phase = models.CharField(max_length=16, choices=choices_of(MigrationPhase))
    state = StateField(choices=choices_of(MigrationState), default=MigrationState.PLANNED)
    change = models.CharField(max_length=24, blank=True)
    release = models.CharField(max_length=160, blank=True)
    decision = models.OneToOneField(
        "releases.GateDecision", null=True, on_delete=models.PROTECT, related_name="migration"
    )
    lock_impact = models.CharField(max_length=200, blank=True)
    estimated_seconds = models.PositiveIntegerField(null=True)
    rollback_tested = models.BooleanField(default=False)
    backup = models.CharField(max_length=300, blank=True)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    tested_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        triggers = state_triggers(states.MIGRATION_MOVES, first_state=MigrationState.PLANNED)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["service", "environment", "filename"],
                condition=~Q(state__in=[MigrationState.ABORTED, MigrationState.ROLLED_BACK]),
                name="migration_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="migration_newest"),
            models.Index(fields=["service", "environment", "-applied_at"], name="migration_in_place"),
            models.Index(fields=["state", "-created_at", "-id"], name="migration_state_newest"),
            models.Index(fields=["service", "-created_at", "-id"], name="migration_service_newest"),
            models.Index(fields=["change"], name="migration_change"),
            models.Index(fields=["release"], name="migration_release"),
            GinIndex(
                OpClass(Upper("reference"), name="gin_trgm_ops"),
                OpClass(Upper("filename"), name="gin_trgm_ops"),
                OpClass(Upper("lock_impact"), name="gin_trgm_ops"),
                name="migration_text",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.filename}"

    @property
    def ran_seconds(self) -> int | None:
        """How long it ran, in seconds; None while it has not run through (§9.4)."""
        if self.started_at is None or self.applied_at is None:
            return None
        return round((self.applied_at - self.started_at).total_seconds())

    @move(states.TEST_MIGRATION)
    def test(self, *, at: datetime) -> None:
        """It ran on production-like data (§9.1)."""
        self.tested_at = at

    @move(states.RUN_MIGRATION)
    def run(self, *, at: datetime) -> None:
        """It is being run."""
        self.started_at = at

    @move(states.APPLY_MIGRATION)
    def apply(self, *, at: datetime) -> None:
        """It ran through."""
        self.applied_at = at

    @move(states.VERIFY_MIGRATION)
    def verify(self, *, at: datetime) -> None:
        """The schema and the application are as they should be (§9.4)."""
        self.verified_at = self.ended_at = at

    @move(states.ABORT_MIGRATION)
    def abort(self, *, at: datetime) -> None:
        """Given up."""
        self.ended_at = at

    @move(states.ROLL_BACK_MIGRATION)
    def roll_back(self, *, at: datetime) -> None:
        """Taken back."""
        self.ended_at = at
