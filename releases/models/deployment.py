"""Deployment: one version on its way into one environment (§4), with its steps and what was seen of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from changes.policy.scope import Action
from cybercube_portal.stateful import StateField, StatefulModel, choices_of, move, state_triggers
from releases import states
from releases.states import UNDER_WAY, DeploymentState, Method, RollbackMethod, Trigger


class Deployment(StatefulModel):
    """One deployment. `reference` is `DEP-NNN`; `decision` is the gate's, spent by it and by nothing else.

    A rollback by a flag deploys nothing and has no decision: its version is the one that goes on, with the flag off.

    `action` is deploy or rollback; `rolls_back` is what a rollback takes back. `steps` [{weight, pause_seconds}] of a canary
    with the index of the one it is at (`step`). `version` is what is expected, `observed_version` what answered.
    `lead_times` are the seconds from each commit to production, where it was the first to bring them there.
    `previous_version` was the last healthy one there when it started. `baseline` {error_rate, latency_p99} is from before it.
    """

    reference = models.CharField(max_length=24, unique=True)
    service = models.ForeignKey("catalog.Service", on_delete=models.PROTECT, related_name="deployments")
    version = models.CharField(max_length=128)
    digest = models.CharField(max_length=71)
    environment = models.CharField(max_length=8)
    action = models.CharField(max_length=16, choices=choices_of(Action), default=Action.DEPLOY)
    method = models.CharField(max_length=16, choices=choices_of(Method))
    steps = models.JSONField(default=list)
    step = models.PositiveSmallIntegerField(default=0)
    step_judgements = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    state = StateField(choices=choices_of(DeploymentState), default=DeploymentState.PENDING)
    decision = models.OneToOneField(
        "releases.GateDecision", null=True, on_delete=models.PROTECT, related_name="deployment"
    )
    change = models.CharField(max_length=24, blank=True)
    release = models.CharField(max_length=160, blank=True)
    rolls_back = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="rollbacks")
    run = models.JSONField(default=dict)
    started_by = models.ForeignKey("people.User", null=True, on_delete=models.PROTECT, related_name="+")
    previous_version = models.CharField(max_length=128, blank=True)
    observed_version = models.CharField(max_length=128, blank=True)
    baseline = models.JSONField(default=dict)
    lead_times = ArrayField(models.FloatField(), default=list)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    stepped_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    watch_until = models.DateTimeField(null=True)
    watched_at = models.DateTimeField(null=True)
    alerted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        triggers = state_triggers(states.DEPLOYMENT_MOVES, first_state=DeploymentState.PENDING)
        constraints: ClassVar = [
            # A rollback takes over; two deployments of one kind never run in one place (domain.md section 4).
            models.UniqueConstraint(
                fields=["service", "environment", "action"],
                condition=Q(state__in=sorted(state.value for state in UNDER_WAY)),
                name="deployment_one_under_way",
            ),
            models.CheckConstraint(
                condition=Q(action=Action.ROLLBACK) | Q(rolls_back__isnull=True),
                name="deployment_only_rollbacks_take_back",
            ),
            models.CheckConstraint(
                condition=Q(action=Action.ROLLBACK) | Q(decision__isnull=False),
                name="deployment_spends_a_decision",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="deployment_newest"),
            models.Index(fields=["state", "-created_at", "-id"], name="deployment_state_newest"),
            models.Index(
                fields=["-created_at", "-id"], name="deployment_rollbacks", condition=Q(action=Action.ROLLBACK)
            ),
            GinIndex(
                OpClass(Upper("reference"), name="gin_trgm_ops"),
                OpClass(Upper("version"), name="gin_trgm_ops"),
                name="deployment_text",
            ),
            models.Index(fields=["service", "environment", "-id"], name="deployment_in_place"),
            models.Index(
                fields=["created_at"],
                name="deployment_to_production",
                condition=Q(environment="prd", action=Action.DEPLOY),
            ),
            models.Index(
                fields=["service", "created_at"],
                name="deployment_of_service_to_prd",
                condition=Q(environment="prd", action=Action.DEPLOY),
            ),
            models.Index(fields=["digest", "environment", "-id"], name="deployment_of_digest"),
            models.Index(fields=["change", "-id"], name="deployment_by_change", condition=~Q(change="")),
            models.Index(fields=["release", "-id"], name="deployment_by_release", condition=~Q(release="")),
            models.Index(
                fields=["deadline_at"],
                name="deployment_deadline",
                condition=Q(state__in=sorted(state.value for state in UNDER_WAY)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.version} to {self.environment}"

    @property
    def is_rollback(self) -> bool:
        """Whether it goes back to what ran before."""
        return self.action == Action.ROLLBACK

    @property
    def current_step(self) -> dict[str, Any] | None:
        """The canary step it is at; None without steps."""
        return self.steps[self.step] if self.step < len(self.steps) else None

    @move(states.START_DEPLOYMENT)
    def start(self, *, at: datetime) -> None:
        """It is being carried out."""
        self.started_at = self.stepped_at = at

    @move(states.ADVANCE_DEPLOYMENT)
    def advance(self, *, at: datetime, deadline: datetime) -> None:
        """The next canary step."""
        self.step += 1
        self.stepped_at = at
        self.deadline_at = deadline

    @move(states.FINISH_DEPLOYMENT)
    def finish(self, *, at: datetime, deadline: datetime) -> None:
        """Carried out, to be verified until `deadline`."""
        self.finished_at = at
        self.deadline_at = deadline

    @move(states.PASS_DEPLOYMENT)
    def pass_verification(self, *, at: datetime, watch_until: datetime | None) -> None:
        """Verified; watched until then (§5.3), or not at all."""
        self.verified_at = at
        self.watch_until = watch_until

    @move(states.FAIL_DEPLOYMENT, states.FAIL_ROLLBACK)
    def fail(self, *, at: datetime) -> DeploymentState:
        """Not good; a deployment that was being rolled back could not be restored."""
        self.ended_at = at
        is_rolling_back = self.state == DeploymentState.ROLLING_BACK
        return DeploymentState.ROLLBACK_FAILED if is_rolling_back else DeploymentState.FAILED

    @move(states.ROLL_BACK_DEPLOYMENT)
    def roll_back(self, *, at: datetime) -> None:
        """Being taken back."""
        self.ended_at = at

    @move(states.RESTORE_DEPLOYMENT)
    def restore(self, *, at: datetime) -> None:
        """What ran before runs again."""
        self.ended_at = at

    @move(states.ABORT_DEPLOYMENT)
    def abort(self, *, at: datetime) -> None:
        """Given up before anything was finished."""
        self.ended_at = at


class Rollback(models.Model):
    """How and why a deployment is taken back (§8). `by` is the deployment that carries it out.

    `is_automatic`: started by the system (§8.5). `impact` and `next_steps` are the words of the notice of §8.6, `notice` the
    filled-in Markdown once it was sent. `incident` is the reference of the one it answers, in production. `flag` is the key of the one that was
    switched off, by that method.
    """

    by = models.OneToOneField(Deployment, on_delete=models.PROTECT, related_name="rollback")
    method = models.CharField(max_length=24, choices=choices_of(RollbackMethod))
    trigger = models.CharField(max_length=24, choices=choices_of(Trigger))
    driver = models.CharField(max_length=32)
    reason = models.TextField()
    is_automatic = models.BooleanField(default=False)
    impact = models.TextField(blank=True)
    next_steps = models.TextField(blank=True)
    notice = models.TextField(blank=True)
    noticed_at = models.DateTimeField(null=True)
    driver_said = models.TextField(blank=True)
    handed_over_at = models.DateTimeField(null=True)
    incident = models.CharField(max_length=24, blank=True)
    flag = models.CharField(max_length=100, blank=True, db_default="")

    def __str__(self) -> str:
        return f"{self.method}: {self.reason[:60]}"
