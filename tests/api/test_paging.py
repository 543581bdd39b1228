from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from cybercube_portal.api import Malformed, cut_page
from cybercube_portal.people.models import Team
from tests.factories.people import TeamFactory


@pytest.fixture
def client(api: Callable[..., APIClient]) -> APIClient:
    Team.objects.bulk_create(Team(slug=f"t-{number:03}", name=f"T{number}") for number in range(120))
    return api("alice")


def slugs(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [team["slug"] for team in answer.json()["results"]]


def test_page__rows_added_before_and_behind__each_old_row_once_and_in_order(client: APIClient) -> None:
    before = sorted(Team.objects.values_list("slug", flat=True))
    answer = client.get("/api/v1/teams/", {"page_size": 25})
    seen = slugs(answer)
    while answer.json()["next"]:
        TeamFactory.create(slug=f"a-{len(seen)}")
        TeamFactory.create(slug=f"{seen[-1]}-and-more")
        answer = client.get(answer.json()["next"])
        seen += slugs(answer)
    assert seen == sorted(set(seen))
    assert [slug for slug in seen if not slug.endswith("-and-more")] == before


def test_page__row_of_the_cursor_deleted__goes_on_behind_it(client: APIClient) -> None:
    first = client.get("/api/v1/teams/", {"page_size": 10})
    last = slugs(first)[-1]
    Team.objects.filter(slug=last).delete()
    assert slugs(client.get(first.json()["next"]))[0] > last


def test_page__there_and_back__same_rows(client: APIClient) -> None:
    first = client.get("/api/v1/teams/", {"page_size": 40})
    second = client.get(first.json()["next"])
    back = client.get(second.json()["previous"])
    assert slugs(back) == slugs(first)
    assert back.json()["previous"] is None
    assert slugs(client.get(back.json()["next"])) == slugs(second)


def test_page__no_size_named__fifty_rows(client: APIClient) -> None:
    assert len(slugs(client.get("/api/v1/teams/"))) == 50


@pytest.mark.parametrize("size", ["0", "201", "-1", "1e2", "x", "", "٣", "9" * 5000])
def test_page__size_out_of_bounds__refused(client: APIClient, size: str) -> None:
    answer = client.get("/api/v1/teams/", {"page_size": size})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/page_size"


@pytest.mark.parametrize("cursor", ["", "x", "WzAsWyJhIl1d", "a\0b", "é:x:y"])
def test_page__cursor_made_up__refused(client: APIClient, cursor: str) -> None:
    answer = client.get("/api/v1/teams/", {"cursor": cursor})
    assert answer.status_code == 400
    assert answer.json()["code"] == "cursor.unknown"


def test_page__cursor_of_another_list__refused(client: APIClient) -> None:
    elsewhere = client.get("/api/v1/teams/", {"page_size": 1}).json()["next"].partition("cursor=")[2].partition("&")[0]
    assert client.get(f"/api/v1/users/?cursor={elsewhere}").json()["code"] == "cursor.unknown"


@pytest.mark.django_db
def test_cut_page__many_rows_share_the_first_column__ordered_by_the_next() -> None:
    for number in range(30):
        TeamFactory.create(slug=f"t-{number:02}", name="ABC"[number % 3])
    seen: list[Team] = []
    cursor = None
    while True:
        page = cut_page(Team.objects.all(), order=("-name", "slug"), cursor=cursor, size=7, name="teams")
        seen += page.rows
        cursor = page.next
        if cursor is None:
            break
    assert [team.slug for team in seen] == [team.slug for team in Team.objects.order_by("-name", "slug")]


@pytest.mark.django_db
def test_cut_page__cursor_of_another_order__refused() -> None:
    TeamFactory.create_batch(3)
    cursor = cut_page(Team.objects.all(), order=("slug",), cursor=None, size=1, name="teams").next
    with pytest.raises(Malformed):
        cut_page(Team.objects.all(), order=("-slug",), cursor=cursor, size=1, name="teams")
