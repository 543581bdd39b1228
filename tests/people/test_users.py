from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from tests.factories.people import PEOPLE, SERVICE_ACCOUNTS, TEAMS, Cast


def everybody(client: APIClient, **parameters: str) -> dict[str, Any]:
    answer = client.get("/api/v1/users/", parameters)
    assert answer.status_code == 200
    return {user["username"]: user for user in answer.json()["results"]}


def test_users__list__active_ones_with_roles_in_force(api: Callable[..., APIClient], cast: Cast) -> None:
    cast.sybil.is_active = False
    cast.sybil.save()
    users = everybody(api("ci-search"))
    assert users.keys() == {name for name, *_ in PEOPLE} - {"sybil"} | SERVICE_ACCOUNTS.keys()
    assert users["bob"]["roles"] == [{"role": "tech_lead", "team": "payments", "ends_at": None}]
    assert users["ci-payments"]["kind"] == "service"
    assert users["ci-payments"]["roles"] == []
    assert not any("email" in user or "password" in user for user in users.values())


def test_users__of_a_team__only_they(api: Callable[..., APIClient]) -> None:
    assert everybody(api("alice"), team="search").keys() == {"oscar", "sybil", "ci-search"}


def test_users__list__queries_do_not_grow_with_people(
    api: Callable[..., APIClient], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = api("alice")
    with django_assert_max_num_queries(12):
        everybody(client)


def test_teams__list__all(api: Callable[..., APIClient]) -> None:
    answer = api("alice").get("/api/v1/teams").json()
    assert {team["slug"]: team["name"] for team in answer["results"]} == TEAMS
    assert (answer["next"], answer["previous"]) == (None, None)
