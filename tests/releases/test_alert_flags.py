"""An alert may name the flag that takes its fault away: it is killed when the alert begins to fire (design/flags.md item 11)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from cybercube_portal.audit.models import Event
from flags.selectors.flags import get_served
from tests.factories import changes as story
from tests.factories.flags import flag, served
from tests.factories.people import Cast

KEY = "release_tax_v2"


@pytest.fixture
def alertmanager(cast: Cast, now: datetime, api: Callable[..., APIClient]) -> APIClient:
    """Its key; a flag of billing-service is open to 5 % in production, and a freeze lies over everything."""
    story.service()
    story.service("search-api", team="search")
    flag(KEY, now=now)
    served(KEY, "prd", now=now, enabled=True, rollout_percentage=5)
    story.freeze(now=now, starts_at=now, ends_at=now + timedelta(days=1))
    return api("ci-payments", scopes=["deployments"])


def told(client: APIClient, fingerprint: str = "a1", status: str = "firing", **labels: str) -> dict[str, Any]:
    alert = {
        "status": status,
        "labels": {"alertname": "ErrorRate", "service": "billing-service", **labels},
        "annotations": {"summary": "More than 5 % errors"},
        "startsAt": "2026-01-14T09:59:00Z",
        "endsAt": "2026-01-14T10:30:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "fingerprint": fingerprint,
    }
    answer = client.post("/integrations/alerts/", {"version": "4", "alerts": [alert]})
    assert answer.status_code == 200, answer.content
    (taken,) = answer.json()["results"]
    return dict(taken)


def test_alert__that_names_a_flag__kills_it_once_when_it_begins_to_fire(alertmanager: APIClient, now: datetime) -> None:
    taken = told(alertmanager, flag=KEY)
    assert (taken["outcome"], taken["flag"], taken["message"]) == ("opened", KEY, None)
    row = get_served(KEY, "prd")
    assert not row.content["enabled"]
    assert (taken["incident"] in row.killed_because, "5 % errors" in row.killed_because) == (True, True)
    assert row.killed_by is not None
    again = told(alertmanager, flag=KEY)
    assert (again["outcome"], again["flag"]) == ("known", None)
    assert told(alertmanager, status="resolved", flag=KEY)["outcome"] == "resolved"
    assert Event.objects.filter(verb="flag.killed").count() == 1


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ({"flag": "release_nobody"}, "There is no flag release_nobody."),
        ({"flag": KEY, "service": "search-api"}, f"{KEY} is not a flag of search-api."),
        ({"flag": KEY, "environment": "dev"}, f"{KEY} is off in dev already."),
    ],
)
def test_alert__whose_flag_is_none__still_opens_its_incident_and_says_why(
    alertmanager: APIClient, labels: dict[str, str], why: str
) -> None:
    taken = told(alertmanager, **labels)
    assert (taken["outcome"], taken["flag"], taken["message"]) == ("opened", None, why)
    assert taken["incident"].startswith("INC-")
    assert get_served(KEY, "prd").content["enabled"]
