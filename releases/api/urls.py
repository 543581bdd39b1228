"""Routes of releases under `/api/v1/`."""

from __future__ import annotations

from cybercube_portal.api import path_both
from releases.api import (
    compliance,
    deployments,
    gate,
    incidents,
    metrics,
    migrations,
    places,
    release_documents,
    releases,
)

urlpatterns = [
    path_both("gate/decisions/", gate.short_way(gate.DecisionsView), name="api-gate-decisions"),
    path_both("gate/decisions/<uuid:decision_id>/", gate.DecisionView.as_view(), name="api-gate-decision"),
    path_both("gate/forecast/", gate.ForecastView.as_view(), name="api-gate-forecast"),
    path_both("deployments/", deployments.DeploymentsView.as_view(), name="api-deployments"),
    path_both("deployments/<str:reference>/", deployments.DeploymentView.as_view(), name="api-deployment"),
    *deployments.deployment_verb_routes(),
    path_both("incidents/", incidents.IncidentsView.as_view(), name="api-incidents"),
    path_both("incidents/<str:reference>/", incidents.IncidentView.as_view(), name="api-incident"),
    *incidents.incident_verb_routes(),
    path_both("releases/", releases.ReleasesView.as_view(), name="api-releases"),
    path_both("releases/<str:reference>/", releases.ReleaseView.as_view(), name="api-release"),
    path_both("releases/<str:reference>/checklist/", releases.ChecklistView.as_view(), name="api-release-checklist"),
    path_both(
        "releases/<str:reference>/changelog/", release_documents.ChangelogView.as_view(), name="api-release-changelog"
    ),
    path_both("releases/<str:reference>/notes/", release_documents.NotesView.as_view(), name="api-release-notes"),
    path_both(
        "releases/<str:reference>/notes/draft/",
        release_documents.DraftNotesView.as_view(),
        name="api-release-notes-draft",
    ),
    path_both(
        "releases/<str:reference>/notes/publish/",
        release_documents.PublishNotesView.as_view(),
        name="api-release-notes-publish",
    ),
    *releases.release_verb_routes(),
    path_both("migrations/", migrations.MigrationsView.as_view(), name="api-migrations"),
    path_both("migrations/<str:reference>/", migrations.MigrationView.as_view(), name="api-migration"),
    *migrations.migration_verb_routes(),
    path_both(
        "services/<slug:slug>/environments/",
        places.EnvironmentsOfServiceView.as_view(),
        name="api-service-environments",
    ),
    path_both(
        "services/<slug:slug>/environments/<str:environment>/adopt/",
        places.AdoptView.as_view(),
        name="api-service-adopt",
    ),
    path_both("compliance/", compliance.ComplianceView.as_view(), name="api-compliance"),
    path_both("metrics/dora/", metrics.DoraView.as_view(), name="api-metrics-dora"),
    path_both("metrics/approvals/", metrics.ApprovalsView.as_view(), name="api-metrics-approvals"),
]
