"""Shapes of a release in the API: what people write, and what the portal answers (api.md "Releases, deployments")."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from changes.api.fields import ArtifactField, WordField
from changes.api.serializers import RELEASES, HappeningSerializer, MoveOptionSerializer, PersonSerializer
from cybercube_portal.api import MomentField, StrictSerializer
from cybercube_portal.api.reasons import ReasonsField
from cybercube_portal.catalog.versions import MAX_LENGTH
from releases.policy.contents import Part
from releases.policy.releases import PHASES, SHOWN_STATES
from releases.states import DeploymentState

MOST = 50
TEXT = 10_000


class ReleaseBody(StrictSerializer):
    """A release as it is opened. `type` left out: by the step of the version; `artifacts`: the service's own."""

    service = serializers.CharField(max_length=64, help_text="Slug.")
    version = serializers.CharField(max_length=MAX_LENGTH)
    type = serializers.ChoiceField(RELEASES, required=False, allow_null=True)
    artifacts = serializers.ListField(child=ArtifactField(), max_length=MOST, required=False)
    changes = serializers.ListField(
        child=serializers.CharField(max_length=24),
        max_length=MOST,
        required=False,
        help_text="Numbers that inform; only its own `change` authorises (R16).",
    )
    migrations = serializers.ListField(
        child=serializers.CharField(max_length=200),
        max_length=MOST,
        required=False,
        help_text="File names announced, beside those that the artifacts carry.",
    )


class ReleaseEdits(StrictSerializer):
    """What of a release can be edited; the same members as when it is opened."""

    type = serializers.ChoiceField(RELEASES, required=False)
    artifacts = serializers.ListField(child=ArtifactField(), max_length=MOST, required=False)
    changes = serializers.ListField(child=serializers.CharField(max_length=24), max_length=MOST, required=False)
    migrations = serializers.ListField(child=serializers.CharField(max_length=200), max_length=MOST, required=False)


class CancelReleaseBody(StrictSerializer):
    """Why it will not happen."""

    reason = serializers.CharField(max_length=TEXT, allow_blank=True, required=False)


class ListedReleaseSerializer(serializers.Serializer[Any]):
    """A release in a list. `state` is read from its change while it is in review (R16)."""

    id = serializers.CharField(source="reference")
    reference = serializers.CharField()
    service = serializers.CharField(source="service.slug")
    version = serializers.CharField()
    type = serializers.ChoiceField(RELEASES)
    state = serializers.ChoiceField(SHOWN_STATES)
    change = serializers.CharField()
    created_by = PersonSerializer()
    created_at = MomentField()
    updated_at = MomentField()
    deployed_at = MomentField(allow_null=True)
    notes_published_at = MomentField(allow_null=True)
    ended_at = MomentField(allow_null=True)


class ShippedSerializer(serializers.Serializer[Any]):
    """An artifact it ships, and where that stands. `staging`, `production`: the state of the last deployment there."""

    service = serializers.CharField()
    version = serializers.CharField()
    digest = WordField()
    is_registered = serializers.BooleanField()
    staging = serializers.ChoiceField([state.value for state in DeploymentState], allow_null=True)
    production = serializers.ChoiceField([state.value for state in DeploymentState], allow_null=True)


class ReleaseMigrationSerializer(serializers.Serializer[Any]):
    """A migration it carries or announces."""

    filename = serializers.CharField()
    tested = serializers.BooleanField()


class ReleaseDeploymentSerializer(serializers.Serializer[Any]):
    """A deployment of what it ships."""

    id = serializers.CharField(source="reference")
    service = serializers.CharField(source="service.slug")
    version = serializers.CharField()
    environment = serializers.CharField()
    state = serializers.CharField()
    created_at = MomentField()


class ChecklistItemSerializer(serializers.Serializer[Any]):
    """One line of §5.3. `kind` fact: nobody ticks it by hand; tick: somebody's word."""

    item = serializers.CharField(source="item.key")
    part = serializers.ChoiceField([part.value for part in Part], source="item.part")
    text = serializers.CharField(source="item.text")
    kind = serializers.SerializerMethodField()
    done = serializers.BooleanField(source="is_done")
    outcome = serializers.CharField(source="reason.outcome.value")
    message = serializers.CharField(source="reason.message")
    remedy = serializers.CharField(source="reason.remedy")
    who = serializers.ListField(child=serializers.CharField(), source="reason.who")
    ticked_by = serializers.CharField(source="tick.by", default=None, allow_null=True)
    ticked_at = MomentField(source="tick.at", default=None, allow_null=True)
    note = serializers.CharField(source="tick.note", default="", allow_blank=True)

    def get_kind(self, row: Any) -> str:  # noqa: ANN401 - a JudgedItem
        """`fact` or `tick`."""
        return "fact" if row.item.is_fact else "tick"


class ChecklistSerializer(StrictSerializer):
    """`open_items`: what of the first two parts is not done; production waits for it (R15)."""

    release = serializers.CharField()
    items = ChecklistItemSerializer(many=True)
    open_items = serializers.ListField(child=serializers.CharField())


class TickBody(StrictSerializer):
    """One's word for an item, or its withdrawal."""

    item = serializers.CharField(max_length=64)
    ticked = serializers.BooleanField()
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)


class ReleaseSerializer(StrictSerializer):
    """A release with everything around it."""

    id = serializers.CharField()
    reference = serializers.CharField()
    service = serializers.CharField()
    version = serializers.CharField()
    type = serializers.ChoiceField(RELEASES)
    state = serializers.ChoiceField(SHOWN_STATES)
    phase = serializers.ChoiceField(PHASES, allow_null=True)
    row_version = serializers.IntegerField()
    change = serializers.CharField(help_text="The one change that authorises it.")
    change_state = serializers.CharField()
    changes = serializers.ListField(child=serializers.CharField())
    artifacts = ShippedSerializer(many=True)
    migrations = serializers.ListField(child=serializers.CharField())
    migration_tests = ReleaseMigrationSerializer(many=True)
    deployments = ReleaseDeploymentSerializer(many=True)
    checklist = ChecklistItemSerializer(many=True)
    blockers = ReasonsField()
    moves = MoveOptionSerializer(many=True)
    created_by = PersonSerializer()
    created_at = MomentField()
    updated_at = MomentField()
    submitted_at = MomentField(allow_null=True)
    staged_at = MomentField(allow_null=True)
    deployed_at = MomentField(allow_null=True)
    watch_until = MomentField(allow_null=True)
    notes_published_at = MomentField(allow_null=True)
    announced_at = MomentField(allow_null=True)
    ended_at = MomentField(allow_null=True)
    history = HappeningSerializer(many=True)
