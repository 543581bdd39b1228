"""What tests of verification ask the records, and how something speaks in Prometheus' place."""

from __future__ import annotations

from cybercube_portal.audit.models import Event
from releases.models import CheckResult, Deployment
from tests.audit.listener import Listener

VERSION = "v2.3.1"
GOOD = '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[%s,"0.001"]}]}}'


def says(metrics: Listener, body: str, status: str = "200 OK") -> None:
    """From now on it answers with these bytes."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    metrics.play = lambda peer: peer.sendall((head + body).encode())


def state_of(deployment: Deployment) -> str:
    return str(Deployment.objects.get(pk=deployment.pk).state)


def found() -> dict[str, tuple[str, str]]:
    """Verdict and code by kind of check."""
    return {row.kind: (row.verdict, row.code) for row in CheckResult.objects.order_by("id")}


def told(verb: str) -> int:
    return Event.objects.filter(verb=verb).count()
