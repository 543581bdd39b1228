"""CabMeeting: the Change Advisory Board (glossary) over what is risky, in a room or by a deadline; and who was there."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from changes import states
from changes.states import MeetingState
from cybercube_portal.stateful import StateField, StatefulModel, append_only_triggers, choices_of, move, state_triggers


class CabMeeting(StatefulModel):
    """One meeting. `reference` is `CAB-NNN`; its agenda makes itself until it is closed, `added` are further change numbers.

    Votes are signatures that name it, from the moment it is planned until `votes_until` (None: until it is closed).
    `outcomes` [{number, title, outcome, missing, votes}] and `minutes` (Markdown) are kept when it is closed.
    """

    reference = models.CharField(max_length=24, unique=True)
    title = models.CharField(max_length=160)
    state = StateField(choices=choices_of(MeetingState), default=MeetingState.PLANNED)
    scheduled_at = models.DateTimeField()
    votes_until = models.DateTimeField(null=True)
    added = ArrayField(models.CharField(max_length=24), default=list)
    notes = models.TextField(blank=True)
    outcomes = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    minutes = models.TextField(blank=True)
    has_quorum = models.BooleanField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(null=True)
    opened_by = models.ForeignKey("people.User", null=True, on_delete=models.PROTECT, related_name="+")
    reminded_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-scheduled_at", "-id"]
        triggers = state_triggers(states.MEETING_MOVES, first_state=MeetingState.PLANNED)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state=MeetingState.CLOSED) | Q(has_quorum__isnull=False), name="meeting_closed_has_minutes"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["-scheduled_at", "-id"], name="meeting_newest")]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_over(self) -> bool:
        """Whether nobody votes in it any more."""
        return self.state in {MeetingState.CLOSED, MeetingState.CANCELLED}

    @move(states.OPEN_MEETING)
    def open(self, *, at: datetime) -> None:
        """People sit together."""
        self.opened_at = at

    @move(states.CLOSE_MEETING)
    def close(self, *, at: datetime) -> None:
        """Its minutes are kept."""
        self.ended_at = at

    @move(states.CANCEL_MEETING)
    def cancel(self, *, at: datetime) -> None:
        """It will not take place."""
        self.ended_at = at


class Attendance(models.Model):
    """Somebody was there, with the roles they held then: by saying so, or by voting. Append-only."""

    meeting = models.ForeignKey(CabMeeting, on_delete=models.PROTECT, related_name="attendances")
    person = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    roles = ArrayField(models.CharField(max_length=32))
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["at", "id"]
        triggers = append_only_triggers()
        constraints: ClassVar = [models.UniqueConstraint(fields=["meeting", "person"], name="attendance_once")]

    def __str__(self) -> str:
        return f"{self.person_id} at {self.meeting_id}"
