"""What the registry may let go (§3.5), and builds that are not reproducible (§3.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from cybercube_portal import clock
from cybercube_portal.audit.models import Event
from cybercube_portal.catalog.models import Artifact, Service
from releases.tasks import judge_artifacts
from tests.factories import changes as story
from tests.factories import deployments
from tests.factories.people import Cast

DAY = timedelta(days=1)
ONE, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64


@pytest.fixture
def service(cast: Cast) -> Service:
    return story.service("billing-service")


def read(client: APIClient, version: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/artifacts/billing-service:{version}/")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_retention__of_what_ran_in_production__counts_from_when_something_else_took_its_place(
    service: Service, now: datetime, clock_at: Callable[[datetime], datetime], api: Callable[..., APIClient]
) -> None:
    clock_at(now)
    story.artifact(service, "v1.0.0", at=now - 100 * DAY, git_sha="a" * 10)
    story.artifact(service, "v1.0.1", at=now - 10 * DAY, git_sha="b" * 10)
    deployments.deployed("v2.0.0", at=now - 400 * DAY)
    deployments.deployed("v2.0.1", at=now - 366 * DAY)
    deployments.deployed("v2.1.0", at=now - 300 * DAY)
    judge_artifacts()
    client = api("alice")
    assert read(client, "v1.0.0")["expired_at"] is not None
    assert read(client, "v1.0.1")["expired_at"] is None
    assert read(client, "v2.0.0")["expired_at"] is not None
    shown = read(client, "v2.0.1")
    assert (shown["expired_at"], shown["last_used_at"]) == (None, moment(now - 300 * DAY))
    assert read(client, "v2.1.0")["retain_until"] == moment(now + 365 * DAY)
    listed = client.get("/api/v1/artifacts/?expired=true").json()["results"]
    assert {row["version"] for row in listed} == {"v1.0.0", "v2.0.0"}
    assert len(client.get("/api/v1/artifacts/?expired=false").json()["results"]) == 3
    assert client.get("/api/v1/artifacts/?expired=perhaps").status_code == 422
    judge_artifacts()
    assert Event.objects.filter(verb="artifact.expired").count() == 2
    assert Artifact.objects.count() == 5


def moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("digests", "reproducible", "codes"),
    [
        ((ONE,), None, []),
        ((ONE, ONE), True, []),
        ((ONE, OTHER), False, ["artifact.not_reproducible"]),
    ],
)
def test_artifact__of_a_commit_built_again__says_whether_it_is_reproducible(
    digests: tuple[str, ...],
    reproducible: bool | None,
    codes: list[str],
    service: Service,
    api: Callable[..., APIClient],
) -> None:
    for number, digest in enumerate(digests):
        story.artifact(service, f"v2.3.{number}", at=clock.now(), digest=digest)
    shown = read(api("alice"), "v2.3.0")
    assert (shown["reproducible"], [row["code"] for row in shown["findings"]]) == (reproducible, codes)
    assert [row["reference"] for row in shown["same_commit"]] == ["billing-service:v2.3.1"][: len(digests) - 1]
