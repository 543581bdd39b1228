"""Shapes of flags in the API: what people write, and what the portal answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from changes.api.fields import WhenField
from changes.api.serializers import PersonSerializer
from cybercube_portal.api import MomentField, StrictSerializer
from cybercube_portal.api.reasons import ReasonsField
from flags.policy.lifecycle import Stage
from flags.policy.naming import FlagType, ValueType
from flags.policy.variants import MOST_VARIANTS
from flags.states import StepKind, StepState, VersionKind

ENVIRONMENTS = ["dev", "stg", "prd"]
TYPES = [kind.value for kind in FlagType]
VALUE_TYPES = [kind.value for kind in ValueType]
TEXT = 10_000
REASON = 1000


class FlagVariantSerializer(StrictSerializer):
    """A named value of the flag's type."""

    name = serializers.CharField(max_length=50)
    value = serializers.JSONField()


class FlagStepSerializer(serializers.Serializer[Any]):
    """A planned step, or a running ramp. `holds`: seconds after each percentage but the last, null until somebody lets it go on.

    `awaits_approval`: it does so now. `held_up_by`: what stood in the way when its time came.
    """

    kind = serializers.ChoiceField([kind.value for kind in StepKind])
    state = serializers.ChoiceField([state.value for state in StepState])
    base_version = serializers.IntegerField()
    percentages = serializers.ListField(child=serializers.FloatField(allow_null=True))
    holds = serializers.ListField(child=serializers.IntegerField(allow_null=True))
    done = serializers.IntegerField()
    awaits_approval = serializers.BooleanField()
    due_at = MomentField()
    change = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    requested_by = PersonSerializer()
    requested_at = MomentField()
    held_up_by = serializers.CharField(allow_blank=True)


class KilledSerializer(serializers.Serializer[Any]):
    """Who killed it, and why."""

    at = MomentField()
    by = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class ServedSerializer(serializers.Serializer[Any]):
    """What a flag serves in one environment. `exposure`: at most this share of people is served something else than the safe variant, `certain_exposure`: at least this.

    `change`: the change that this answer's step goes by; `step` waits, or runs.
    """

    flag = serializers.CharField()
    environment = serializers.ChoiceField(ENVIRONMENTS)
    version = serializers.IntegerField()
    enabled = serializers.BooleanField()
    default_variant = serializers.CharField(allow_null=True)
    safe_variant = serializers.CharField(allow_null=True)
    rollout_percentage = serializers.FloatField(allow_null=True)
    rollout_variant = serializers.CharField(allow_null=True)
    bucket_by = serializers.CharField()
    salt = serializers.CharField()
    rules = serializers.ListField(child=serializers.DictField())
    prerequisites = serializers.ListField(child=serializers.DictField())
    exposure = serializers.FloatField()
    certain_exposure = serializers.FloatField()
    killed = KilledSerializer(allow_null=True)
    changed_at = MomentField()
    full_since = MomentField(allow_null=True)
    step = FlagStepSerializer(allow_null=True)
    change = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(
        ["applied", "unchanged", "in_review", "approved", "scheduled", "running"], required=False
    )


class FlagSerializer(StrictSerializer):
    """A flag. Left out: `value_type` boolean, `variants` on and off, `safe_variant` off, `team` the service's or yours, `expires_at` in
    30 days for what is temporary (§7.6). `type`, `value_type` and `safe_variant` never change; variants are only added to.
    """  # noqa: D205

    key = serializers.CharField(max_length=200)
    name = serializers.CharField(max_length=200)
    type = serializers.ChoiceField(TYPES)
    description = serializers.CharField(max_length=TEXT, required=False, allow_blank=True)
    value_type = serializers.ChoiceField(VALUE_TYPES, required=False)
    variants = serializers.ListField(child=FlagVariantSerializer(), required=False, max_length=MOST_VARIANTS)
    safe_variant = serializers.CharField(max_length=50, required=False, allow_null=True)
    service = serializers.CharField(max_length=64, required=False, allow_blank=True)
    team = serializers.CharField(max_length=64, required=False)
    owner = serializers.CharField(max_length=150, required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=50), required=False, max_length=30)
    client_visible = serializers.BooleanField(required=False)
    expires_at = MomentField(required=False, allow_null=True)
    permanent_reason = serializers.CharField(max_length=300, required=False, allow_blank=True)
    version = serializers.IntegerField(read_only=True)
    created_at = MomentField(read_only=True)
    created_by = PersonSerializer(read_only=True, allow_null=True)
    archived_at = MomentField(read_only=True, allow_null=True)
    stage = serializers.ChoiceField([stage.value for stage in Stage], read_only=True)
    environments = serializers.DictField(child=ServedSerializer(), read_only=True)


class FullFlagSerializer(FlagSerializer):
    """The same with the checklist of §7.6."""

    cleanup = ReasonsField(read_only=True)


