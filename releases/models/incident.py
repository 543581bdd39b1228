"""Incident: what went wrong in production, as far as DORA's figures and the on-call need it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from cybercube_portal.stateful import StateField, StatefulModel, choices_of, move, state_triggers
from releases import states
from releases.states import IncidentSource, IncidentState


class Incident(StatefulModel):
    """One incident. `reference` is `INC-NNN`; `deployment` is the reference of the last deployment there before it, if any.

    `external_id` is the source's own name for it (an alert's fingerprint), once per source while open.
    """

    reference = models.CharField(max_length=24, unique=True)
    service = models.ForeignKey("catalog.Service", on_delete=models.PROTECT, related_name="incidents")
    environment = models.CharField(max_length=8)
    title = models.CharField(max_length=200)
    severity = models.CharField(max_length=8, blank=True)
    source = models.CharField(max_length=16, choices=choices_of(IncidentSource))
    external_id = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=1000, blank=True)
    deployment = models.CharField(max_length=24, blank=True)
    state = StateField(choices=choices_of(IncidentState), default=IncidentState.OPEN)
    detected_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-detected_at", "-id"]
        triggers = state_triggers(states.INCIDENT_MOVES, first_state=IncidentState.OPEN)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=Q(state=IncidentState.OPEN) & ~Q(external_id=""),
                name="incident_open_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["-detected_at", "-id"], name="incident_newest"),
            models.Index(fields=["service", "environment", "-detected_at"], name="incident_in_place"),
            models.Index(fields=["state", "-detected_at"], name="incident_by_state"),
            models.Index(fields=["deployment"], name="incident_of_deployment", condition=~Q(deployment="")),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @move(states.RESOLVE_INCIDENT)
    def resolve(self, *, at: datetime) -> None:
        """It is over."""
        self.resolved_at = at
