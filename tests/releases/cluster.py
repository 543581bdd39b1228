"""An API server of Kubernetes as far as the driver needs one, and a rollback that goes there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from releases.drivers import Order
from releases.states import RollbackMethod, Trigger

NOW = datetime(2026, 1, 17, 14, 30, tzinfo=UTC)
DIGEST = "sha256:" + "1" * 64
PATH = "/apis/apps/v1/namespaces/payments-prd/deployments/billing-service"
TOKEN = "eyJ.right.token"


def pods(reference: str = "DEP-007") -> Order:
    return Order(
        reference=reference,
        service="billing-service",
        environment="prd",
        version="v2.3.0",
        digest=DIGEST,
        from_version="v2.3.1",
        from_reference="DEP-006",
        method=RollbackMethod.REDEPLOY,
        trigger=Trigger.ERROR_RATE,
        reason="6 % errors",
        config={"namespace": "payments-{environment}", "image": "registry.example.com/billing", "container": "app"},
        hosts=(),
        started_at=NOW,
    )


class Cluster:
    """The two endpoints of Kubernetes that the driver uses, over one Deployment that the test moves along."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.deployment: dict[str, Any] = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "billing-service", "generation": 4, "somethingNewer": {"than": "the client"}},
            "spec": {
                "replicas": 3,
                "selector": {"matchLabels": {"app": "billing"}},
                "template": {"spec": {"containers": [{"name": "app", "image": "a/billing:bad"}]}},
            },
            "status": {"observedGeneration": 4, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3},
        }
        self.patches: list[dict[str, Any]] = []
        server.expect_request(PATH, method="GET").respond_with_handler(self._get)
        server.expect_request(PATH, method="PATCH").respond_with_handler(self._patch)

    def _get(self, request: Request) -> Response:
        if request.headers.get("Authorization", "").lower() != f"bearer {TOKEN}".lower():
            said = {"kind": "Status", "status": "Failure", "message": "Unauthorized", "code": 401}
            return Response(json.dumps(said), 401, content_type="application/json")
        return Response(json.dumps(self.deployment), content_type="application/json")

    def _patch(self, request: Request) -> Response:
        assert request.headers["Content-Type"] == "application/strategic-merge-patch+json"
        assert request.args["fieldManager"] == "cybercube-portal"
        patch = request.get_json(force=True)
        self.patches.append(patch)
        metadata = self.deployment["metadata"]
        metadata["annotations"] = {**metadata.get("annotations", {}), **patch["metadata"]["annotations"]}
        metadata["generation"] += 1
        return Response(json.dumps(self.deployment), content_type="application/json")

    def roll_out(self, *, updated: int, available: int) -> None:
        self.deployment["status"] = {
            "observedGeneration": self.deployment["metadata"]["generation"],
            "replicas": 3,
            "updatedReplicas": updated,
            "availableReplicas": available,
        }
