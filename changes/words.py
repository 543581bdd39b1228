"""Names of fields as people read them, and what changed between two versions in those words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from changes.policy.content import FieldChange
from changes.policy.risk import QUESTIONS
from cybercube_portal.web import times

FIELDS: dict[str, str | Promise] = {
    "title": gettext_lazy("Title"),
    "type": gettext_lazy("Type"),
    "release_type": gettext_lazy("Release type"),
    "release": gettext_lazy("Release"),
    "description": gettext_lazy("What changes, and why"),
    "services": gettext_lazy("Services"),
    "environments": gettext_lazy("Environments"),
    "artifacts": gettext_lazy("Artifacts"),
    "risk_assessment.level": gettext_lazy("Risk"),
    "impact.customers": gettext_lazy("Impact on customers"),
    "impact.downtime": gettext_lazy("Downtime"),
    "impact.data": gettext_lazy("Impact on data"),
    "rollback_plan": gettext_lazy("Rollback plan"),
    "rollback_version": gettext_lazy("Version to go back to"),
    "rollback_flag": gettext_lazy("Flag to go back by"),
    "migrations": gettext_lazy("Migrations"),
    "scheduled_time": gettext_lazy("Starts"),
    "estimated_duration": gettext_lazy("Takes"),
    **{f"risk_assessment.answers.{key}": question for key, question in QUESTIONS.items()},
}
HIDDEN = frozenset({"content_hash"})
MOMENTS = frozenset({"scheduled_time"})


def named(changes: Iterable[FieldChange]) -> list[dict[str, Any]]:
    """{label, before, after, texts, taken, added} of every field that changed, `before` and `after` as text.

    `texts`: the two as they are, None where they are no texts. `taken` and `added`: what left a list and what came into it, as text.
    """
    return [
        {
            "label": label_of(one.field),
            "before": _shown(one.field, one.before),
            "after": _shown(one.field, one.after),
            "texts": _texts(one),
            "taken": _without(one.before, one.after),
            "added": _without(one.after, one.before),
        }
        for one in changes
        if one.field not in HIDDEN
    ]


def _texts(one: FieldChange) -> tuple[str, str] | None:
    sides = tuple("" if side is None else side for side in (one.before, one.after))
    match sides:
        case str(before), str(after) if one.field not in MOMENTS:
            return before, after
        case _:
            return None


def _without(items: object, others: object) -> str:
    """Those of a list that another does not have."""
    if not (isinstance(items, list) and isinstance(others, list)):
        return ""
    return ", ".join(text_of(item) for item in items if item not in others)


def label_of(field: str) -> str:
    """The field's name, or its path spelled out."""
    return str(FIELDS.get(field) or field.removeprefix("parameters.").replace("_", " ").replace(".", " ").capitalize())


def _shown(field: str, value: object) -> str:
    if field in MOMENTS and isinstance(value, str) and (moment := parse_datetime(value)):
        return times.exact_with_zone(moment)
    if field == "estimated_duration" and isinstance(value, int):
        return _("%(minutes)s minutes") % {"minutes": value // 60}
    return text_of(value)


def text_of(value: object) -> str:
    """A JSON value as people read it."""
    match value:
        case None | "":
            return "—"
        case bool():
            return _("Yes") if value else _("No")
        case str() | int() | float():
            return str(value)
        case [*items]:
            return ", ".join(text_of(item) for item in items) or "—"
        case Mapping():
            service, version = value.get("service"), value.get("version")
            return f"{service}:{version}" if service and version else json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)
