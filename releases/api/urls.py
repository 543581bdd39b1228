"""Routes of the gate and of deployments under `/api/v1/`."""

from __future__ import annotations

from cybercube_portal.api import path_both
from releases.api import deployments, gate

urlpatterns = [
    path_both("gate/decisions/", gate.short_way(gate.DecisionsView), name="api-gate-decisions"),
    path_both("gate/decisions/<uuid:decision_id>/", gate.DecisionView.as_view(), name="api-gate-decision"),
    path_both("gate/forecast/", gate.ForecastView.as_view(), name="api-gate-forecast"),
    path_both("deployments/", deployments.DeploymentsView.as_view(), name="api-deployments"),
    path_both("deployments/<str:reference>/", deployments.DeploymentView.as_view(), name="api-deployment"),
    *deployments.deployment_verb_routes(),
]
