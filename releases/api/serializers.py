"""Shapes of the gate's requests and answers (api.md "The gate")."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from changes.policy.scope import Action
from cybercube_portal.api import MomentField, StrictSerializer
from cybercube_portal.api.reasons import ReasonsField
from cybercube_portal.catalog.versions import MAX_LENGTH
from releases.models import GateDecision
from releases.states import GateOutcome

ACTIONS = [action.value for action in Action]
OUTCOMES = [outcome.value for outcome in GateOutcome]
TEMPLATE = "routine-deployment"
LONGEST_URL = 1000


class RunSerializer(StrictSerializer):
    """The CI run that asks."""

    provider = serializers.CharField(max_length=32)
    id = serializers.CharField(max_length=128)
    attempt = serializers.IntegerField(min_value=1, max_value=2**31 - 1, default=1)
    url = serializers.CharField(max_length=LONGEST_URL, required=False, default="", allow_blank=True)


class QuestionSerializer(StrictSerializer):
    """What is to be done, and by which run."""

    service = serializers.CharField(max_length=64, help_text="Slug.")
    version = serializers.CharField(
        max_length=MAX_LENGTH, required=False, help_text="Needed unless the action is configure or scale."
    )
    environment = serializers.CharField(max_length=32, help_text="dev, stg, prd, or their long names.")
    digest = serializers.RegexField(
        r"^sha256:[0-9a-f]{64}$",
        required=False,
        help_text="What is about to be deployed; it has to be the registered one.",
    )
    action = serializers.ChoiceField(ACTIONS, default=Action.DEPLOY.value)
    change = serializers.CharField(max_length=24, required=False, help_text="Left out: the approved change is found.")
    template = serializers.ChoiceField(
        [TEMPLATE], required=False, help_text="File, check and link a standard change where none speaks for it yet."
    )
    run = RunSerializer(required=False)
    actor = serializers.CharField(max_length=150, required=False, help_text="Who set the pipeline going.")


class AskSerializer(QuestionSerializer):
    """A question to be answered now, or in a dry run for another moment."""

    dry_run = serializers.BooleanField(default=False, help_text="Judge, and keep nothing.")
    at = MomentField(required=False, help_text="Judge this moment; in a dry run only.")


class ForecastRequestSerializer(QuestionSerializer):
    """A question about a range of time, half-open."""

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        fields = super().get_fields()
        del fields["template"]
        fields["from"] = MomentField(required=False, help_text="Default: now.")
        fields["to"] = MomentField(required=False, help_text="Default: 30 days later; at most 366.")
        return fields


class DecisionSerializer(serializers.Serializer[Any]):
    """An answer of the gate."""

    id = serializers.UUIDField(allow_null=True, help_text="null for a dry run.")
    decision = serializers.ChoiceField(OUTCOMES)
    service = serializers.CharField()
    version = serializers.CharField()
    digest = serializers.CharField(allow_null=True, help_text="The digest that was judged.")
    environment = serializers.CharField()
    action = serializers.ChoiceField(ACTIONS)
    decided_at = MomentField()
    valid_until = MomentField(help_text="An allow ends here; before it the clock alone changes no other answer either.")
    change = serializers.CharField(allow_null=True, help_text="What spoke for it.")
    release = serializers.CharField(allow_null=True)
    reasons = ReasonsField(help_text="Every rule, also those that hold or do not apply.")
    next_allowed_at = MomentField(allow_null=True, help_text="When freezes, windows, slot and lead time let it pass.")
    summary = serializers.CharField(help_text="At most 1,024 characters of Markdown.")
    token = serializers.CharField(
        required=False, help_text="On allow, for the asker: a JWS, see /.well-known/jwks.json."
    )


class ListedDecisionSerializer(serializers.Serializer[Any]):
    """A question with its last answer."""

    id = serializers.UUIDField()
    decision = serializers.ChoiceField(OUTCOMES, source="outcome")
    service = serializers.CharField()
    version = serializers.CharField()
    environment = serializers.CharField()
    action = serializers.ChoiceField(ACTIONS)
    change = serializers.SerializerMethodField()
    run = serializers.SerializerMethodField()
    actor = serializers.CharField()
    asked_by = serializers.CharField()
    asked_at = MomentField()
    decided_at = MomentField()
    next_allowed_at = MomentField(allow_null=True)

    @extend_schema_field(RunSerializer(allow_null=True))
    def get_run(self, row: GateDecision) -> dict[str, Any] | None:
        """The CI run that asked."""
        return row.run or None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_change(self, row: Any) -> str | None:  # noqa: ANN401 - the annotated row
        """What spoke for it last."""
        return row.change or None


class SlotSerializer(serializers.Serializer[Any]):
    """A span of time, half-open."""

    start = MomentField()
    end = MomentField()


class ForecastSerializer(serializers.Serializer[Any]):
    """The slots that time leaves; they hold once `conditions` are settled."""

    service = serializers.CharField()
    version = serializers.CharField()
    environment = serializers.CharField()
    change = serializers.CharField(allow_null=True)
    to = MomentField()
    slots = SlotSerializer(many=True)
    blockers = ReasonsField(help_text="What blocks at `from`.")
    conditions = ReasonsField(help_text="Those of them that no time takes away.")

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        return {**super().get_fields(), "from": MomentField()}
