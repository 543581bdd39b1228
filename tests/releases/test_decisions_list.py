"""GET gate/decisions/: what was asked, with the last answer to each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from changes.models import ChangeRequest
from tests.releases.asking import URL, Ask


def test_list__newest_first__shows_the_last_answer_and_filters(
    ask: Ask, ci: APIClient, approved: ChangeRequest, slot: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    waiting = ask()
    clock_at(slot)
    allowed, staging = ask(), ask(environment="stg")
    ci.get(f"{URL}{waiting['id']}/")

    rows = ci.get(URL).json()["results"]
    assert {row["id"] for row in rows[:2]} == {allowed["id"], staging["id"]}
    assert rows[2]["id"] == waiting["id"]
    assert [row["decision"] for row in rows] == ["allow"] * 4
    assert rows[2]["change"] == approved.number

    def found(query: str) -> set[str]:
        return {row["id"] for row in ci.get(f"{URL}?{query}").json()["results"]}

    assert found("environment=stg") == {staging["id"], rows[3]["id"]}
    assert found("decision=wait") == set()
    assert found(f"change={approved.number}") == {waiting["id"], allowed["id"]}
    assert ci.get(f"{URL}?decision=maybe").status_code == 400
    assert ci.get(f"{URL}?serivce=x").status_code == 400


@pytest.mark.usefixtures("artifact")
def test_list__a_full_page__takes_few_queries(
    ask: Ask, ci: APIClient, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(60):
        ask()
    with django_assert_max_num_queries(8):
        page = ci.get(URL).json()
    assert len(page["results"]) == 50
    rest = ci.get(page["next"]).json()
    assert len(rest["results"]) == 11
    assert not {row["id"] for row in rest["results"]} & {row["id"] for row in page["results"]}


@pytest.mark.usefixtures("artifact")
def test_list__by_a_service_account__only_what_it_asked_or_its_key_names(
    ask: Ask, api: Callable[..., APIClient]
) -> None:
    ours = ask()["id"]
    theirs = ask(api("ci-search", scopes=["gate"]), service="search-api")["id"]

    def seen(username: str, *services: str) -> set[str]:
        rows = (
            api(username, scopes=["gate"], services=list(services)).get(URL, {"environment": "prd"}).json()["results"]
        )
        return {row["id"] for row in rows}

    assert seen("ci-payments") == {ours}
    assert seen("ci-search") == {theirs}
    assert seen("ci-search", "billing-service") == {ours, theirs}
    assert seen("oscar") == {ours, theirs}


@pytest.mark.usefixtures("artifact")
def test_list__without_the_scope__is_403(api: Callable[..., APIClient]) -> None:
    assert api("alice", scopes=["changes"]).get(URL).status_code == 403
