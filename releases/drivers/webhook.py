"""By a signed call to whatever deploys the service (Standard Webhooks 1.0, integrations.md C4)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http import HTTPStatus

from django.conf import settings

from cybercube_portal.audit.signing import sign, unseal
from cybercube_portal.catalog.rollback_config import SEALED
from releases.drivers.orders import Order, Progress, Report, called

TYPE = "deployment.rollback"


def carry_out(order: Order, *, now: datetime) -> Report:
    """Tell the receiver once more; it knows the order by `webhook-id`, which is the same every time, and acts once.

    200 with {"status": "done"} is done; any other 2xx hands it over: the receiver finishes the deployment over REST. Raises
    DriverUnavailable, and NotFound when the secret can no longer be read.
    """
    body = json.dumps(_body(order), separators=(",", ":")).encode()
    identity, timestamp = f"rollback-{order.reference}", int(now.timestamp())
    secrets = [unseal(sealed) for sealed in order.config[SEALED]]
    headers = {
        "Content-Type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(message_id=identity, timestamp=timestamp, body=body, with_secrets=secrets),
        "Idempotency-Key": identity,
    }
    answer = called("POST", order.config["url"], hosts=order.hosts, headers=headers, body=body)
    if isinstance(answer, Report):
        return answer
    if answer.status == HTTPStatus.OK and _says_done(answer.body):
        return Report(Progress.DONE, "The receiver says it is done.")
    return Report(Progress.HANDED_OVER, f"The receiver answered {answer.status} and took it over.")


def _body(order: Order) -> dict[str, object]:
    return {
        "type": TYPE,
        "timestamp": order.started_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {
            "deployment": order.reference,
            "service": order.service,
            "environment": order.environment,
            "version": order.version,
            "digest": order.digest,
            "method": order.method.value,
            "rolls_back": {"deployment": order.from_reference, "version": order.from_version},
            "trigger": order.trigger.value,
            "reason": order.reason,
            "finish": f"{settings.BASE_URL}/api/v1/deployments/{order.reference}/finish/",
        },
    }


def _says_done(body: bytes) -> bool:
    try:
        said = json.loads(body)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("status") == "done"
