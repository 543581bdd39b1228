"""The change record of §6.6 over REST: `GET changes/{number}/record/`, `POST changes/import/`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import IO, Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.parsers import BaseParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from changes.actions.content import create_change
from changes.actions.emergencies import record_emergency
from changes.api.bodies import RecordBody
from changes.api.fields import DurationField, LongField, WhenField, WordField
from changes.api.moves import change_answer
from changes.api.serializers import RISKS, STATES, TYPES, ChangeSerializer
from changes.policy.lifecycle import IMPACT
from changes.proposals import MOST_SERVICES
from changes.records import proposal_of_record, record_of
from changes.selectors.changes import get_change
from changes.selectors.situation import Situation
from changes.yaml_text import LARGEST, read_yaml, write_yaml
from cybercube_portal import clock
from cybercube_portal.api import StrictJSONParser, StrictSerializer, idempotent, read_members, refuse_unknown_parameters
from cybercube_portal.errors import FieldError, Invalid
from cybercube_portal.people.authentication import actor_of

POINTERS = {
    "/services": "/change/services_affected",
    "/environments": "/change/environments",
    "/scheduled_time": "/change/scheduled_time",
}
MEDIA_TYPE = "application/yaml"


class YAMLRenderer(BaseRenderer):
    """RFC 9512."""

    media_type = MEDIA_TYPE
    format = "yaml"
    charset = "utf-8"

    def render(self, data: Any, *_framework: Any, **_more: Any) -> bytes:  # noqa: ANN401 - any record
        """The record as §6.6 prints it."""
        return write_yaml(data).encode()


class YAMLParser(BaseParser):
    """The strict door of `yaml_text.read_yaml`."""

    media_type = MEDIA_TYPE

    def parse(self, stream: IO[Any], *_framework: Any, **_more: Any) -> Any:  # noqa: ANN401 - any JSON
        """The document's value. Raises Malformed, TooLarge."""
        return read_yaml(stream.read(LARGEST + 1))


class ClaimedRequesterSerializer(StrictSerializer):
    """Who filed it, by its own word."""

    name = WordField(max_length=150)
    email = WordField(max_length=254)
    date = WordField(max_length=40)


class WrittenTimeField(WhenField):
    """Also as YAML programs write a moment: with a space instead of the T."""

    def to_internal_value(self, data: Any) -> datetime:  # noqa: ANN401 - any JSON
        """The moment in UTC."""
        return super().to_internal_value(data.replace(" ", "T", 1) if isinstance(data, str) else data)


class RecordedContentSerializer(StrictSerializer):
    """What changes, where and when."""

    description = LongField()
    services_affected = serializers.ListField(child=serializers.CharField(max_length=64), max_length=MOST_SERVICES)
    environments = serializers.ListField(child=serializers.CharField(max_length=16), max_length=10)
    scheduled_time = WrittenTimeField()
    estimated_duration = DurationField()


class RecordedRiskSerializer(StrictSerializer):
    """A level above low is kept as people's choice; factors are words, the questions stay to be answered."""

    level = serializers.ChoiceField(RISKS, required=False, allow_null=True)
    factors = serializers.ListField(child=serializers.CharField(max_length=300), max_length=50, required=False)


class RecordedImpactSerializer(StrictSerializer):
    """§6.6: the impact on each; null is not stated."""

    def get_fields(self) -> dict[str, Any]:
        """customers, downtime, data."""
        return {part: WordField(max_length=2000) for part in IMPACT}


class ClaimedApprovalSerializer(StrictSerializer):
    """An approval by its own word: never a signature."""

    name = WordField(max_length=150)
    role = WordField(max_length=80)
    date = WordField(max_length=40)
    decision = WordField(max_length=40)


class ClaimedImplementationSerializer(StrictSerializer):
    """What was done, by its own word."""

    started = WordField(max_length=40)
    completed = WordField(max_length=40)
    implementer = WordField(max_length=150)
    notes = WordField(max_length=10_000)


class RecordSerializer(StrictSerializer):
    """The change record of §6.6. Sent: number, status, requester, approvals and implementation are kept as claims."""

    change_id = WordField(max_length=40)
    title = serializers.CharField(max_length=200)
    type = serializers.ChoiceField(TYPES)
    status = serializers.ChoiceField([*STATES, ""], required=False, allow_null=True)
    requester = ClaimedRequesterSerializer(required=False, allow_null=True)
    change = RecordedContentSerializer()
    risk_assessment = RecordedRiskSerializer(required=False, allow_null=True)
    impact = RecordedImpactSerializer(required=False, allow_null=True)
    rollback_plan = LongField(allow_null=True)
    approvals = serializers.ListField(child=ClaimedApprovalSerializer(), max_length=50, required=False, allow_null=True)
    implementation = ClaimedImplementationSerializer(required=False, allow_null=True)


class RecordView(generics.GenericAPIView[Any]):
    """One change's record."""

    serializer_class = RecordSerializer

    def get_renderers(self) -> list[BaseRenderer]:
        """YAML unless Accept asks for JSON; what is sent is answered like every verb."""
        reads = self.request.method in SAFE_METHODS
        return [YAMLRenderer(), JSONRenderer()] if reads else [JSONRenderer()]

    @extend_schema(operation_id="changes_record_read")
    def get(self, request: Request, number: str) -> Response:
        """The record of §6.6, as YAML or, by Accept, as JSON."""
        refuse_unknown_parameters(request.query_params, [])
        return Response(record_of(Situation(get_change(number), now=clock.now())))

    @extend_schema(operation_id="changes_record", request=RecordBody, responses={200: ChangeSerializer})
    @idempotent
    def post(self, request: Request, number: str) -> HttpResponse:
        """Complete an emergency's retrospective record and close it (§6.4)."""
        sent = read_members(request, RecordBody)
        record_emergency(number=number, actor=actor_of(request), now=clock.now(), **sent)
        return change_answer(number, request)


class ImportView(generics.GenericAPIView[Any]):
    """Records from elsewhere."""

    serializer_class = RecordSerializer
    parser_classes = (YAMLParser, StrictJSONParser)

    @extend_schema(operation_id="changes_import", request=RecordSerializer, responses={201: ChangeSerializer})
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """File a draft from a record of §6.6. Approvals in it are kept as claims and count for nothing."""
        try:
            proposal, claims = proposal_of_record(read_members(request, RecordSerializer))
            change = create_change(proposal=proposal, claims=claims, actor=actor_of(request), now=clock.now())
        except Invalid as error:
            raise Invalid(map(_in_the_record, error.errors), message=str(error)) from error
        return change_answer(change.number, request, status=status.HTTP_201_CREATED)


def _in_the_record(error: FieldError) -> FieldError:
    """The same error at the member of §6.6 that it speaks of."""
    for ours, theirs in POINTERS.items():
        if error.pointer == ours or error.pointer.startswith(f"{ours}/"):
            return replace(error, pointer=theirs + error.pointer.removeprefix(ours))
    return error
