"""POST gate/forecast/: the next slots in which it would pass, and what blocks until then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from changes.models import ChangeRequest, Freeze
from tests.releases.asking import FORECAST, SERVICE, VERSION, decisions

QUESTION = {"service": SERVICE, "version": VERSION, "environment": "prd"}


def told(ci: APIClient, **members: Any) -> dict[str, Any]:
    answer = ci.post(FORECAST, {**QUESTION, **members})
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def spans(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(slot["start"][5:16], slot["end"][5:16]) for slot in body["slots"]]


def test_forecast__an_approved_change__passes_in_its_slot_around_the_freeze(
    ci: APIClient, approved: ChangeRequest, slot: datetime, freeze_from: Callable[..., Freeze]
) -> None:
    freeze_from(slot + timedelta(minutes=30), hours=0.5)
    body = told(ci)
    assert body["change"] == approved.number
    assert spans(body) == [("01-15T12:00", "01-15T12:30"), ("01-15T13:00", "01-15T13:30")]
    assert [reason["code"] for reason in body["blockers"]] == ["schedule.slot_not_open"]
    assert body["conditions"] == []
    assert not decisions().exists()


@pytest.mark.usefixtures("artifact")
def test_forecast__nothing_approved__shows_when_time_would_let_it_and_what_is_missing(
    ci: APIClient, held: datetime, freeze_from: Callable[..., Freeze]
) -> None:
    freeze_from(held + timedelta(hours=2), hours=1)
    body = told(ci, to=(held + timedelta(hours=6)).isoformat())
    assert spans(body) == [("01-14T10:00", "01-14T12:00"), ("01-14T13:00", "01-14T16:00")]
    assert [reason["code"] for reason in body["conditions"]] == ["change.missing"]


@pytest.mark.usefixtures("artifact")
def test_forecast__for_staging__counts_only_its_freezes(
    ci: APIClient, held: datetime, freeze_from: Callable[..., Freeze]
) -> None:
    freeze_from(held + timedelta(hours=1), hours=1, environments=("prd",))
    end = held + timedelta(hours=3)
    assert spans(told(ci, environment="stg", to=end.isoformat())) == [("01-14T10:00", "01-14T13:00")]
    assert len(told(ci, to=end.isoformat())["slots"]) == 2


@pytest.mark.usefixtures("approved")
def test_forecast__from_later_on__begins_there(ci: APIClient, slot: datetime) -> None:
    body = told(ci, **{"from": (slot + timedelta(minutes=10)).isoformat()})
    assert spans(body) == [("01-15T12:10", "01-15T13:30")]
    assert body["blockers"] == []
