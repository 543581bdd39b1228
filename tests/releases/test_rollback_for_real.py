"""A sick service goes back by itself, and a worker dies in the middle of it: the worker, the service and the receiver are real."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from celery import current_app
from django.db import connection
from pytest_django.fixtures import Settings

from cybercube_portal import clock
from cybercube_portal.audit.actions.working import sweep_intents
from cybercube_portal.audit.models import Event
from cybercube_portal.audit.signing import new_secret, seal, sign
from cybercube_portal.catalog.models import Service
from cybercube_portal.errors import MoveRefused
from releases.actions.one_flag import follow_flag
from releases.actions.rollback import start_rollback
from releases.models import Deployment, Incident
from releases.states import DeploymentState, IncidentState, Trigger
from tests.audit.worker import Worker
from tests.factories.changes import actor, approved
from tests.factories.changes import service as story_service
from tests.factories.deployments import HOUR, SERVICE, deployed
from tests.factories.flags import flag, served
from tests.factories.notices import mails_of
from tests.factories.people import Cast
from tests.releases.outside import SickService

OLD, BAD = "v2.3.0", "v2.3.1"
SECRET = new_secret()
SICK, WELL = 0.12, 0.001


class Deployer:
    """What deploys the service: it hears the portal's call and brings the old version back. `stuck`: not before it is told."""

    def __init__(self, service: SickService) -> None:
        self.service = service
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.rang, self.goes_on = threading.Event(), threading.Event()
        self.goes_on.set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/rollback"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        deployer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                deployer.heard.append(({name.lower(): text for name, text in self.headers.items()}, body))
                deployer.rang.set()
                deployer.goes_on.wait(60)
                deployer.service.version, deployer.service.error_rate = json.loads(body)["data"]["version"], WELL
                answer = b'{"status":"done"}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_words: Any) -> None:
                pass

        return Handler

    def close(self) -> None:
        self.goes_on.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service() -> Iterator[SickService]:
    with closing(SickService(version=BAD)) as found:
        yield found


@pytest.fixture
def deployer(service: SickService) -> Iterator[Deployer]:
    with closing(Deployer(service)) as found:
        yield found


@pytest.fixture
def worker(transactional_db: None, service: SickService) -> Iterator[Worker]:
    current_app.control.purge()
    process = Worker(
        include="tests.releases.short_leases",
        CYBERCUBE_OUTBOUND_NETWORKS="127.0.0.0/8",
        CYBERCUBE_PROMETHEUS_URL=service.url,
        CYBERCUBE_VERIFICATION_SETTLE="0s",
        CYBERCUBE_WATCH_INTERVAL="1s",
    )
    yield process
    process.kill()
    current_app.control.purge()


@pytest.fixture
def bad(worker: Worker, cast: Cast, service: SickService, deployer: Deployer, settings: Settings) -> Deployment:
    """v2.3.1 was just found healthy in production; v2.3.0 ran there before."""
    now = clock.now()
    deployed(OLD, at=now - 24 * HOUR)
    config = {"url": deployer.url, "sealed": [seal(SECRET)]}
    Service.objects.filter(slug=SERVICE).update(
        urls={"prd": service.url}, allowed_hosts=["127.0.0.1"], rollback_driver="webhook", rollback_config=config
    )
    return deployed(BAD, at=now)


def state_of(deployment: Deployment) -> str:
    return str(Deployment.objects.values_list("state", flat=True).get(pk=deployment.pk))


