"""Shapes of a change in the API: what people write, and what the portal answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from changes.api.fields import ArtifactField, DurationField, LongField, WhenField, WordField
from changes.policy.approvals import ReleaseType
from changes.policy.lifecycle import IMPACT
from changes.policy.risk import QUESTIONS
from changes.proposals import MOST_ARTIFACTS, MOST_SERVICES
from changes.states import ChangeOutcome, ChangeState, ChangeType, Risk, SignatureState
from cybercube_portal.api import MomentField, StrictSerializer
from cybercube_portal.api.reasons import ReasonsField

TYPES = [kind.value for kind in ChangeType]
STATES = [state.value for state in ChangeState]
RISKS = [risk.value for risk in Risk]
RELEASES = [kind.value for kind in ReleaseType]
OUTCOMES = [outcome.value for outcome in ChangeOutcome]


class PersonSerializer(serializers.Serializer[Any]):
    """Who."""

    username = serializers.CharField()
    name = serializers.CharField(source="get_full_name")


class AnswersSerializer(StrictSerializer):
    """The seven questions of §5.6; null is not answered."""

    def get_fields(self) -> dict[str, Any]:
        """One for each question."""
        return {
            key: serializers.BooleanField(required=False, allow_null=True, help_text=question)
            for key, question in QUESTIONS.items()
        }


class RiskSerializer(StrictSerializer):
    """`level` sent: what people choose, never below what is computed; null goes back to it. Read: what counts."""

    answers = AnswersSerializer(required=False)
    level = serializers.ChoiceField(RISKS, required=False, allow_null=True)
    computed = serializers.ChoiceField(RISKS, read_only=True)
    raised_to = WordField(read_only=True)
    factors = serializers.ListField(child=serializers.CharField(), read_only=True)


class ImpactSerializer(StrictSerializer):
    """§6.6: the impact on each, or `none`."""

    def get_fields(self) -> dict[str, Any]:
        """customers, downtime, data."""
        return {part: serializers.CharField(required=False, allow_blank=True, max_length=2000) for part in IMPACT}


class ListedRiskSerializer(serializers.Serializer[Any]):
    """The risk that counts."""

    level = serializers.ChoiceField(RISKS, source="risk_level")
    factors = serializers.ListField(child=serializers.CharField(), source="risk_factors")


class ListedChangeSerializer(serializers.Serializer[Any]):
    """A change in a list."""

    number = serializers.CharField()
    title = serializers.CharField()
    type = serializers.ChoiceField(TYPES)
    state = serializers.ChoiceField(STATES)
    version = serializers.IntegerField()
    services = serializers.ListField(child=serializers.CharField())
    environments = serializers.ListField(child=serializers.CharField())
    artifacts = serializers.ListField(child=ArtifactField())
    scheduled_time = MomentField()
    estimated_duration = DurationField()
    risk_assessment = ListedRiskSerializer(source="*")
    requester = PersonSerializer()
    outcome = WordField()
    created_at = MomentField()
    updated_at = MomentField()
    submitted_at = MomentField(allow_null=True)


class SeatSerializer(serializers.Serializer[Any]):
    """One approval by one person holding any of `roles`. `source` names the tables of the standard that ask for it."""

    label = serializers.CharField()  # type: ignore[assignment]  # api.md's names; the framework takes fields off the class
    roles = serializers.ListField(child=serializers.CharField())
    source = serializers.CharField()  # type: ignore[assignment]
    sources = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(["open", "filled", "waived"])
    by = serializers.CharField(allow_null=True)
    at = MomentField(allow_null=True)


class SignatureSerializer(serializers.Serializer[Any]):
    """A signature ever given. `counts`: for the content as it is, by `roles` held for a team of its services."""

    by = serializers.CharField()
    name = serializers.CharField()
    state = serializers.ChoiceField([state.value for state in SignatureState])
    counts = serializers.BooleanField()
    seat = WordField()
    roles = serializers.ListField(child=serializers.CharField())
    comment = serializers.CharField(allow_blank=True)
    via = serializers.CharField()
    content_hash = serializers.CharField()
    at = MomentField()
    ended_at = MomentField(allow_null=True)
    ended_because = WordField()


class ApprovalsSerializer(serializers.Serializer[Any]):
    """Send `content_hash` with an approval to sign exactly what was read."""

    complete = serializers.BooleanField()
    content_hash = serializers.CharField()
    seats = SeatSerializer(many=True)
    signatures = SignatureSerializer(many=True)


class ConflictSerializer(serializers.Serializer[Any]):
    """Another change that works there at the same time. `kind`: the same service, or one it depends on."""

    number = serializers.CharField()
    service = serializers.CharField()
    other_service = serializers.CharField()
    environment = serializers.CharField()
    kind = serializers.CharField()
    start = MomentField(source="span.start")
    end = MomentField(source="span.end")


class GrantedExceptionSerializer(serializers.Serializer[Any]):
    """A freeze that this change may pass."""

    freeze = serializers.CharField(source="freeze.reference")
    title = serializers.CharField(source="freeze.title")
    by = serializers.CharField(source="granted_by.username")
    reason = serializers.CharField()
    at = MomentField()


class MoveOptionSerializer(serializers.Serializer[Any]):
    """A verb this change knows in its state; `reasons` say what stands in the caller's way."""

    verb = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # api.md's names; the framework takes fields off the class
    allowed = serializers.BooleanField()
    reasons = ReasonsField()


