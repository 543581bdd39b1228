"""Shapes of a deployment in the API: what pipelines write, and what the portal answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from changes.api.fields import WordField
from changes.api.serializers import HappeningSerializer, MoveOptionSerializer, PersonSerializer
from cybercube_portal.api import MomentField, StrictSerializer
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES
from releases.api.serializers import RunSerializer
from releases.policy.deployment import DEPLOYS, LONGEST_PAUSE, MOST_STEPS, WHOLE
from releases.states import (
    CheckKind,
    DeploymentState,
    Method,
    RollbackMethod,
    Trigger,
    Verdict,
    VerificationState,
    WatchFinding,
)

STATES = [state.value for state in DeploymentState]
METHODS = [method.value for method in Method]
VERDICTS = [verdict.value for verdict in Verdict]
LONGEST_TOKEN = 8_000
TEXT = 10_000


class StepSerializer(StrictSerializer):
    """One step of a canary: how much of the traffic, then how long to watch it."""

    weight = serializers.IntegerField(min_value=1, max_value=WHOLE, help_text="Percent.")
    pause_seconds = serializers.IntegerField(min_value=0, max_value=LONGEST_PAUSE, default=0)


class StartDeploymentBody(StrictSerializer):
    """What a pipeline says when it starts."""

    decision = serializers.CharField(max_length=LONGEST_TOKEN, help_text="The gate's decision: its id or its token.")
    method = serializers.ChoiceField(METHODS, default=Method.ROLLING.value)
    steps = serializers.ListField(
        child=StepSerializer(),
        max_length=MOST_STEPS,
        required=False,
        help_text="Of a canary; left out: 5, 25, 50, 100.",
    )
    run = RunSerializer(required=False, help_text="The CI run that starts it; left out: the one that asked the gate.")


class FinishDeploymentBody(StrictSerializer):
    """How the pipeline came out."""

    status = serializers.ChoiceField(["succeeded", "failed"])
    note = serializers.CharField(max_length=TEXT, required=False, allow_blank=True)


class AbortDeploymentBody(StrictSerializer):
    """Why it is given up."""

    reason = serializers.CharField(max_length=TEXT)


class FailDeploymentBody(StrictSerializer):
    """Why it is not trusted."""

    reason = serializers.CharField(max_length=TEXT)


class RollBackDeploymentBody(StrictSerializer):
    """Why it is taken back (§8.1), and how, where the portal shall not choose."""

    reason = serializers.CharField(max_length=TEXT)
    to_version = serializers.CharField(
        max_length=128, required=False, help_text="A version that was healthy there; left out: the last one."
    )
    trigger = serializers.ChoiceField([trigger.value for trigger in Trigger], required=False)
    method = serializers.ChoiceField([method.value for method in RollbackMethod], required=False)


class CorruptionBody(StrictSerializer):
    """What is corrupt."""

    reason = serializers.CharField(max_length=TEXT)


class NoticeBody(StrictSerializer):
    """People's words in the notice of §8.6 (Markdown); an empty one goes back to what the facts say."""

    impact = serializers.CharField(max_length=TEXT, required=False, allow_blank=True)
    next_steps = serializers.CharField(max_length=TEXT, required=False, allow_blank=True)


class CheckSerializer(serializers.Serializer[Any]):
    """What one check of §4.7 found. `value` is a fraction (error rate) or milliseconds (latency)."""

    kind = serializers.ChoiceField([kind.value for kind in CheckKind])
    verdict = serializers.ChoiceField(VERDICTS)
    code = serializers.CharField()
    section = serializers.CharField()
    message = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    threshold = serializers.FloatField(allow_null=True)
    seen = serializers.DictField()
    seconds = serializers.FloatField()
    at = MomentField()


class VerificationSerializer(serializers.Serializer[Any]):
    """The last run of all checks; `verdict` is null while it runs."""

    number = serializers.IntegerField()
    state = serializers.ChoiceField([state.value for state in VerificationState])
    verdict = serializers.ChoiceField(VERDICTS, allow_null=True)
    queued_at = MomentField()
    started_at = MomentField(allow_null=True)
    ended_at = MomentField(allow_null=True)
    message = WordField()
    checks = CheckSerializer(many=True)


