"""Evidence packs for auditors: of one change, and of everything that happened to changes in a period."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import IO, Any

from django.db.models import Max, Min
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from changes.selectors.changes import changes_numbered
from cybercube_portal import clock
from cybercube_portal.api import MomentField, read_parameters, refuse_unknown_parameters
from cybercube_portal.audit.selectors.events import events_filtered
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import Invalid
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.record.api.audit import AuditorView
from cybercube_portal.record.evidence import File, change_files, register_file
from cybercube_portal.record.packs import pack_of

LONGEST_PERIOD = timedelta(days=366)
MOST_CHANGES = 200
CHANGE_CONTENTS = """\
record.yaml            the change record of §6.6
change.json            the change as the API shows it
approvals.json         seats, signatures, exceptions from freezes, a spoken approval and its record
gate-decisions.json    what the gate was asked about it, and what it answered with which reasons
deployments.json       deployments under it: steps, checks, the watch, rollbacks
artifacts.json         what was deployed: digests, commits, migrations and every report of a pipeline
audit/events.jsonl     everything recorded about it and its deployments, as sealed"""
PERIOD_CONTENTS = """\
changes.csv                   the register: a row for each change that something happened to in the period
changes/NUMBER/…              for each of them its evidence, as in the pack of one change"""


class ZipRenderer(BaseRenderer):
    """Names the pack's type; the file is sent as it is."""

    media_type = "application/zip"
    format = "zip"
    charset = None


class PeriodParameters(serializers.Serializer[Any]):
    """`from` and `to`: half-open, when something was recorded about a change; at most a year and 200 changes."""

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        return {
            "from": MomentField(source="start"),
            "to": MomentField(source="end"),
            "service": serializers.CharField(max_length=64, required=False, help_text="Only changes of this service."),
        }


class ChangeEvidenceView(AuditorView):
    """The evidence of one change."""

    serializer_class = None
    pagination_class = None
    renderer_classes = (ZipRenderer,)

    @extend_schema(operation_id="changes_evidence", responses={(200, ZipRenderer.media_type): OpenApiTypes.BINARY})
    def get(self, request: Request, number: str) -> FileResponse:
        """A zip: record, approvals, gate decisions, deployments and checks, artifacts, audit events with their part of the chain."""
        refuse_unknown_parameters(request.query_params, [])
        now, actor = clock.now(), actor_of(request)
        found = change_files(number, actor=actor, now=now)
        pack = pack_of(
            found.files,
            about=f"change {number}",
            contents=CHANGE_CONTENTS,
            reader=actor.name,
            sequences=found.sequences,
            now=now,
        )
        return _download(pack, f"{number}-evidence.zip")


class PeriodEvidenceView(AuditorView):
    """The evidence of a period."""

    serializer_class = None
    pagination_class = None
    renderer_classes = (ZipRenderer,)

    @extend_schema(
        operation_id="audit_evidence",
        parameters=[PeriodParameters],
        responses={(200, ZipRenderer.media_type): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> FileResponse:
        """A zip: the register of changes, the evidence of each, and the audit trail of the period."""
        wanted = read_parameters(request.query_params, PeriodParameters)
        start, end, service = wanted["start"], wanted["end"], wanted.get("service")
        pack = _period_pack(start, end, service, actor=actor_of(request), now=clock.now())
        return _download(pack, f"{start:%Y-%m-%d}-{end:%Y-%m-%d}-evidence.zip")


def changes_in(start: datetime, end: datetime, service: str | None) -> list[str]:
    """The numbers of the changes that something happened to in a period. Raises Invalid for one that is none or too full, NotFound."""
    if not start < end <= start + LONGEST_PERIOD:
        raise Invalid.field("/to", "evidence.period", "A period ends after it begins, and within a year.")
    if service is not None:
        catalog.get_service(service)
    subject = None if service is None else f"service:{service}"
    moved = events_filtered(verb="change.*", subject=subject, start=start, end=end)
    numbers = sorted(moved.order_by("object_id").values_list("object_id", flat=True).distinct()[: MOST_CHANGES + 1])
    if len(numbers) > MOST_CHANGES:
        message = f"More than {MOST_CHANGES} changes: ask for a shorter period, or for one service."
        raise Invalid.field("/to", "evidence.too_many", message)
    return numbers


def _period_pack(start: datetime, end: datetime, service: str | None, *, actor: Actor, now: datetime) -> IO[bytes]:
    numbers = changes_in(start, end, service)
    files: list[File] = [register_file(changes_numbered(numbers))]
    for number in numbers:
        found = change_files(number, actor=actor, now=now)
        files += [(f"changes/{number}/{name}", content) for name, content in found.files]
    places = events_filtered(start=start, end=end, sealed=True).aggregate(Min("sequence"), Max("sequence"))
    of_service = f", service {service}" if service else ""
    return pack_of(
        files,
        about=f"changes from {start.isoformat()} to {end.isoformat()}{of_service}",
        contents=PERIOD_CONTENTS,
        reader=actor.name,
        sequences=[place for place in places.values() if place is not None],
        now=now,
    )


def _download(pack: IO[bytes], name: str) -> FileResponse:
    return FileResponse(
        pack,
        as_attachment=True,
        filename=name,
        content_type=ZipRenderer.media_type,
        headers={"Cache-Control": "no-store"},
    )
