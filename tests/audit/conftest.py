"""Events by the dozen, a chain made of them, and the offline verifier loaded the way a stranger has it: as one file."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from types import ModuleType

import pytest
from celery import current_app
from django.db import transaction
from pytest_django.fixtures import Settings

from cybercube_portal import clock
from cybercube_portal.audit import registry
from cybercube_portal.audit.actions import record
from cybercube_portal.audit.actions.sealing import seal_all
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.models import Event
from tests.audit.listener import Listener
from tests.audit.worker import Worker

VERIFIER = Path(__file__).parents[2] / "clients" / "python" / "src" / "cybercube" / "audit_verify.py"

Happen = Callable[..., Event]


@pytest.fixture(scope="session")
def verifier() -> ModuleType:
    """`audit_verify.py`, of which the portal knows nothing."""
    spec = importlib.util.spec_from_file_location("audit_verify", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def happen(db: None) -> Happen:
    """`happen("door.opened", …)`: one event, recorded in its own transaction."""

    def write(
        verb: str = "door.opened", *, object_id: str = "front", at: datetime | None = None, **facts: object
    ) -> Event:
        with transaction.atomic():
            return record(
                verb,
                object_type="door",
                object_id=object_id,
                subjects=["hall"],
                actor=SYSTEM,
                at=at or clock.now(),
                data=facts,
            )

    return write


@pytest.fixture
def sealed(happen: Happen) -> list[Event]:
    """Twenty events in the chain."""
    for number in range(20):
        happen(object_id=f"door-{number}", number=number, ratio=number / 7, words="Tür, 門, 🚪")
    seal_all(now=clock.now)
    return list(Event.objects.order_by("sequence"))


@pytest.fixture
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinds and reactions that a test registers go with it."""
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
    monkeypatch.setattr(registry, "_reactions", dict(registry._reactions))


@pytest.fixture
def canary() -> Iterator[Listener]:
    with closing(Listener()) as listener:
        yield listener


@pytest.fixture
def loopback_allowed(settings: Settings) -> None:
    settings.OUTBOUND_NETWORKS = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.fixture
def worker(transactional_db: None) -> Iterator[Worker]:
    """A worker, not started yet, that knows the kinds of `tests.audit.kinds`."""
    current_app.control.purge()
    process = Worker(include="tests.audit.kinds")
    yield process
    process.kill()
    current_app.control.purge()