class SampleSerializer(serializers.Serializer[Any]):
    """What was seen at one moment of the watch (§8.5). `findings` are the rows it fell under, the gravest first."""

    at = MomentField()
    is_healthy = serializers.BooleanField(allow_null=True)
    observed_version = WordField()
    error_rate = serializers.FloatField(allow_null=True)
    latency_p99 = serializers.FloatField(allow_null=True)
    findings = serializers.ListField(child=serializers.ChoiceField([finding.value for finding in WatchFinding]))
    message = WordField()


class WatchSerializer(serializers.Serializer[Any]):
    """The 30 minutes after (§5.3)."""

    until = MomentField()
    ended_at = MomentField(allow_null=True)
    alerted_at = MomentField(allow_null=True)
    samples = SampleSerializer(many=True)


class RollbackSerializer(serializers.Serializer[Any]):
    """How and why it is taken back (§8), by which deployment."""

    deployment = serializers.CharField()
    takes_back = serializers.CharField(allow_null=True)
    to_version = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    started_at = MomentField(allow_null=True)
    ended_at = MomentField(allow_null=True)
    method = serializers.ChoiceField([method.value for method in RollbackMethod], allow_null=True)
    trigger = serializers.ChoiceField([trigger.value for trigger in Trigger], allow_null=True)
    driver = serializers.CharField(allow_null=True)
    flag = WordField(help_text="The flag that was switched off, by that method.")
    reason = WordField()
    is_automatic = serializers.BooleanField(help_text="Started by the system (§8.5).")
    driver_said = WordField(help_text="What the driver said last; by hand: the commands to type.")
    handed_over_at = MomentField(allow_null=True)
    incident = serializers.CharField(allow_null=True)
    impact = WordField()
    next_steps = WordField()
    notice = WordField(help_text="The notification of §8.6 (Markdown), once it was sent.")
    noticed_at = MomentField(allow_null=True)


class ListedDeploymentSerializer(serializers.Serializer[Any]):
    """A deployment in a list."""

    id = serializers.CharField()
    service = serializers.CharField()
    team = serializers.CharField()
    version = serializers.CharField()
    digest = serializers.CharField()
    environment = serializers.ChoiceField(sorted(set(ENVIRONMENT_NAMES.values())))
    action = serializers.ChoiceField(sorted(action.value for action in DEPLOYS))
    method = serializers.ChoiceField(METHODS)
    state = serializers.ChoiceField(STATES)
    change = serializers.CharField(allow_null=True, help_text="What spoke for it.")
    release = serializers.CharField(allow_null=True, help_text="Whose version it is.")
    rolls_back = serializers.CharField(allow_null=True, help_text="What a rollback takes back.")
    started_by = PersonSerializer(allow_null=True)
    created_at = MomentField()
    started_at = MomentField(allow_null=True)
    finished_at = MomentField(allow_null=True)
    verified_at = MomentField(allow_null=True)
    ended_at = MomentField(allow_null=True)


class DeploymentSerializer(ListedDeploymentSerializer):
    """A deployment with everything known of it."""

    decision = serializers.UUIDField(
        allow_null=True,
        help_text="The gate's decision that it spent; null: a flag was switched off, and nothing deployed.",
    )
    expected_version = serializers.CharField()
    observed_version = WordField(help_text="What the service itself said.")
    previous_version = WordField(help_text="The last healthy version there when it started.")
    steps = StepSerializer(many=True)
    step = serializers.IntegerField(help_text="Index of the step a canary is at.")
    step_judgements = serializers.ListField(child=serializers.DictField())
    run = RunSerializer(allow_null=True, help_text="The CI run that started it.")
    note = WordField()
    deadline_at = MomentField()
    verification = VerificationSerializer(allow_null=True)
    watch = WatchSerializer(allow_null=True)
    rollback = RollbackSerializer(allow_null=True)
    moves = MoveOptionSerializer(many=True)
    history = HappeningSerializer(many=True)