def test_service__sick_while_it_is_watched__goes_back_by_itself_and_everybody_is_told(
    worker: Worker, bad: Deployment, service: SickService, deployer: Deployer
) -> None:
    service.error_rate = SICK
    worker.start()

    def told() -> bool:
        sweep_intents(now=clock.now())
        return mails_of("rollback_notice").exists()

    worker.until(told, within=120)

    assert state_of(bad) == DeploymentState.ROLLED_BACK
    rollback = Deployment.objects.get(rolls_back=bad)
    assert (rollback.state, rollback.version, rollback.observed_version) == (DeploymentState.HEALTHY, OLD, OLD)
    assert rollback.rollback.is_automatic
    ((headers, body),) = deployer.heard
    identity, timestamp = headers["webhook-id"], int(headers["webhook-timestamp"])
    expected = sign(message_id=identity, timestamp=timestamp, body=body, with_secrets=[SECRET])
    assert headers["webhook-signature"] == expected
    notice = rollback.rollback.notice
    assert "Error rate exceeded 5% threshold after deployment of v2.3.1." in notice
    assert "~12% of requests affected" in notice
    assert "Rolled back by the system" in notice
    incident = Incident.objects.get()
    assert (incident.deployment, incident.state) == (bad.reference, IncidentState.RESOLVED)


def test_worker__killed_while_the_driver_is_called__called_again_under_the_same_id_and_finished_once(
    worker: Worker, bad: Deployment, deployer: Deployer
) -> None:
    deployer.goes_on.clear()
    worker.start()
    rollback = start_rollback(
        reference=bad.reference, trigger=Trigger.FUNCTIONALITY, reason="Broken", actor=actor("grace"), now=clock.now()
    )
    worker.until(deployer.rang.is_set)
    worker.kill()
    deployer.goes_on.set()
    worker.start()

    def over() -> bool:
        sweep_intents(now=clock.now())
        return state_of(bad) == DeploymentState.ROLLED_BACK

    worker.until(over, within=120)

    assert len(deployer.heard) == 2
    assert {headers["webhook-id"] for headers, _ in deployer.heard} == {f"rollback-{rollback.reference}"}
    assert len({body for _, body in deployer.heard}) == 1
    assert Event.objects.filter(verb="deployment.finished", object_id=rollback.reference).count() == 1


@pytest.mark.django_db(transaction=True)
def test_start_rollback__eight_at_once__one_begins_and_seven_are_told_why(cast: Cast) -> None:
    now = clock.now()
    deployed(OLD, at=now - 24 * HOUR)
    bad = deployed(BAD, at=now)
    who = actor("grace")

    def attempt(_number: int) -> str:
        try:
            return start_rollback(reference=bad.reference, reason="Broken", actor=who, now=now).reference
        except MoveRefused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(attempt, range(8)))

    assert len([text for text in found if text.startswith("DEP-")]) == 1, found
    assert Deployment.objects.filter(action="rollback").count() == 1
    assert Event.objects.filter(verb="deployment.rollback_started").count() == 1
    assert set(found) - {Deployment.objects.get(action="rollback").reference} == {"rollback.not_standing"}


@pytest.mark.django_db(transaction=True)
def test_start_rollback__of_two_services_behind_one_flag_at_once__neither_waits_for_the_other(cast: Cast) -> None:
    now = clock.now()
    story_service()
    story_service("search-api", team="search")
    flag("release_tax_v2", now=now)
    served("release_tax_v2", "prd", now=now, enabled=True, rollout_percentage=5)
    change = approved(now=now - 2 * HOUR, artifacts=(), rollback_flag="release_tax_v2")
    bad = [deployed(BAD, at=now, service=service, change=change.number) for service in (SERVICE, "search-api")]
    who = actor("grace")

    def attempt(deployment: Deployment) -> str:
        try:
            rollback = start_rollback(reference=deployment.reference, reason="Broken", actor=who, now=now)
            follow_flag(reference=deployment.reference, now=now)
        except MoveRefused as refused:
            return refused.code
        else:
            return rollback.rollback.method
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(attempt, bad))

    # Whoever came second went back by the same flag, or found it done by the first.
    assert set(found) <= {"flag", "rollback.not_standing"}, found
    rollbacks = Deployment.objects.filter(action="rollback").values_list("rolls_back", "rollback__method")
    assert set(rollbacks) == {(row.pk, "flag") for row in bad}
    assert len(rollbacks) == 2
    assert Event.objects.filter(verb="flag.killed").count() == 1
