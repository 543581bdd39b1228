"""By the API of Kubernetes: the Deployment's image is set, then its rollout is watched, as §8.3 does with kubectl."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from cybercube_portal.catalog.rollback_config import PLACE
from releases.drivers.cluster import ClusterRefused, deployments_of
from releases.drivers.orders import Order, Progress, Report

if TYPE_CHECKING:
    from kubernetes.client import V1Deployment

MARK = "portal.cybercube.software/rollback"
PATCH = "application/strategic-merge-patch+json"
MANAGER = "cybercube-portal"


def carry_out(order: Order, *, now: datetime) -> Report:  # noqa: ARG001 - a driver's signature
    """Set the image unless this order did so before, and say how far the rollout is. Raises DriverUnavailable."""
    name, namespace = _named(order, "deployment"), _named(order, "namespace")
    try:
        with deployments_of(order.environment) as deployments:
            found = deployments.read_namespaced_deployment(name, namespace)
            if not _is_marked(found, order):
                found = deployments.patch_namespaced_deployment(
                    name, namespace, _patch(order), field_manager=MANAGER, _content_type=PATCH
                )
            return rollout_of(found)
    except ClusterRefused as refused:
        return Report(Progress.REFUSED, str(refused))


def rollout_of(deployment: V1Deployment) -> Report:
    """How far the rollout is, judged as `kubectl rollout status` does."""
    status, replicas = deployment.status, deployment.spec.replicas
    wanted = 1 if replicas is None else replicas
    generation = (deployment.metadata and deployment.metadata.generation) or 0
    if status is None or (status.observed_generation or 0) < generation:
        return Report(Progress.GOING_ON, "The cluster has not looked at it yet.")
    for condition in status.conditions or ():
        if condition.type == "Progressing" and condition.reason == "ProgressDeadlineExceeded":
            return Report(Progress.REFUSED, f"The rollout exceeded its deadline: {condition.message or ''}".strip())
    total, updated, available = (
        count or 0 for count in (status.replicas, status.updated_replicas, status.available_replicas)
    )
    if updated < wanted or total > updated or available < updated:
        return Report(Progress.GOING_ON, f"{updated} of {wanted} replicas are updated, {available} available.")
    return Report(Progress.DONE, f"All {wanted} replicas are updated and available.")


def _is_marked(deployment: V1Deployment, order: Order) -> bool:
    """Whether this order set the image before: a rollback that another one followed sets it again."""
    annotations = (deployment.metadata and deployment.metadata.annotations) or {}
    return annotations.get(MARK) == order.reference


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


def _named(order: Order, name: str) -> str:
    """§8.3 calls Deployment and container like the service."""
    return str(order.config.get(name, order.service)).replace(PLACE, order.environment)
