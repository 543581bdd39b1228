"""How a change differs from one of its kept content versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from changes.models import ChangeRequest, ContentVersion
from changes.policy.content import FieldChange, difference, kept_material


def content_versions(change: ChangeRequest, *, until: datetime) -> QuerySet[ContentVersion]:
    """What of it signatures cover, as it stood again and again by then, the oldest first. Only ever added to."""
    return change.content_versions.filter(at__lte=until).select_related("by").order_by("id")


def difference_from(material: Mapping[str, Any], change: ChangeRequest) -> tuple[FieldChange, ...]:
    """What was edited since: `material` as a ContentVersion keeps it, in JSON, against the change as it is now."""
    return difference(_as_json(kept_material(material)), _as_json(change.material()))


def _as_json(material: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(material, cls=DjangoJSONEncoder))
    return found