class HappeningSerializer(serializers.Serializer[Any]):
    """One event of the record. `changes`: [{field, before, after}]."""

    event_id = serializers.CharField()
    at = MomentField()
    verb = serializers.CharField()
    object_type = serializers.CharField()
    object_id = serializers.CharField()
    actor = serializers.DictField()
    data = serializers.DictField()  # type: ignore[assignment]  # the record's own word; the framework takes fields off the class
    changes = serializers.ListField(child=serializers.DictField())


class AuthorisationSerializer(serializers.Serializer[Any]):
    """The spoken approval of an emergency (§6.4)."""

    approver = serializers.CharField()
    called_by = serializers.CharField()
    verbal_at = serializers.CharField()
    how = serializers.CharField()
    criteria = serializers.ListField(child=serializers.CharField())
    started_at = serializers.CharField(allow_null=True)
    confirm_by = MomentField(allow_null=True)
    confirmed_at = MomentField(allow_null=True)


class EmergencyRecordSerializer(serializers.Serializer[Any]):
    """The retrospective record of an emergency (§6.4, R5)."""

    due_at = MomentField(allow_null=True)
    overdue = serializers.BooleanField()
    what_happened = WordField()
    prevention = WordField()
    severity = WordField()
    postmortem_at = MomentField(allow_null=True)
    recorded_at = MomentField(allow_null=True)


class ChangeSerializer(StrictSerializer):
    """A change request (§6.6). Members that are only read may be sent back as they were; they change nothing."""

    number = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(STATES, read_only=True)
    version = serializers.IntegerField(read_only=True)

    title = serializers.CharField(max_length=200)
    type = serializers.ChoiceField(TYPES)
    template = WordField(max_length=80, help_text="Of a standard change: the template's slug.")
    description = LongField()
    services = serializers.ListField(child=serializers.CharField(max_length=64), max_length=MOST_SERVICES)
    environments = serializers.ListField(child=serializers.CharField(max_length=16), max_length=10)
    artifacts = serializers.ListField(child=ArtifactField(), max_length=MOST_ARTIFACTS, required=False)
    release = WordField(max_length=160)
    release_type = serializers.ChoiceField(RELEASES, required=False, allow_null=True, allow_blank=True)
    parameters = serializers.DictField(required=False)
    scheduled_time = WhenField()
    estimated_duration = DurationField()
    risk_assessment = RiskSerializer(required=False)
    impact = ImpactSerializer(required=False)
    rollback_plan = LongField()
    rollback_version = WordField(max_length=80)
    rollback_flag = WordField(max_length=100)
    notes = serializers.CharField(max_length=10_000, required=False, allow_blank=True)

    slot = serializers.DictField(read_only=True, help_text="{start, end}: its own time, an hour of grace included.")
    migrations = serializers.ListField(child=serializers.DictField(), read_only=True)
    requester = PersonSerializer(read_only=True)
    editors = serializers.ListField(child=serializers.CharField(), read_only=True)
    implementer = PersonSerializer(read_only=True, allow_null=True)
    outcome = WordField(read_only=True)
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)
    submitted_at = MomentField(read_only=True, allow_null=True)
    approved_at = MomentField(read_only=True, allow_null=True)
    started_at = MomentField(read_only=True, allow_null=True)
    finished_at = MomentField(read_only=True, allow_null=True)
    closed_at = MomentField(read_only=True, allow_null=True)
    approvals = ApprovalsSerializer(read_only=True)
    blockers = ReasonsField(read_only=True)
    conflicts = ConflictSerializer(many=True, read_only=True)
    freeze_exceptions = GrantedExceptionSerializer(many=True, read_only=True)
    moves = MoveOptionSerializer(many=True, read_only=True)
    authorisation = AuthorisationSerializer(read_only=True, allow_null=True)
    record = EmergencyRecordSerializer(read_only=True, allow_null=True)
    claims = serializers.DictField(
        read_only=True, help_text="What an imported record said of approvals; proves nothing."
    )
    history = HappeningSerializer(many=True, read_only=True)


class CommentSerializer(StrictSerializer):
    """A word on a change."""

    id = serializers.IntegerField(read_only=True)
    author = PersonSerializer(read_only=True)
    body = serializers.CharField(max_length=10_000)
    at = MomentField(read_only=True)
