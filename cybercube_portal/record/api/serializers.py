"""Shapes of the record: events, checkpoints, verdicts, webhooks and their deliveries."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from cybercube_portal.api import MomentField, StrictSerializer
from cybercube_portal.audit.states import DeliveryState
from cybercube_portal.record.asking import LAST_SEQUENCE, VERB


class ActorSerializer(serializers.Serializer[Any]):
    """Who did it."""

    kind = serializers.ChoiceField(["person", "service", "system"])
    id = serializers.CharField()


class RecordedActorSerializer(ActorSerializer):
    """Who did it, with the prefix of the API key used."""

    key = serializers.CharField(allow_null=True)
    on_behalf_of = serializers.CharField(allow_null=True)


class EventSerializer(serializers.Serializer[Any]):
    """An event as it is hashed: SHA-256 over RFC 8785 of all members but `hash` gives `hash`. Sealing members null: not sealed yet."""

    type = serializers.ChoiceField(["event"])
    sequence = serializers.IntegerField(allow_null=True)
    event_id = serializers.UUIDField()
    verb = serializers.CharField()
    object_type = serializers.CharField()
    object_id = serializers.CharField()
    subjects = serializers.ListField(child=serializers.CharField())
    occurred_at = MomentField()
    recorded_at = MomentField()
    actor = RecordedActorSerializer()
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)
    data = serializers.DictField()  # type: ignore[assignment]  # a field, gathered before the name means anything else
    request_id = serializers.CharField(allow_blank=True)
    sealed_at = MomentField(allow_null=True)
    previous_hash = serializers.CharField(allow_null=True)
    hash = serializers.CharField(allow_null=True)


class CheckpointSerializer(serializers.Serializer[Any]):
    """A line of the export: `signature` is a JWS over size, head_hash and at."""

    type = serializers.ChoiceField(["checkpoint"])
    size = serializers.IntegerField()
    head_hash = serializers.CharField()
    at = MomentField()
    key_id = serializers.CharField()
    signature = serializers.CharField()


class BrokenSerializer(serializers.Serializer[Any]):
    """The first row that does not fit."""

    sequence = serializers.IntegerField()
    finding = serializers.CharField()


class VerdictSerializer(serializers.Serializer[Any]):
    """What a walk found. `next`: where to go on, null at the chain's end; `broken` null: every row fits."""

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        return {
            "holds": serializers.BooleanField(),
            "from": serializers.IntegerField(),
            "to": serializers.IntegerField(),
            "size": serializers.IntegerField(help_text="Sealed events in the whole chain."),
            "head_hash": serializers.CharField(help_text="Hash of the last row that fits."),
            "checkpoints": serializers.IntegerField(help_text="Signed checkpoints that agree."),
            "next": serializers.IntegerField(allow_null=True),
            "broken": BrokenSerializer(allow_null=True),
        }


class FeedParameters(serializers.Serializer[Any]):
    """Which events; every one given must fit. `from` and `to`: half-open, when it happened."""

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        return {
            "subject": serializers.CharField(
                max_length=300, required=False, help_text="On its timeline: CR-2026-0117-001, service:billing-service."
            ),
            "verb": serializers.RegexField(
                VERB, max_length=80, required=False, help_text="change.approved or change.*"
            ),
            "from": MomentField(required=False, source="start"),
            "to": MomentField(required=False, source="end"),
        }


class EventParameters(FeedParameters):
    """Which events of the audit trail."""

    def get_fields(self) -> dict[str, Any]:
        """Those of the feed, and what only auditors ask for."""
        return {
            **super().get_fields(),
            "actor": serializers.CharField(max_length=150, required=False, help_text="User name, or portal."),
            "object_type": serializers.CharField(max_length=80, required=False),
            "object_id": serializers.CharField(max_length=300, required=False),
            "sealed": serializers.ChoiceField(["true", "false"], required=False, help_text="In the chain already."),
        }


class RangeParameters(serializers.Serializer[Any]):
    """A part of the chain, both ends included. `from` left out: 1; `to` left out, or past it: the chain's end."""

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        limits: dict[str, Any] = {"min_value": 1, "max_value": LAST_SEQUENCE, "required": False}
        return {
            "from": serializers.IntegerField(source="first", **limits),
            "to": serializers.IntegerField(source="last", **limits),
        }


class CloudEventSerializer(serializers.Serializer[Any]):
    """A structured CloudEvent. `data` of a `dev.cdeventsx` type is a CDEvent whose customData is the event, of others the event."""

    specversion = serializers.ChoiceField(["1.0"])
    id = serializers.UUIDField()
    source = serializers.CharField()  # type: ignore[assignment]  # likewise
    type = serializers.CharField()
    subject = serializers.CharField()
    time = MomentField()
    datacontenttype = serializers.ChoiceField(["application/json"])
    data = serializers.DictField()  # type: ignore[assignment]  # a field, gathered before the name means anything else


class WebhookSerializer(serializers.Serializer[Any]):
    """A subscription without its secret."""

    id = serializers.UUIDField(source="subscription_id")
    url = serializers.CharField()
    verbs = serializers.ListField(child=serializers.CharField())
    active = serializers.BooleanField()
    created_at = MomentField()
    created_by = serializers.CharField()
    ended_at = MomentField(allow_null=True)
    ended_because = serializers.CharField(allow_blank=True)


class SecretWebhookSerializer(WebhookSerializer):
    """`secret` is shown this once; null when the answer is replayed."""

    secret = serializers.CharField(allow_null=True)


class VerbsSerializer(StrictSerializer):
    """What it wants to be told: verbs (`change.approved`), all of a kind (`change.*`) or everything (`*`)."""

    verbs = serializers.ListField(child=serializers.CharField(max_length=80), max_length=100)


class NewWebhookSerializer(VerbsSerializer):
    """Where to send what."""

    url = serializers.CharField(max_length=2000)


class NothingSerializer(StrictSerializer):
    """Takes nothing."""


class DeliverySerializer(serializers.Serializer[Any]):
    """One message on its way. `id` is its `webhook-id`, the same on every attempt."""

    id = serializers.UUIDField(source="delivery_id")
    type = serializers.CharField(source="payload.type")
    about = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField([state.value for state in DeliveryState])
    attempts = serializers.IntegerField(source="attempt")
    last_error = serializers.CharField(allow_blank=True)
    created_at = MomentField()
    not_before = MomentField(help_text="The next attempt, while it waits.")
    finished_at = MomentField(allow_null=True)
