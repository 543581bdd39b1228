"""`lint:` of the list of migrations: what the lint found, looked up without reading every file of every artifact."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from cybercube_portal.people.models import User
from cybercube_portal.query import Asker, parse, read
from releases.selectors.migrations import migrations
from releases.selectors.words.migrations import LANGUAGE
from tests.factories import changes as story
from tests.factories.people import Cast

FILES = {"error": "20260117120000_a.sql", "warning": "20260117120001_b.sql", "clean": "20260117120002_c.sql"}


@pytest.fixture
def planned(cast: Cast, now: datetime, api: Callable[..., APIClient]) -> APIClient:
    """A migration for each thing the lint may say, and one of a version that nobody registered."""
    carried: list[dict[str, Any]] = [
        {"filename": name, "sql": "", "kind": "schema", "phase": "expand", "findings": found}
        for (said, name) in FILES.items()
        for found in [[] if said == "clean" else [{"severity": said}]]
    ]
    alice, service = api("alice"), story.service("billing-service")
    story.artifact(service, "v2.3.1", at=now, migrations=carried)
    for version, name in (*(("v2.3.1", name) for name in FILES.values()), ("v2.4.0", "20260118120000_d.sql")):
        body = {"service": service.slug, "version": version, "environment": "stg", "filename": name}
        assert alice.post("/api/v1/migrations/", body, format="json").status_code == 201
    return alice


@pytest.mark.parametrize(
    ("query", "found"),
    [*((f"lint:{said}", [name]) for said, name in FILES.items()), ("lint:unknown", ["20260118120000_d.sql"])],
)
def test_lint__each_of_its_values__finds_its_files(planned: APIClient, query: str, found: list[str]) -> None:
    rows = planned.get("/api/v1/migrations/", {"query": query}).json()["results"]

    assert [row["filename"] for row in rows] == found


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_lint__asked_for_findings__reads_the_index_of_artifacts_that_have_them(
    planned: APIClient, now: datetime, severity: str
) -> None:
    asker = Asker(id=User.objects.get(username="alice").pk, username="alice", team=None, now=now, zone=UTC)
    where = read(parse(f"lint:{severity}"), LANGUAGE, asker).where
    with connection.cursor() as cursor:
        # The tables of a test are so small that reading them whole is quicker.
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert f"artifact_lint_{severity}" in migrations().filter(where).explain()
