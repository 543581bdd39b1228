"""§1.4: who answers for each environment's isolation, for how long, and where it counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cybercube_portal.audit.models import Event
from cybercube_portal.catalog.actions import attest_isolation
from cybercube_portal.catalog.environments import ISOLATION
from cybercube_portal.catalog.isolation import CELLS, REQUIREMENTS, Isolated, Vouched, latest, vouched_for
from cybercube_portal.catalog.selectors import services
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.people.models import User
from releases.selectors.compliance import with_counts
from tests.factories.catalog import registered_service
from tests.factories.people import Cast

URL = "/api/v1/environments/prd/isolation/"
NOW = datetime(2026, 1, 14, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def word(at: datetime, *, item: Isolated = Isolated.NETWORK, evidence: str = "A VPC each") -> Vouched:
    return Vouched(item=item, environment=EnvironmentCode.PRD, evidence=evidence, by="Frank", at=at)


def test_requirements__are_the_table_of_the_standard() -> None:
    printed = [(row["isolation"].lower(), row["requirement"]) for row in ISOLATION]

    assert [(item.value, says) for item, says in REQUIREMENTS.items()] == printed
    assert len(CELLS) == 18


@pytest.mark.parametrize(
    ("days", "holds", "is_ending"),
    [(0, True, False), (334, True, False), (335, True, True), (364.9, True, True), (365, False, False)],
)
def test_word__holds_for_a_year_and_says_a_month_before_that_it_ends(days: float, holds: bool, is_ending: bool) -> None:
    given = word(NOW - days * DAY)

    assert (given.holds(now=NOW), given.is_ending(now=NOW)) == (holds, is_ending)


def test_latest__two_words_for_a_row__the_newer_counts_and_once() -> None:
    words = [word(NOW, evidence="new"), word(NOW - 400 * DAY, evidence="old")]

    assert [found.evidence for found in latest(words).values()] == ["new"]
    assert vouched_for(words, now=NOW) == 1


@pytest.mark.usefixtures("cast")
def test_attest_isolation__by_security__kept_shown_and_recorded() -> None:
    client = APIClient()
    client.force_login(
        User.objects.get(username="frank"), backend="cybercube_portal.people.authentication.PersonBackend"
    )

    answer = client.post(URL, {"item": "secrets", "evidence": "A vault each: wiki/vaults"}, format="json")

    assert answer.status_code == 201, answer.content
    assert answer.json()["attested_by"] == "frank"
    assert client.get(URL).json()["results"] == [answer.json()]
    event = Event.objects.get(verb="isolation.attested")
    assert event.data == {"item": "secrets", "evidence": "A vault each: wiki/vaults"}


@pytest.mark.usefixtures("cast")
@pytest.mark.parametrize(
    ("url", "body", "status"),
    [
        (URL, {"item": "secrets", "evidence": ""}, 400),
        (URL, {"item": "moon", "evidence": "x"}, 400),
        (URL, {"item": "secrets", "evidence": "x" * 1001}, 400),
        ("/api/v1/environments/uat/isolation/", {"item": "secrets", "evidence": "x"}, 404),
    ],
)
def test_attest_isolation__of_another_shape__refused(url: str, body: dict[str, Any], status: int) -> None:
    client = APIClient()
    client.force_login(User.objects.get(username="dan"), backend="cybercube_portal.people.authentication.PersonBackend")

    assert client.post(url, body, format="json").status_code == status


def test_page__by_ops__vouches_and_keeps_what_was_typed_in_error(cast: Cast, client: Client) -> None:
    client.force_login(cast["dan"], backend="cybercube_portal.people.authentication.PersonBackend")

    wrong = client.post("/environments/", {"environment": "stg", "item": "logs", "evidence": " "})
    right = client.post("/environments/", {"environment": "stg", "item": "logs", "evidence": "env=stg"}, follow=True)

    assert wrong.status_code == 422
    page = right.content.decode()
    assert "People answer for 1 of 18 rows" in page
    assert "Dan Dahl" in page


def test_page__by_an_engineer__reads_and_may_not_vouch(cast: Cast, client: Client) -> None:
    client.force_login(cast["alice"], backend="cybercube_portal.people.authentication.PersonBackend")

    assert "Vouch for it" not in client.get("/environments/").content.decode()
    sent = client.post("/environments/", {"environment": "stg", "item": "logs", "evidence": "x"})
    assert sent.status_code == 403


def test_rows_vouched_for__counted_within_the_services_own_query(cast: Cast, now: datetime) -> None:
    registered_service()
    for days, code, item in (
        (0, "prd", "iam"),
        (399, "prd", "network"),
        (400, "prd", "network"),
        (400, "stg", "network"),
    ):
        attest_isolation(
            environment=code, item=Isolated(item), evidence="Seen", actor=cast.actor("dan"), now=now + days * DAY
        )

    (service,) = with_counts(services(), now=now + 400 * DAY)

    assert vars(service)["isolated"] == 2
