"""By the API of Kubernetes: the Deployment's image is set, then its rollout is watched, as §8.3 does with kubectl.

Two calls of its stable REST API through the guarded client, so that the API server's address is judged like every other one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings

from cybercube_portal.catalog.rollback_config import PLACE
from releases.drivers.orders import DriverUnavailable, Order, Progress, Report, called

MARK = "portal.cybercube.software/rollback"
PATCH = "application/strategic-merge-patch+json"


def carry_out(order: Order, *, now: datetime) -> Report:  # noqa: ARG001 - a driver's signature
    """Set the image unless this order did so before, and say how far the rollout is. Raises DriverUnavailable."""
    if not settings.KUBERNETES_URL:
        return Report(Progress.REFUSED, "CYBERCUBE_KUBERNETES_URL is not set: the portal knows no cluster.")
    found = _asked("GET", order)
    if isinstance(found, Report):
        return found
    if found.get("metadata", {}).get("annotations", {}).get(MARK) != order.reference:
        found = _asked("PATCH", order, _patch(order))
        if isinstance(found, Report):
            return found
    return rollout_of(found)


def rollout_of(deployment: Mapping[str, Any]) -> Report:
    """How far the rollout is, judged as `kubectl rollout status` does."""
    status, wanted = deployment.get("status", {}), deployment.get("spec", {}).get("replicas", 1)
    if status.get("observedGeneration", 0) < deployment.get("metadata", {}).get("generation", 0):
        return Report(Progress.GOING_ON, "The cluster has not looked at it yet.")
    for condition in status.get("conditions", []):
        if condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            return Report(
                Progress.REFUSED, f"The rollout exceeded its deadline: {condition.get('message', '')}".strip()
            )
    total, updated, available = (status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas"))
    if updated < wanted or total > updated or available < updated:
        return Report(Progress.GOING_ON, f"{updated} of {wanted} replicas are updated, {available} available.")
    return Report(Progress.DONE, f"All {wanted} replicas are updated and available.")


def _patch(order: Order) -> dict[str, Any]:
    container = {
        "name": _named(order, "container"),
        "image": f"{order.config['image']}@{order.digest}",
    }
    cause = f"Rollback {order.reference} from {order.from_version} to {order.version}"
    return {
        "metadata": {"annotations": {MARK: order.reference, "kubernetes.io/change-cause": cause}},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


def _asked(method: str, order: Order, body: Mapping[str, Any] | None = None) -> dict[str, Any] | Report:
    names = (quote(_named(order, name), safe="") for name in ("namespace", "deployment"))
    path = "/apis/apps/v1/namespaces/{}/deployments/{}".format(*names)
    answer = called(
        method,
        settings.KUBERNETES_URL + path,
        hosts=[str(urlsplit(settings.KUBERNETES_URL).hostname)],
        headers={
            "Authorization": f"Bearer {settings.KUBERNETES_TOKEN}",
            "Accept": "application/json",
            "Content-Type": PATCH,
        },
        body=json.dumps(body).encode() if body else b"",
        authorities=settings.KUBERNETES_CA,
    )
    if isinstance(answer, Report):
        return answer
    try:
        found = json.loads(answer.body)
    except ValueError as error:
        raise DriverUnavailable("The cluster answered something that is no JSON.") from error
    if not isinstance(found, dict):
        raise DriverUnavailable("The cluster answered something that is no Deployment.")
    return found


def _named(order: Order, name: str) -> str:
    """§8.3 calls Deployment and container like the service."""
    return str(order.config.get(name, order.service)).replace(PLACE, order.environment)
