"""What a driver is told, and what it says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from cybercube_portal.errors import PortalError
from releases.states import RollbackMethod, Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Bring `version` back. `reference` is the rollback's own and names the order for ever: a driver that hears it twice acts once.

    `config` is the service's `rollback_config`, `hosts` the hosts registered for it, `git_ref` where the target was built from.
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

    def __call__(self, order: Order, *, now: datetime, attempt: int) -> Report:
        """Begin, or look how far it is. Raises DriverUnavailable."""
        ...
