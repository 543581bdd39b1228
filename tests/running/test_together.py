"""Rows that came with others in one statement are the rows that come alone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Model
from django.test.utils import CaptureQueriesContext

from changes.models import ChangeRequest, DeploymentWindow, Freeze
from cybercube_portal.audit.models import Event
from cybercube_portal.database.together import together
from tests.factories import changes as stories
from tests.factories.people import Cast


def fields_of(row: Model) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_together__lists_of_every_kind_of_column__the_same_values_in_the_same_order(now: datetime, cast: Cast) -> None:
    stories.service()
    stories.freeze(now=now, starts_at=now, ends_at=now + timedelta(days=1))
    days = (date(2026, 1, 15), date(2026, 1, 16))
    window: dict[str, Any] = {
        "starts_at": now,
        "ends_at": now + timedelta(hours=2),
        "rule": "FREQ=DAILY",
        "excluded_dates": days,
    }
    stories.window(now=now, **window)
    for number in range(3):
        stories.half_signed(now=now + timedelta(minutes=number, microseconds=17))
    lists = (
        Freeze.objects.all(),
        DeploymentWindow.objects.all(),
        ChangeRequest.objects.order_by("-id"),
        Event.objects.all(),
    )

    with CaptureQueriesContext(connection) as asked:
        found = together(*lists)

    assert len(asked) == 1
    assert [[fields_of(row) for row in rows] for rows in found] == [[fields_of(row) for row in rows] for rows in lists]


def test_together__nothing_annotations_and_some_columns__as_asked(now: datetime, cast: Cast) -> None:
    stories.service()
    change = stories.draft(now=now)
    some = ChangeRequest.objects.only("number", "services").annotate(by=F("requester__username"))

    nothing, [row] = together(Freeze.objects.none(), some)

    assert nothing == []
    assert (row.number, row.services, vars(row)["by"]) == (change.number, ["billing-service"], "alice")
    assert "title" in row.get_deferred_fields()
