"""POST services/{slug}/protection/: from pipelines alone, judged and kept; shown with the service's compliance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from cybercube_portal.audit.models import Event
from cybercube_portal.catalog.models import ProtectionReport
from tests.standard.test_protection import ANSWERED, ONLY_REVIEWED

URL = "/api/v1/services/billing-service/protection/"
GOOD = {"platform": "github", "settings": {"main": ANSWERED, "release/*": ONLY_REVIEWED}, "codeowners": True}
OPEN = {"platform": "github", "settings": {"main": None}, "codeowners": False}


def post(client: APIClient, body: Any, url: str = URL) -> Any:
    return client.post(url, body, format="json")


def test_report__protected_repository__every_demand_is_answered(pipeline: APIClient) -> None:
    body = post(pipeline, GOOD).json()

    assert (body["service"], body["protected"], body["codeowners"]) == ("billing-service", True, True)
    assert {finding["outcome"] for finding in body["findings"]} == {"pass"}
    assert {finding["details"].get("branch") for finding in body["findings"]} == {"main", "release/*", None}
    event = Event.objects.get(verb="protection.reported")
    assert event.data["is_protected"] is True
    assert "service:billing-service" in event.subjects


def test_report__open_repository__is_kept_with_what_it_lacks(pipeline: APIClient) -> None:
    answer = post(pipeline, OPEN)

    assert answer.status_code == 201
    assert answer.json()["protected"] is False
    assert all(finding["remedy"] for finding in answer.json()["findings"])


def test_reports__list__is_the_history_newest_first_and_cannot_be_rewritten(
    pipeline: APIClient, api: Callable[..., APIClient]
) -> None:
    for body in (OPEN, GOOD):
        post(pipeline, body)

    assert [row["protected"] for row in api("alice").get(URL).json()["results"]] == [True, False]
    with pytest.raises(DatabaseError, match="append_only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_protectionreport SET is_protected = true")


@pytest.mark.parametrize(("username", "status"), [("alice", 403), ("admin", 403), ("ci-search", 403)])
def test_report__by_anybody_but_the_teams_pipeline__refused(
    billing: object, api: Callable[..., APIClient], username: str, status: int
) -> None:
    assert post(api(username), GOOD).status_code == status
    assert not ProtectionReport.objects.exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"platform": "bitbucket"}, 400),
        ({"settings": []}, 400),
        ({"codeowners": "yes"}, 400),
        ({"branches": {}}, 400),
        ({"settings": {"main": "x" * 70_000}}, 422),
    ],
)
def test_report__that_is_none__refused(pipeline: APIClient, change: dict[str, Any], code: int) -> None:
    assert post(pipeline, {**GOOD, **change}).status_code == code
    assert not ProtectionReport.objects.exists()


def test_report__of_no_service__404(pipeline: APIClient) -> None:
    assert post(pipeline, GOOD, "/api/v1/services/nothing/protection/").status_code == 404


def test_page__of_three_reports__tells_the_newest_and_what_got_lost_and_mended(
    pipeline: APIClient, browser_session: Callable[[str], Client]
) -> None:
    alice = browser_session("alice")
    assert "No pipeline reported it yet" in alice.get("/services/billing-service/protection/").content.decode()
    no_force = {**ANSWERED, "allow_force_pushes": {"enabled": True}}
    for main in (ANSWERED, no_force, ANSWERED):
        post(pipeline, {**GOOD, "settings": {"main": main, "release/*": ONLY_REVIEWED}})

    shown = " ".join(alice.get("/services/billing-service/protection/").content.decode().split())

    order = [
        shown.index(said) for said in ("Mended: main: no rewritten history.", "Lost: main: no", "The first report.")
    ]
    assert order == sorted(order)
    assert shown.count("1 demand ") == 1
    assert alice.get("/services/nothing/protection/").status_code == 404


def test_compliance__after_a_report__tells_how_many_demands_hold_and_which_do_not(
    pipeline: APIClient, browser_session: Callable[[str], Client]
) -> None:
    post(pipeline, {**GOOD, "codeowners": False})
    shown = " ".join(browser_session("alice").get("/compliance/billing-service/").content.decode().split())

    assert "13 of 14 demands on main, release/* and CODEOWNERS hold." in shown
    assert "Add CODEOWNERS" in shown
