"""ChangeRequest: the formal proposal of §6, with one method per move of `states.CHANGE_MOVES`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from changes import states
from changes.policy import content
from changes.policy.schedule import Slot
from changes.states import ChangeOutcome, ChangeState, ChangeType, Risk
from cybercube_portal.stateful import StateField, StatefulModel, choices_of, move, state_triggers

IS_OPEN = Q(state__in=sorted(states.OPEN_STATES))


class ChangeCounter(models.Model):
    """The last number given out on a UTC day (R9). Locked for the transaction that takes the next."""

    day = models.DateField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day}: {self.last}"


class ChangeRequest(StatefulModel):
    """One change request. `services` holds slugs, `release` and `rollback_flag` are text (house.md section 2)."""

    number = models.CharField(max_length=24, unique=True, editable=False)
    title = models.CharField(max_length=200)
    type = models.CharField(max_length=16, choices=choices_of(ChangeType))
    state = StateField(choices=choices_of(ChangeState), default=ChangeState.DRAFT)
    version = models.PositiveIntegerField(default=1)
    requester = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="changes_requested")
    editors = ArrayField(models.CharField(max_length=150), default=list)

    # Material content (domain.md section 4): what a signature covers.
    description = models.TextField(blank=True)
    services = ArrayField(models.CharField(max_length=64))
    environments = ArrayField(models.CharField(max_length=8))
    artifacts = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    release = models.CharField(max_length=160, blank=True)
    release_type = models.CharField(max_length=16, blank=True)
    template = models.ForeignKey("changes.Template", null=True, on_delete=models.PROTECT, related_name="changes")
    parameters = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    scheduled_time = models.DateTimeField()
    estimated_duration = models.DurationField()
    risk_answers = models.JSONField(default=dict)
    risk_raised_to = models.CharField(max_length=16, blank=True)
    risk_level = models.CharField(max_length=16, choices=choices_of(Risk))
    risk_factors = ArrayField(models.CharField(max_length=300), default=list)
    impact = models.JSONField(default=dict)
    rollback_plan = models.TextField(blank=True)
    rollback_version = models.CharField(max_length=80, blank=True)
    rollback_flag = models.CharField(max_length=100, blank=True)
    migrations = models.JSONField(default=list)
    content_hash = models.CharField(max_length=64)

    # The way through the states.
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    implementer = models.ForeignKey(
        "people.User", null=True, on_delete=models.PROTECT, related_name="changes_implemented"
    )
    notes = models.TextField(blank=True)
    outcome = models.CharField(max_length=32, blank=True, choices=choices_of(ChangeOutcome))

    # Emergencies (§6.4, R5).
    authorised_by = models.ForeignKey(
        "people.User", null=True, on_delete=models.PROTECT, related_name="changes_authorised"
    )
    authorisation = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    confirm_by = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    record_due_at = models.DateTimeField(null=True)
    what_happened = models.TextField(blank=True)
    prevention = models.TextField(blank=True)
    severity = models.CharField(max_length=8, blank=True)
    postmortem_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(null=True)
    overdue_said_at = models.DateTimeField(null=True)
    unconfirmed_said_at = models.DateTimeField(null=True)
    claims = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        triggers: ClassVar = [
            *state_triggers(states.CHANGE_MOVES, first_state=ChangeState.DRAFT),
            # A spoken approval is a signature: never the requester's, an editor's or a pipeline's, nor noted by the requester (R5).
            pgtrigger.Trigger(
                name="four_eyes",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                declare=[("approver", "RECORD"), ("requester_name", "TEXT")],
                func="""
                    IF NEW.authorised_by_id IS NULL THEN
                        RETURN NEW;
                    END IF;
                    IF TG_OP = 'UPDATE' THEN
                        IF NEW.authorised_by_id IS NOT DISTINCT FROM OLD.authorised_by_id THEN
                            RETURN NEW;
                        END IF;
                    END IF;
                    SELECT username, kind INTO approver FROM people_user WHERE id = NEW.authorised_by_id;
                    SELECT username INTO requester_name FROM people_user WHERE id = NEW.requester_id;
                    IF NEW.authorised_by_id = NEW.requester_id OR approver.username = ANY(NEW.editors)
                        OR approver.kind <> 'person' OR NEW.authorisation->>'called_by' = requester_name THEN
                        RAISE EXCEPTION 'four eyes: % may not authorise this change', approver.username
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(estimated_duration__gt=timedelta(0)), name="change_takes_time"),
            models.CheckConstraint(condition=Q(services__len__gt=0), name="change_names_a_service"),
            models.CheckConstraint(condition=Q(environments__len__gt=0), name="change_names_an_environment"),
            models.CheckConstraint(
                condition=~Q(state=ChangeState.CLOSED) | ~Q(outcome=""), name="change_closed_has_outcome"
            ),
            models.CheckConstraint(
                condition=~Q(type=ChangeType.EMERGENCY) | ~Q(state=ChangeState.CLOSED) | Q(recorded_at__isnull=False),
                name="change_emergency_closed_has_record",
            ),
        ]
        indexes: ClassVar = [
            GinIndex(fields=["services", "environments"], name="change_places"),
            # What the gate looks for: the open change that names an artifact.
            GinIndex(
                fields=["artifacts"],
                name="change_open_artifacts",
                opclasses=["jsonb_path_ops"],
                condition=Q(state__in=[ChangeState.IN_REVIEW, ChangeState.APPROVED, ChangeState.IMPLEMENTING]),
            ),
            models.Index(fields=["-created_at", "-id"], name="change_newest"),
            models.Index(fields=["state", "scheduled_time"], name="change_by_state"),
            models.Index(fields=["requester", "-created_at", "-id"], name="change_by_requester"),
            # The list: each word of its query in the order of its rows, what is open by itself because that is asked most.
            models.Index(fields=["-created_at", "-id"], name="change_open_newest", condition=IS_OPEN),
            models.Index(fields=["scheduled_time", "id"], name="change_open_scheduled", condition=IS_OPEN),
            models.Index(fields=["state", "-created_at", "-id"], name="change_state_newest"),
            models.Index(fields=["type", "-created_at", "-id"], name="change_type_newest"),
            models.Index(fields=["risk_level", "-created_at", "-id"], name="change_risk_newest"),
            models.Index(
                fields=["outcome", "-created_at", "-id"], name="change_outcome_newest", condition=~Q(outcome="")
            ),
            models.Index(fields=["release"], name="change_release", condition=~Q(release="")),
            models.Index(fields=["scheduled_time", "id"], name="change_scheduled"),
            models.Index(fields=["updated_at", "id"], name="change_updated"),
            models.Index(fields=["closed_at"], name="change_closed", condition=Q(closed_at__isnull=False)),
            GinIndex(
                OpClass(Upper("number"), name="gin_trgm_ops"),
                OpClass(Upper("title"), name="gin_trgm_ops"),
                name="change_text",
            ),
            models.Index(
                fields=["record_due_at"],
                name="change_record_due",
                condition=Q(type=ChangeType.EMERGENCY, recorded_at__isnull=True, record_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def slot(self) -> Slot:
        """Its own time, grace included."""
        return Slot(self.scheduled_time, self.estimated_duration)

    @property
    def is_emergency(self) -> bool:
        """Whether §6.4 applies."""
        return self.type == ChangeType.EMERGENCY

    @property
    def is_standard(self) -> bool:
        """Whether §6.2 applies."""
        return self.type == ChangeType.STANDARD

    def material(self) -> dict[str, Any]:
        """The content a signature covers; for high and critical also the schedule (domain.md section 4)."""
        written = {
            "type": self.type,
            "release_type": self.release_type,
            "release": self.release,
            "description": self.description,
            "services": sorted(self.services),
            "environments": sorted(self.environments),
            "artifacts": self.artifacts,
            "risk_assessment": {"answers": self.risk_answers, "level": self.risk_level},
            "impact": self.impact,
            "rollback_plan": self.rollback_plan,
            "rollback_version": self.rollback_version,
            "rollback_flag": self.rollback_flag,
            "migrations": self.migrations,
            "parameters": self.parameters,
            "scheduled_time": self.scheduled_time,
            "estimated_duration": int(self.estimated_duration.total_seconds()),
        }
        return content.material(written, risk=Risk(self.risk_level))

    @move(states.SUBMIT, states.SUBMIT_STANDARD)
    def submit(self, *, at: datetime) -> ChangeState:
        """Hand it to its approvers; a standard change needs none."""
        self.submitted_at = at
        if self.is_standard:
            self.approved_at = at
            return ChangeState.APPROVED
        return ChangeState.IN_REVIEW

    @move(states.AUTHORISE)
    def authorise(self, *, at: datetime, confirm_by: datetime | None, record_due_at: datetime | None) -> None:
        """An emergency goes ahead on a spoken word."""
        self.submitted_at = at
        self.approved_at = at
        self.confirm_by = confirm_by
        self.record_due_at = record_due_at

    @move(states.APPROVE)
    def approve(self, *, at: datetime) -> None:
        """Every seat is filled."""
        self.approved_at = at

    @move(states.REFUSE)
    def refuse(self, *, at: datetime) -> None:
        """One refusal stops it."""
        self.updated_at = at

    @move(states.REVISE)
    def revise(self, *, at: datetime) -> None:
        """Back to the requester."""
        self.updated_at = at
        self.submitted_at = None
        self.approved_at = None

    @move(states.CANCEL)
    def cancel(self, *, at: datetime) -> None:
        """It will not happen."""
        self.closed_at = at

    @move(states.EXPIRE)
    def expire(self, *, at: datetime) -> None:
        """Its slot went by."""
        self.updated_at = at

    @move(states.RESCHEDULE, states.RESCHEDULE_TO_REVIEW)
    def reschedule(self, *, at: datetime, complete: bool) -> ChangeState:
        """Another slot; the seats were judged again."""
        self.updated_at = at
        self.approved_at = (self.approved_at or at) if complete else None
        return ChangeState.APPROVED if complete else ChangeState.IN_REVIEW

    @move(states.REOPEN)
    def reopen(self, *, at: datetime) -> None:
        """A signature stopped counting."""
        self.updated_at = at
        self.approved_at = None

    @move(states.START)
    def start(self, *, at: datetime) -> None:
        """It is being carried out."""
        self.started_at = at

    @move(states.FINISH)
    def finish(self, *, at: datetime) -> None:
        """Carried out, to be verified."""
        self.finished_at = at

    @move(states.ROLL_BACK)
    def roll_back(self, *, at: datetime) -> None:
        """Taken back."""
        self.finished_at = at
        self.outcome = ChangeOutcome.ROLLED_BACK

    @move(states.DOCUMENT)
    def document(self, *, at: datetime) -> None:
        """The emergency is over, the record is being written."""
        self.updated_at = at

    @move(states.RECORD)
    def record(self, *, at: datetime, outcome: ChangeOutcome) -> None:
        """The retrospective record is complete (§6.4)."""
        self.recorded_at = at
        self.closed_at = at
        self.outcome = outcome

    @move(states.CLOSE)
    def close(self, *, at: datetime, outcome: ChangeOutcome) -> None:
        """Done, with how it ended."""
        self.closed_at = at
        self.outcome = outcome
