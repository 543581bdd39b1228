"""How changes and freezes name themselves in the record: their timeline is one query over subjects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Model

from changes.events import ChangeEvent, FeedEvent, FreezeEvent, MeetingEvent, TemplateEvent, WindowEvent
from changes.models import ChangeRequest
from cybercube_portal.audit import actions as audit
from cybercube_portal.audit.actors import Actor

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def record_change(
    verb: ChangeEvent,
    change: ChangeRequest,
    *,
    actor: Actor,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **data: Any,
) -> None:
    """One event of a change, on its own timeline and those of its services and template."""
    subjects = [f"service:{slug}" for slug in change.services]
    if change.template is not None:
        subjects.append(f"template:{change.template.slug}")
    audit.record(
        verb,
        object_type="change",
        object_id=change.number,
        subjects=subjects,
        actor=actor,
        at=at,
        before=before,
        after=after,
        data={"state": change.state, **data},
    )


def record_thing(
    verb: FreezeEvent | WindowEvent | TemplateEvent | FeedEvent | MeetingEvent,
    *,
    kind: str,
    reference: str,
    actor: Actor,
    at: datetime,
    subjects: Iterable[str] = (),
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **data: Any,
) -> None:
    """One event of a freeze, a deployment window, a template, a calendar feed or a meeting."""
    audit.record(
        verb,
        object_type=kind,
        object_id=reference,
        subjects=subjects,
        actor=actor,
        at=at,
        before=before,
        after=after,
        data=data,
    )


def written(row: Model, plan: type[DataclassInstance]) -> dict[str, Any]:
    """The row's values of the plan's fields, lists as tuples: what an edit starts from."""
    values = {item.name: getattr(row, item.name) for item in fields(plan)}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
