"""The gate's log: GateDecision is a question that was put, GateEvaluation one answer to it. Both only grow.

Plain texts, no foreign keys to what was judged: the log says what was asked and answered, whatever becomes of the rest.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from changes.policy.scope import Action
from cybercube_portal.stateful import append_only_triggers, choices_of
from releases.states import GateOutcome


class GateDecision(models.Model):
    """One question at the gate. While the answer is `wait` its id stays and evaluations are appended.

    `version` is spelt as it was asked; `digest` and `change_named` are empty where the question did not name them, and
    `change_named` is the change filed for a question that named a template. `run` is {provider, id, attempt, url} of the CI run or {}; `asked_by` is the user name of the credential, `key_prefix` its API
    key's, `oidc:` and the name of a trusted identity, or empty for a browser's session, `actor` what the pipeline says of who set it going. `idempotency_key` is the
    caller's, `question_hash` a SHA-256 over the question as it was sent: the same key with another question is refused.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.CharField(max_length=64)
    version = models.CharField(max_length=128)
    digest = models.CharField(max_length=71, blank=True)
    environment = models.CharField(max_length=32)
    action = models.CharField(max_length=16, choices=choices_of(Action))
    change_named = models.CharField(max_length=24, blank=True)
    run = models.JSONField(default=dict)
    actor = models.CharField(max_length=150, blank=True)
    asked_by = models.CharField(max_length=150)
    key_prefix = models.CharField(max_length=96, blank=True)
    asked_at = models.DateTimeField()
    request_id = models.CharField(max_length=64, blank=True)
    idempotency_key = models.CharField(max_length=255, blank=True)
    question_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering: ClassVar = ["-asked_at", "-id"]
        triggers: ClassVar = append_only_triggers()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["asked_by", "key_prefix", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="gate_question_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["-asked_at", "-id"], name="gate_newest"),
            models.Index(fields=["service", "environment", "-asked_at"], name="gate_by_service"),
        ]

    def __str__(self) -> str:
        return f"{self.service}:{self.version} to {self.environment}"


class FailedFreezes(models.Func):
    """The references of the freezes that failed, out of an evaluation's reasons: what the index of denials holds."""

    template = """jsonb_path_query_array(%(expressions)s, '$[*] ? (@.outcome == "fail").details.freeze')"""
    output_field = models.JSONField()


class GateEvaluation(models.Model):
    """What the gate answered at one moment, written before the answer left.

    `digest` is the one that was judged, `change` and `release` what spoke for it; `reasons` holds every reason in its
    public shape; `inputs` is a SHA-256 over the facts as they were read. An allow holds until `valid_until`, exclusive.
    """

    # `gate_evaluation_latest` is the index of the foreign key too.
    decision = models.ForeignKey(GateDecision, on_delete=models.PROTECT, related_name="evaluations", db_index=False)
    outcome = models.CharField(max_length=8, choices=choices_of(GateOutcome))
    reasons = models.JSONField(encoder=DjangoJSONEncoder)
    digest = models.CharField(max_length=71, blank=True)
    change = models.CharField(max_length=24, blank=True)
    release = models.CharField(max_length=160, blank=True)
    decided_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    next_allowed_at = models.DateTimeField(null=True)
    inputs = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["id"]
        triggers: ClassVar = append_only_triggers()
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(outcome__in=[outcome.value for outcome in GateOutcome]), name="gate_outcome_known"
            ),
            models.CheckConstraint(condition=Q(inputs__regex=r"^[0-9a-f]{64}$"), name="gate_inputs_hashed"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["decision", "-id"], name="gate_evaluation_latest"),
            models.Index(fields=["change", "-id"], name="gate_evaluation_by_change", condition=~Q(change="")),
            GinIndex(
                OpClass(FailedFreezes("reasons"), name="jsonb_path_ops"),
                name="gate_denied_by_freeze",
                condition=Q(outcome=GateOutcome.DENY),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision_id}: {self.outcome}"
