"""PlannedStep: a new content, or a ramp, that waits for its change or its time."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from cybercube_portal.stateful import StateField, StatefulModel, choices_of, move, state_triggers
from flags import states
from flags.states import StepKind, StepState, VersionKind


class PlannedStep(StatefulModel):
    """What will be served, from which version it was written, and the change whose signatures cover it.

    `sha256` is over the canonical JSON of `contents`: one content for an edit, one for each percentage of a ramp. The same digest
    stands in the change's signed parameters. `holds` are the seconds after each percentage of a ramp but the last; None: until somebody
    lets it go on, for which it then `awaits_approval`.
    """

    flag_environment = models.ForeignKey("flags.FlagEnvironment", on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=16, choices=choices_of(StepKind))
    version_kind = models.CharField(max_length=16, choices=choices_of(VersionKind), default=VersionKind.EDIT)
    state = StateField(choices=choices_of(StepState), default=StepState.WAITING)
    base_version = models.PositiveIntegerField()
    contents = models.JSONField()
    holds = models.JSONField(default=list)
    sha256 = models.CharField(max_length=64)
    done = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=1000, blank=True)
    change = models.CharField(max_length=24, blank=True, db_index=True)
    standard = models.BooleanField(default=False)
    awaits_approval = models.BooleanField(default=False, db_default=False)
    due_at = models.DateTimeField()
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="flag_steps")
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=300, blank=True)
    # What held the last attempt up, so that nobody has to guess.
    held_up_by = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering: ClassVar = ["-requested_at", "-id"]
        triggers = state_triggers(states.STEP_MOVES, first_state=StepState.WAITING)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["flag_environment"],
                condition=Q(state__in=[StepState.WAITING, StepState.RUNNING]),
                name="flag_one_step_at_a_time",
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"], name="step_due", condition=Q(state__in=[StepState.WAITING, StepState.RUNNING])
            )
        ]

    def __str__(self) -> str:
        return f"{self.flag_environment_id}: {self.kind} from v{self.base_version}"

    @property
    def kind_of_version(self) -> VersionKind:
        """How the versions it brings about are marked."""
        return VersionKind.RAMP if self.kind == StepKind.RAMP else VersionKind(self.version_kind)

    @move(states.APPLY)
    def apply(self, *, at: datetime) -> None:
        """Its content is served."""
        self.done, self.ended_at = 1, at

    @move(states.BEGIN)
    def begin(self, *, at: datetime) -> None:
        """The first percentage is served."""
        self.due_at = at

    @move(states.APPROVE)
    def approve(self, *, at: datetime) -> None:
        """It goes on to its next percentage."""
        self.awaits_approval, self.due_at = False, at

    @move(states.COMPLETE)
    def complete(self, *, at: datetime) -> None:
        """The last percentage is served."""
        self.ended_at = at

    @move(states.CONFLICT)
    def conflict(self, *, at: datetime, because: str) -> None:
        """Something else was changed meanwhile."""
        self.ended_at, self.ended_because = at, because

    @move(states.STOP)
    def stop(self, *, at: datetime, because: str) -> None:
        """It will not happen, or not further."""
        self.ended_at, self.ended_because = at, because
