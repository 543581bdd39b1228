"""What stands in an evidence pack, file by file: a change as the API shows it, what the gate said, what was deployed, what was recorded."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from rest_framework.utils.encoders import JSONEncoder

from changes.api.serializers import ChangeSerializer
from changes.api.showing import shown_change
from changes.policy.content import kept_material, material_text
from changes.records import record_of
from changes.selectors.changes import get_change
from changes.selectors.differences import content_versions
from changes.selectors.situation import Situation
from changes.yaml_text import write_yaml
from cybercube_portal.audit.canonical import canonical
from cybercube_portal.audit.selectors.events import events_about
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.api.serializers import EvidenceSerializer
from cybercube_portal.catalog.api.showing import shown_artifact
from cybercube_portal.people.actors import Actor
from cybercube_portal.record.evidence_pages import Parts, change_page
from cybercube_portal.record.manifest import Cut
from cybercube_portal.record.stash import File
from cybercube_portal.web.csv_files import cell_of
from releases.api.answers import body_of
from releases.api.deployment_shapes import DeploymentSerializer
from releases.api.incidents import IncidentSerializer
from releases.api.showing import shown_deployment
from releases.selectors.deployments import deployments_filtered
from releases.selectors.gate_history import about_change, decisions_shown, history_of
from releases.selectors.gate_log import latest_answer
from releases.selectors.incidents import get_incident, incidents_after

if TYPE_CHECKING:
    from changes.models import ChangeRequest
    from cybercube_portal.audit.models import Event
    from releases.models import Deployment

REGISTER = (
    "number",
    "type",
    "state",
    "outcome",
    "risk_level",
    "title",
    "services",
    "environments",
    "requester",
    "created_at",
    "approved_at",
    "scheduled_time",
    "started_at",
    "closed_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The files about one change, and the places of its events in the chain.

    `later`: what was recorded about it beyond the pack's place in the chain, before its files were read: they may tell of it.
    """

    files: tuple[File, ...]
    sequences: tuple[int, ...]
    later: tuple[Event, ...] = ()


def change_files(number: str, *, actor: Actor, cut: Cut) -> Gathered:
    """Everything about one change, as `actor` may read it at the cut; of its events none beyond it. Raises NotFound."""
    now = cut.at
    change = get_change(number)
    shown = ChangeSerializer(shown_change(change, actor=actor, now=now)).data
    deployed = _with_ways_back(deployments_filtered(change=number))
    incidents = [row.reference for row in incidents_after([row.reference for row in deployed], until=now)]
    about = events_about([number, *(row.reference for row in deployed), *incidents])
    told = list(about.filter(sequence__lte=cut.sequence))
    parts = Parts(
        change=shown,
        approvals=_approvals(shown),
        decisions=list(_decisions(number, now=now)),
        deployments=[DeploymentSerializer(shown_deployment(row, actor=actor, now=now)).data for row in deployed],
        incidents=_incidents(incidents),
        artifacts=list(_artifacts(change, now=now)),
        events=[event.as_sealed() for event in told],
    )
    signed = list(_signed(change, now=now))
    # Asked last: whatever the files tell of was committed together with its event.
    later = tuple(about.filter(Q(sequence__gt=cut.sequence) | Q(sequence__isnull=True)))
    files = (
        ("record.html", change_page(parts, cut=cut, signed=[name for name, _ in signed], later=later)),
        ("record.yaml", write_yaml(record_of(Situation(change, now=now))).encode()),
        ("change.json", _json(shown)),
        ("approvals.json", _json(parts.approvals)),
        *signed,
        ("gate-decisions.json", _json(parts.decisions)),
        ("deployments.json", _json(parts.deployments)),
        ("incidents.json", _json(parts.incidents)),
        ("artifacts.json", _json(parts.artifacts)),
        ("audit/events.jsonl", _lines(told)),
        *([("later-events.jsonl", _lines(later))] if later else []),
    )
    return Gathered(
        files=files,
        sequences=tuple(event.sequence for event in told if event.sequence is not None),
        later=later,
    )


def _with_ways_back(deployed: Iterable[Deployment]) -> list[Deployment]:
    """Each with the rollbacks that took it back, which go by no change of their own; a rollback may be taken back, too."""
    found = list(deployed)
    for row in found:
        found += row.rollbacks.order_by("id")
    return found


def _signed(change: ChangeRequest, *, now: datetime) -> Iterator[File]:
    """What signatures cover, byte for byte: the SHA-256 of each file is the content hash that stands in its name.

    Until November 2026 the start was kept to the millisecond: such a content can be read, and not always be hashed again.
    """
    for version in content_versions(change, until=now):
        text = material_text(kept_material(version.material))
        folder = "signed" if sha256(text).hexdigest() == version.content_hash else "kept"
        yield f"{folder}/{version.content_hash}.json", text


def _incidents(references: list[str]) -> list[dict[str, Any]]:
    return [dict(IncidentSerializer(get_incident(reference)).data) for reference in references]


def _lines(events: Iterable[Event]) -> bytes:
    return b"".join(canonical(event.as_sealed()) + b"\n" for event in events)


def register_file(rows: bytes) -> File:
    """The register, for a spreadsheet, of what `register_rows` gives."""
    return "changes.csv", _csv([REGISTER]) + rows


def register_read(file: bytes) -> list[dict[str, str]]:
    """The rows of a register as they were written, by column."""
    return list(csv.DictReader(io.StringIO(file.decode())))


def register_rows(changes: Iterable[ChangeRequest]) -> bytes:
    """A row for each change."""
    return _csv([cell_of(getattr(change, name)) for name in REGISTER] for change in changes)


def _csv(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _approvals(shown: dict[str, Any]) -> dict[str, Any]:
    """Who signed what, who was passed a freeze, and an emergency's spoken word with its record (§5.6, §6.4, §6.5)."""
    names = ("number", "requester", "editors", "approvals", "freeze_exceptions", "authorisation", "record", "claims")
    return {name: shown[name] for name in names}


def _decisions(number: str, *, now: datetime) -> Iterator[dict[str, Any]]:
    """Each question asked by `now` with its last answer in full, and every turn the answer took."""
    for decision in decisions_shown().filter(about_change(number), asked_at__lte=now).order_by("asked_at", "id"):
        answer, history = latest_answer(decision.pk, until=now), history_of(decision.pk, until=now)
        yield {
            "asked_by": decision.asked_by,
            "asked_at": decision.asked_at,
            "answer": body_of(answer) if answer else None,
            "evaluations": history.count,
            "turns": [{"at": turn.at, "outcome": turn.outcome, "blockers": turn.blockers} for turn in history.turns],
        }


def _artifacts(change: ChangeRequest, *, now: datetime) -> Iterator[dict[str, Any]]:
    """What was built, with every report of a pipeline about it until `now`, also the superseded ones."""
    for named in change.artifacts:
        artifact = catalog.find_artifact(service=named["service"], version=named["version"])
        if artifact is None:
            yield {**named, "registered": False}
            continue
        reports = EvidenceSerializer(catalog.all_evidence(artifact.pk).filter(reported_at__lte=now), many=True).data
        yield {**shown_artifact(artifact), "registered": True, "reports": reports}


def _json(value: Any) -> bytes:  # noqa: ANN401 - what serializers give
    return (json.dumps(value, cls=JSONEncoder, ensure_ascii=False, indent=2) + "\n").encode()
