"""How a change differs from one of its kept content versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from changes.models import ChangeRequest
from changes.policy.content import FieldChange, difference


def difference_from(material: Mapping[str, Any], change: ChangeRequest) -> tuple[FieldChange, ...]:
    """What was edited since: `material` as a ContentVersion keeps it, in JSON, against the change as it is now."""
    now = json.loads(json.dumps(change.material(), cls=DjangoJSONEncoder))
    return difference(material, now)
