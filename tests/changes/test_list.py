"""Changes over REST, as a list: narrowed, paged, and in how many queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.factories import changes as story

CHANGES = "/api/v1/changes/"
Client = Callable[..., APIClient]


@pytest.fixture
def alice(client_of: Client, held: datetime) -> APIClient:
    return client_of("alice")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["third", "second", "first"]),
        ({"state": "in_review"}, ["second"]),
        ({"type": "emergency"}, ["third"]),
        ({"risk": "high"}, ["second"]),
        ({"service": "search-api"}, ["second"]),
        ({"team": "payments"}, ["third", "first"]),
        ({"team": "nowhere"}, []),
        ({"environment": "staging"}, ["first"]),
        ({"requester": "oscar"}, ["second"]),
        ({"q": "THIR"}, ["third"]),
        ({"q": "CR-2026-0114-001"}, ["first"]),
        ({"state": "draft", "requester": "alice"}, ["third", "first"]),
    ],
)
def test_list__narrowed__only_what_fits(
    alice: APIClient, now: datetime, query: dict[str, str], expected: list[str]
) -> None:
    story.draft(now=now, title="first", environments=("stg",))
    story.in_review(
        now=now,
        by="oscar",
        title="second",
        services=("search-api",),
        artifacts=(),
        answers={**story.NO_RISK, "database_schema": True},
    )
    story.draft(now=now, title="third", type="emergency")

    answer = alice.get(CHANGES, query)

    assert answer.status_code == 200, answer.json()
    assert [row["title"] for row in answer.json()["results"]] == expected


@pytest.mark.parametrize(
    ("query", "pointer", "word"),
    [
        ({"stat": "draft"}, "/stat", "state"),
        ({"state": "open"}, "/state", "open"),
        ({"environment": "prod"}, "/environment", "prod"),
        ({"page_size": "0"}, "/page_size", "200"),
        ({"cursor": "x"}, "/cursor", "cursor"),
    ],
)
def test_list__parameter_of_no_meaning__400_naming_it(
    alice: APIClient, query: dict[str, str], pointer: str, word: str
) -> None:
    answer = alice.get(CHANGES, query)
    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert error["pointer"] == pointer
    assert word in error["message"]


def test_list__paged_while_changes_are_filed__each_seen_once(alice: APIClient, now: datetime) -> None:
    numbers = [story.draft(now=now + timedelta(minutes=index)).number for index in range(5)]
    seen: list[str] = []
    address: str | None = f"{CHANGES}?page_size=2"
    while address:
        page = alice.get(address).json()
        seen += [row["number"] for row in page["results"]]
        address = page["next"]
        story.draft(now=now + timedelta(days=1))

    assert seen == numbers[::-1]


def test_list__fifty_changes__at_most_twelve_queries(alice: APIClient, now: datetime) -> None:
    for _ in range(50):
        story.in_review(now=now)
    alice.get(CHANGES)

    with CaptureQueriesContext(connection) as queries:
        answer = alice.get(CHANGES)

    assert len(answer.json()["results"]) == 50
    assert len(queries) <= 12
