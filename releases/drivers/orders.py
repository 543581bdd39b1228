"""What a driver is told, what it says, and the one way it calls out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Protocol

from cybercube_portal.errors import PortalError
from cybercube_portal.outbound import Answer, OutboundFailed, OutboundRefused, call
from releases.states import RollbackMethod, Trigger

# Seconds for one call: well within the lease of the intent that makes it.
TIMEOUT = 15.0
LONGEST_WORDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Bring `version` back. `reference` is the rollback's own and names the order for ever: a driver that hears it twice acts once.

    `config` is the service's `rollback_config`, `hosts` the hosts registered for it.
    """

    reference: str
    service: str
    environment: str
    version: str
    digest: str
    from_version: str
    from_reference: str
    method: RollbackMethod
    trigger: Trigger
    reason: str
    config: Mapping[str, Any]
    hosts: tuple[str, ...]
    started_at: datetime


class Progress(StrEnum):
    """How far a driver came."""

    DONE = "done"
    HANDED_OVER = "handed_over"
    GOING_ON = "going_on"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Report:
    """What a driver says. Done is verified next; handed over waits for `deployments/{id}/finish/`; going on is asked again."""

    progress: Progress
    words: str


class DriverUnavailable(PortalError):
    """The other side did not answer, or not yet: worth another try."""

    code = "rollback.driver_unavailable"


class Driver(Protocol):
    """Carries out orders. It may run more than once for one order, and writes nothing in the portal."""

    def __call__(self, order: Order, *, now: datetime) -> Report:
        """Begin, or look how far it is. Raises DriverUnavailable."""
        ...


TRY_AGAIN: frozenset[int] = frozenset({408, 409, 425, 429}) | frozenset(range(500, 600))


def called(method: str, url: str, *, hosts: Iterable[str], **options: Any) -> Answer | Report:
    """One call through the guarded client: an answer below 300, or a refusal for good. Raises DriverUnavailable."""
    try:
        answer = call(method, url, hosts=hosts, timeout=TIMEOUT, **options)
    except OutboundRefused as refused:
        return Report(Progress.REFUSED, str(refused))
    except OutboundFailed as fault:
        raise DriverUnavailable(str(fault)) from fault
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
        return refusal(answer.status, answer.body.decode(errors="replace"))
    return answer


def refusal(status: int, said: str) -> Report:
    """What an answer that is no success means: a refusal for good. Raises DriverUnavailable where another try may help."""
    words = f"It answered {status}: {said.strip()[:LONGEST_WORDS]}"
    if status in TRY_AGAIN:
        raise DriverUnavailable(words)
    return Report(Progress.REFUSED, words)
