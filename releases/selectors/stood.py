"""What was rolled out of a service, place by place: which version stood there since when. Read with the places themselves, in no query more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from cybercube_portal.catalog.states import EnvironmentCode
from releases.models import Deployment

MOST_IN_A_PLACE = 60


class RolledOut(NamedTuple):
    """`version` stood in `environment` from `at` on, until the next one."""

    environment: str
    version: str
    at: datetime


def rolled_out() -> dict[str, ArraySubquery]:
    """Annotations of a service: the newest sixty roll-outs to each environment, ways back among them, however long its history."""
    finished = Deployment.objects.filter(service=OuterRef("pk"), finished_at__isnull=False).order_by("-id")
    row = JSONObject(version="version", at="finished_at")
    return {
        f"stood_{code}": ArraySubquery(finished.filter(environment=code).values(row=row)[:MOST_IN_A_PLACE])
        for code in EnvironmentCode
    }


def read_rolled_out(row: Mapping[str, Any]) -> tuple[RolledOut, ...]:
    """What these annotations gave, the oldest first; nothing where they were not asked for."""
    found = [
        RolledOut(code.value, one["version"], datetime.fromisoformat(one["at"]))
        for code in EnvironmentCode
        for one in row.get(f"stood_{code}", ())
    ]
    return tuple(sorted(found, key=lambda one: one.at))