class EditFlagSerializer(StrictSerializer):
    """What of a flag can be edited. A later expiry needs a `reason` (§7.6)."""

    reason = serializers.CharField(max_length=REASON, allow_blank=True)
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=TEXT, allow_blank=True)
    variants = serializers.ListField(child=FlagVariantSerializer(), max_length=MOST_VARIANTS)
    service = serializers.CharField(max_length=64, allow_blank=True)
    team = serializers.CharField(max_length=64)
    owner = serializers.CharField(max_length=150, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=50), max_length=30)
    client_visible = serializers.BooleanField()
    expires_at = MomentField(allow_null=True)
    permanent_reason = serializers.CharField(max_length=300, allow_blank=True)


class ServingBody(StrictSerializer):
    """What to serve from now on; what is left out stays. `version`: the one you read (or If-Match).

    Rules: {id?, conditions[{attribute, operator, value, salt?}], variant or split[{variant, weight}]}, or the standard's
    {attribute, operator, value, result}. `scheduled_time`: not before then. `change`: an authorised emergency to go by.
    """

    version = serializers.IntegerField(required=False, min_value=1)
    reason = serializers.CharField(max_length=REASON, required=False, allow_blank=True)
    change = serializers.CharField(max_length=24, required=False, allow_blank=True)
    scheduled_time = WhenField(required=False)
    enabled = serializers.BooleanField(required=False)
    default_variant = serializers.CharField(max_length=50, required=False, allow_null=True)
    rollout_percentage = serializers.FloatField(required=False, allow_null=True)
    rollout_variant = serializers.CharField(max_length=50, required=False, allow_null=True)
    bucket_by = serializers.CharField(max_length=200, required=False)
    rules = serializers.JSONField(required=False)
    prerequisites = serializers.JSONField(required=False)


class KillBody(StrictSerializer):
    """Where, and why."""

    environment = serializers.ChoiceField(ENVIRONMENTS)
    reason = serializers.CharField(max_length=REASON)


class RestoreBody(StrictSerializer):
    """`version` left out: what was served before the last kill."""

    environment = serializers.ChoiceField(ENVIRONMENTS)
    version = serializers.IntegerField(required=False, min_value=1)
    reason = serializers.CharField(max_length=REASON, required=False, allow_blank=True)
    change = serializers.CharField(max_length=24, required=False, allow_blank=True)
    scheduled_time = WhenField(required=False)


class RampStepBody(StrictSerializer):
    """A percentage, and for how many seconds it is held before the next; or `approval`: until somebody lets it go on."""

    percentage = serializers.FloatField()
    hold = serializers.IntegerField(required=False)
    approval = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two."""
        if attrs.get("approval") and "hold" in attrs:
            raise serializers.ValidationError(
                "It is held for a time or until an approval, not both.", "flag.ramp_holds"
            )
        return attrs


class RampBody(StrictSerializer):
    """`steps` left out: 1, 5, 25, 50, 100, each held for an hour."""

    environment = serializers.ChoiceField(ENVIRONMENTS)
    version = serializers.IntegerField(min_value=1)
    steps = serializers.ListField(child=RampStepBody(), required=False, max_length=50)
    reason = serializers.CharField(max_length=REASON, required=False, allow_blank=True)
    scheduled_time = WhenField(required=False)


class ApproveRampBody(StrictSerializer):
    """Where, and what was looked at."""

    environment = serializers.ChoiceField(ENVIRONMENTS)
    reason = serializers.CharField(max_length=REASON, required=False, allow_blank=True)


class ReshuffleBody(StrictSerializer):
    """`version`: the one you read. `scheduled_time`: not before then. `change`: an authorised emergency to go by."""

    environment = serializers.ChoiceField(ENVIRONMENTS)
    version = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=REASON)
    change = serializers.CharField(max_length=24, required=False, allow_blank=True)
    scheduled_time = WhenField(required=False)


class WithdrawBody(StrictSerializer):
    """Takes back what is planned there."""

    environment = serializers.ChoiceField(ENVIRONMENTS)
    reason = serializers.CharField(max_length=REASON, required=False, allow_blank=True)


class ArchiveBody(StrictSerializer):
    """Why it goes although it is still used."""

    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)


class FlagVersionSerializer(serializers.Serializer[Any]):
    """An immutable copy of what was served. `difference`: against the version before it."""

    environment = serializers.CharField(source="flag_environment.environment")
    version = serializers.IntegerField(source="number")
    kind = serializers.ChoiceField([kind.value for kind in VersionKind])
    content = serializers.DictField()
    sha256 = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    change = serializers.CharField(allow_blank=True)
    at = MomentField()
    by = PersonSerializer(allow_null=True)
    difference = serializers.ListField(child=serializers.DictField(), required=False)


class EvaluateBody(StrictSerializer):
    """For whom: `targetingKey` and whatever rules ask of."""

    environment = serializers.ChoiceField(ENVIRONMENTS)
    context = serializers.DictField()  # type: ignore[assignment]  # the metaclass takes it off the class


class EvaluationSerializer(serializers.Serializer[Any]):
    """The answer with every step that led to it; the last step that matched gave it."""

    key = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    variant = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    error = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True)
    trace = serializers.ListField(child=serializers.DictField())
