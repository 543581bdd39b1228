"""One look at `/health` of a service: what runs there (§1.5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus

from cybercube_portal.api import Malformed, read_json
from cybercube_portal.outbound import OutboundFailed, OutboundRefused, call
from releases.policy.sighting import Sighting, read_health, unseen

LARGEST_ANSWER = 64 * 1024
AT_ONCE = 40
# A service that is not ready says so with 503, and still says what it is.
SPEAKING = frozenset({*range(200, 300), HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to look: the service's address in one environment, and the hosts that are registered for it."""

    service: str
    environment: str
    url: str
    hosts: tuple[str, ...]


def look(target: Target, *, timeout: float) -> Sighting:
    """Read `{url}/health` within `timeout` seconds. Never raises: what went wrong is what was seen."""
    url = f"{target.url.rstrip('/')}/health"
    try:
        answer = call("GET", url, hosts=target.hosts, timeout=timeout, limit=LARGEST_ANSWER)
    except (OutboundRefused, OutboundFailed) as error:
        return unseen(str(error))
    if answer.status not in SPEAKING:
        return unseen(f"{url} answered with status {answer.status}.")
    try:
        return read_health(read_json(answer.body))
    except Malformed as error:
        return unseen(str(error))


def look_at_all(targets: Sequence[Target], *, timeout: float) -> Iterable[tuple[Target, Sighting]]:
    """Every target with what was seen of it, as it comes; slow ones hold up no other."""
    if not targets:
        return
    with ThreadPoolExecutor(min(AT_ONCE, len(targets))) as threads:
        yield from zip(targets, threads.map(lambda target: look(target, timeout=timeout), targets), strict=True)
