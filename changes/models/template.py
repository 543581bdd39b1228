"""Template: one pre-approved kind of standard change (§6.2)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from changes import states
from changes.states import TemplateState
from cybercube_portal.stateful import StateField, StatefulModel, choices_of, move, state_triggers


class Template(StatefulModel):
    """`kind` names the row of conditions in `policy.standard`; `bounds` narrows it (e.g. `{"replicas": [1, 20]}`)."""

    slug = models.SlugField(max_length=80, unique=True)
    kind = models.CharField(max_length=32)
    title = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    rollback_plan = models.TextField(blank=True)
    bounds = models.JSONField(default=dict)
    services = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    teams = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    state = StateField(choices=choices_of(TemplateState), default=TemplateState.PROPOSED)
    # Null: the standard itself, whose table of §6.2 is the pre-approval.
    proposed_by = models.ForeignKey(
        "people.User", null=True, on_delete=models.PROTECT, related_name="templates_proposed"
    )
    proposed_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["slug"]
        triggers = state_triggers(states.TEMPLATE_MOVES, first_state=TemplateState.PROPOSED)

    def __str__(self) -> str:
        return self.slug

    @move(states.ACTIVATE_TEMPLATE)
    def activate(self, *, at: datetime) -> None:
        """CAB's seats agreed."""
        self.activated_at = at

    @move(states.RETIRE_TEMPLATE)
    def retire(self, *, at: datetime) -> None:
        """No new change may use it."""
        self.retired_at = at
