"""Routes of releases under `/api/v1/`."""

from __future__ import annotations

from cybercube_portal.api import path_both
from releases.api import deployments, gate, places, releases

urlpatterns = [
    path_both("gate/decisions/", gate.short_way(gate.DecisionsView), name="api-gate-decisions"),
    path_both("gate/decisions/<uuid:decision_id>/", gate.DecisionView.as_view(), name="api-gate-decision"),
    path_both("gate/forecast/", gate.ForecastView.as_view(), name="api-gate-forecast"),
    path_both("deployments/", deployments.DeploymentsView.as_view(), name="api-deployments"),
    path_both("deployments/<str:reference>/", deployments.DeploymentView.as_view(), name="api-deployment"),
    *deployments.deployment_verb_routes(),
    path_both("releases/", releases.ReleasesView.as_view(), name="api-releases"),
    path_both("releases/<str:reference>/", releases.ReleaseView.as_view(), name="api-release"),
    path_both("releases/<str:reference>/checklist/", releases.ChecklistView.as_view(), name="api-release-checklist"),
    *releases.release_verb_routes(),
    path_both(
        "services/<slug:slug>/environments/",
        places.EnvironmentsOfServiceView.as_view(),
        name="api-service-environments",
    ),
]
