"""What each verb of a change takes."""

from __future__ import annotations

from rest_framework import serializers

from changes.api.fields import DurationField, LongField, WhenField
from changes.api.serializers import OUTCOMES
from changes.policy.emergency import CRITERIA, Severity
from cybercube_portal.api import MomentField, StrictSerializer

TEXT = 10_000


class NothingBody(StrictSerializer):
    """Takes nothing."""


class FeedBody(StrictSerializer):
    """`team`: the calendar of that team's services; left out: your own."""

    team = serializers.CharField(max_length=64, required=False)


class ApproveBody(StrictSerializer):
    """`content_hash`: what the approver read; another content by now is refused (412)."""

    comment = serializers.CharField(max_length=TEXT, allow_blank=True, required=False)
    content_hash = serializers.CharField(max_length=64, required=False)


class RefuseBody(StrictSerializer):
    """A refusal says why."""

    comment = serializers.CharField(max_length=TEXT)
    content_hash = serializers.CharField(max_length=64, required=False)


class CancelBody(StrictSerializer):
    """Why it will not happen."""

    reason = serializers.CharField(max_length=TEXT, allow_blank=True, required=False)


class RescheduleBody(StrictSerializer):
    """Another slot; the duration stays when it is left out."""

    scheduled_time = WhenField()
    estimated_duration = DurationField(required=False)


class AuthoriseBody(StrictSerializer):
    """The spoken approval of an emergency (§6.4). `started_at`: when work on it had begun already."""

    approver = serializers.CharField(max_length=150)
    verbal_at = MomentField()
    how = serializers.CharField(max_length=1000)
    criteria = serializers.ListField(child=serializers.ChoiceField(list(CRITERIA)), max_length=len(CRITERIA))
    started_at = MomentField(required=False, allow_null=True)


class FinishBody(StrictSerializer):
    """What is worth knowing afterwards."""

    notes = serializers.CharField(max_length=TEXT, allow_blank=True, required=False)


class CloseBody(StrictSerializer):
    """How it ended."""

    outcome = serializers.ChoiceField(OUTCOMES)
    notes = serializers.CharField(max_length=TEXT, allow_blank=True, required=False)


class RollBackBody(StrictSerializer):
    """Why it is taken back (§8.6)."""

    reason = serializers.CharField(max_length=TEXT)


class RecordBody(StrictSerializer):
    """The retrospective record (§6.4). SEV-1 and SEV-2 need `postmortem_at`."""

    what_happened = LongField(required=True, allow_blank=False)
    prevention = LongField(required=True, allow_blank=False)
    severity = serializers.ChoiceField([severity.value for severity in Severity])
    postmortem_at = MomentField(required=False, allow_null=True)
    outcome = serializers.ChoiceField(OUTCOMES, required=False)
