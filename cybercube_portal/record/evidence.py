"""What stands in an evidence pack, file by file: a change as the API shows it, what the gate said, what was deployed, what was recorded."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rest_framework.utils.encoders import JSONEncoder

from changes.api.serializers import ChangeSerializer
from changes.api.showing import shown_change
from changes.records import record_of
from changes.selectors.changes import get_change
from changes.selectors.situation import Situation
from changes.yaml_text import write_yaml
from cybercube_portal.audit.canonical import canonical
from cybercube_portal.audit.selectors.events import events_about
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.api.serializers import EvidenceSerializer
from cybercube_portal.catalog.api.showing import shown_artifact
from cybercube_portal.people.actors import Actor
from cybercube_portal.record.stash import File
from releases.api.answers import body_of
from releases.api.deployment_shapes import DeploymentSerializer
from releases.api.showing import shown_deployment
from releases.selectors.deployments import deployments_filtered
from releases.selectors.gate_history import about_change, decisions_shown, history_of
from releases.selectors.gate_log import latest_answer

if TYPE_CHECKING:
    from changes.models import ChangeRequest

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
    """The files about one change, and the places of its events in the chain (none for what is not sealed yet)."""

    files: tuple[File, ...]
    sequences: tuple[int, ...]


def change_files(number: str, *, actor: Actor, now: datetime) -> Gathered:
    """Everything about one change, as `actor` may read it at `now`. Raises NotFound."""
    change = get_change(number)
    shown = ChangeSerializer(shown_change(change, actor=actor, now=now)).data
    deployed = list(deployments_filtered(change=number))
    told = list(events_about([number, *(row.reference for row in deployed)]))
    return Gathered(
        files=(
            ("record.yaml", write_yaml(record_of(Situation(change, now=now))).encode()),
            ("change.json", _json(shown)),
            ("approvals.json", _json(_approvals(shown))),
            ("gate-decisions.json", _json(list(_decisions(number)))),
            (
                "deployments.json",
                _json([DeploymentSerializer(shown_deployment(row, actor=actor, now=now)).data for row in deployed]),
            ),
            ("artifacts.json", _json(list(_artifacts(change)))),
            ("audit/events.jsonl", b"".join(canonical(event.as_sealed()) + b"\n" for event in told)),
        ),
        sequences=tuple(event.sequence for event in told if event.sequence is not None),
    )


def register_file(changes: Iterable[ChangeRequest]) -> File:
    """A row for each change, for a spreadsheet."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(REGISTER)
    for change in changes:
        rows.writerow([_cell(getattr(change, name)) for name in REGISTER])
    return "changes.csv", text.getvalue().encode()


def _approvals(shown: dict[str, Any]) -> dict[str, Any]:
    """Who signed what, who was passed a freeze, and an emergency's spoken word with its record (§5.6, §6.4, §6.5)."""
    names = ("number", "requester", "editors", "approvals", "freeze_exceptions", "authorisation", "record", "claims")
    return {name: shown[name] for name in names}


def _decisions(number: str) -> Iterator[dict[str, Any]]:
    """Each question with its last answer in full, and every turn the answer took."""
    for decision in decisions_shown().filter(about_change(number)).order_by("asked_at", "id"):
        answer, history = latest_answer(decision.pk), history_of(decision.pk)
        yield {
            "asked_by": decision.asked_by,
            "asked_at": decision.asked_at,
            "answer": body_of(answer) if answer else None,
            "evaluations": history.count,
            "turns": [{"at": turn.at, "outcome": turn.outcome, "blockers": turn.blockers} for turn in history.turns],
        }


def _artifacts(change: ChangeRequest) -> Iterator[dict[str, Any]]:
    """What was built, with every report of a pipeline about it, also the superseded ones."""
    for named in change.artifacts:
        artifact = catalog.find_artifact(service=named["service"], version=named["version"])
        if artifact is None:
            yield {**named, "registered": False}
            continue
        reports = EvidenceSerializer(catalog.all_evidence(artifact.pk), many=True).data
        yield {**shown_artifact(artifact), "registered": True, "reports": reports}


def _json(value: Any) -> bytes:  # noqa: ANN401 - what serializers give
    return (json.dumps(value, cls=JSONEncoder, ensure_ascii=False, indent=2) + "\n").encode()


def _cell(value: object) -> str:
    """Plain text that no spreadsheet takes for a formula."""
    text = " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text
