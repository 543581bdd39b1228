"""A registered, proved artifact, and an approved change for it whose slot opens at `slot`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from changes.actions.freezes import create_freeze, publish_freeze
from changes.models import ChangeRequest, Freeze
from changes.proposals import ArtifactName
from cybercube_portal.catalog.models import Artifact, Service
from releases.actions.deployments import finish_deployment
from releases.models import Deployment
from releases.states import DeploymentState
from tests.audit.listener import Listener
from tests.factories import changes as story
from tests.factories import releases as lives
from tests.factories.deployments import deployed
from tests.factories.people import Cast
from tests.releases.asking import DIGEST, SERVICE, URL, VERSION, Ask, freeze_plan, prove
from tests.releases.outside import SickService
from tests.releases.verifying import GOOD, says

NAMED = ArtifactName(service=SERVICE, version=VERSION)


@pytest.fixture
def _shop(cast: Cast) -> None:
    """The services of the teams payments and search."""
    story.service(SERVICE)
    story.service("search-api", team="search")


@pytest.fixture
def held(now: datetime, clock_at: Callable[[datetime], datetime], _shop: None) -> datetime:
    """The clock, held a day and two hours before `slot`."""
    return clock_at(now)


@pytest.fixture
def slot(held: datetime) -> datetime:
    """When the approved change may begin."""
    return held + timedelta(hours=26)


@pytest.fixture
def artifact(held: datetime) -> Artifact:
    """billing-service v2.3.1, built, tested, scanned, and proved in staging two hours before."""
    row = story.artifact(story.service(SERVICE), VERSION, at=held, digest=DIGEST)
    for stage, summary in (("build", {}), ("test", {"coverage": 91.5}), ("scan", {"critical": 0, "high": 0})):
        prove(row, stage, at=held, summary=summary)
    lives.staged(at=held - timedelta(hours=2))
    return row


@pytest.fixture
def approved(held: datetime, slot: datetime, artifact: Artifact) -> ChangeRequest:
    """Alice's change, signed by bob."""
    return story.approved(now=held, scheduled_time=slot, artifacts=(NAMED,))


@pytest.fixture
def freeze_from(held: datetime) -> Callable[..., Freeze]:
    """`freeze_from(start, hours=…)`: a published holiday freeze."""

    def freeze(start: datetime, *, hours: float = 1, **fields: Any) -> Freeze:
        dan, plan = story.actor("dan"), freeze_plan(start, hours=hours, **fields)
        row = create_freeze(plan=plan, actor=dan, now=held)
        return publish_freeze(reference=row.reference, actor=dan, now=held)

    return freeze


@pytest.fixture
def ci(api: Callable[..., APIClient]) -> APIClient:
    """The pipeline of the team payments."""
    return api("ci-payments", scopes=["gate"])


@pytest.fixture
def ask(ci: APIClient) -> Ask:
    """`ask(**members)`: put the question for billing-service v2.3.1 to prd; the JSON of a 201."""

    def put(client: Client | APIClient | None = None, **members: Any) -> dict[str, Any]:
        question = {"service": SERVICE, "version": VERSION, "environment": "prd", **members}
        answer = (client or ci).post(URL, question)
        assert answer.status_code == 201, answer.content
        body: dict[str, Any] = answer.json()
        return body

    return put


@pytest.fixture
def service() -> Iterator[SickService]:
    with closing(SickService(version=VERSION)) as found:
        yield found


@pytest.fixture
def metrics() -> Iterator[Listener]:
    """Something that answers in Prometheus' place, so that a test can choose every byte."""
    with closing(Listener()) as listener:
        yield listener


@pytest.fixture
def verifiable(held: datetime, service: SickService, metrics: Listener, settings: Settings) -> None:
    """Everything outside is there and well; one second of patience with it."""
    settings.OUTBOUND_NETWORKS = (ip_network("127.0.0.0/8"),)
    settings.PROMETHEUS_URL = metrics.url().rstrip("/")
    settings.VERIFICATION_TIMEOUT = timedelta(seconds=2)
    Service.objects.filter(slug=service.slug).update(
        urls={"prd": service.url + "/", "stg": service.url}, allowed_hosts=["127.0.0.1"]
    )
    says(metrics, GOOD % held.timestamp())


@pytest.fixture
def finished(verifiable: None, held: datetime) -> Deployment:
    """billing-service v2.3.1, finished in production and waiting for its checks."""
    running = deployed(VERSION, at=held, state=DeploymentState.RUNNING)
    return finish_deployment(reference=running.reference, status="succeeded", actor=story.actor("alice"), now=held)
