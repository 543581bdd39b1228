"""A little history to look at, and what the record's own tests stand on: the offline verifier, a receiver, a worker."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient

from cybercube_portal import clock
from cybercube_portal.audit.actions import record
from cybercube_portal.audit.actions.sealing import seal_all, write_checkpoint
from cybercube_portal.audit.models import Event
from tests.audit.conftest import canary, verifier, worker
from tests.factories.people import Cast

__all__ = ["canary", "verifier", "worker"]

Api = Callable[..., APIClient]
Session = Callable[[str], Client]
Happen = Callable[..., Event]


@pytest.fixture
def happen(cast: Cast) -> Happen:
    """`happen("change.approved", …)`: alice did it, with a key, in a transaction of its own."""

    def write(verb: str = "change.commented", *, object_id: str = "CR-2026-0117-001", **facts: Any) -> Event:
        with transaction.atomic():
            return record(
                verb,
                object_type=verb.partition(".")[0],
                object_id=object_id,
                subjects=["service:billing-service"],
                actor=cast.actor("alice"),
                at=clock.now(),
                data=facts,
            )

    return write


@pytest.fixture
def history(happen: Happen) -> list[Event]:
    """Twelve sealed events, a checkpoint after the eighth."""
    for number in range(12):
        happen(number=number, ratio=number / 7, words="Tür, 門, 🚪")
        if number == 7:
            seal_all(now=clock.now)
            write_checkpoint(now=clock.now())
    seal_all(now=clock.now)
    return list(Event.objects.order_by("sequence"))


@pytest.fixture
def auditor(api: Api) -> APIClient:
    """Kim, with a key for nothing but the audit trail."""
    return api("kim", scopes=["audit"])


def first_bad(verifier: ModuleType, lines: bytes) -> tuple[int, int] | None:
    """(line, sequence) of the first row of a file that does not fit; None when everything does."""
    try:
        verifier.Verifier().read(lines.splitlines(keepends=True))
    except verifier.Broken as broken:
        return broken.line, broken.sequence
    return None
