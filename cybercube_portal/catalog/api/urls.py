"""Routes of the catalogue under `/api/v1/`."""

from __future__ import annotations

from importlib import import_module

from cybercube_portal.api import path_both
from cybercube_portal.catalog.api import views
from cybercube_portal.catalog.api.conventions import ConventionsCheckView
from cybercube_portal.catalog.api.isolation import IsolationView
from cybercube_portal.catalog.api.migrations import MigrationsLintView
from cybercube_portal.catalog.api.protection import ProtectionView

import_module("cybercube_portal.catalog.api.schema")

urlpatterns = [
    path_both("conventions/check/", ConventionsCheckView.as_view(), name="api-conventions-check"),
    path_both("migrations/lint/", MigrationsLintView.as_view(), name="api-migrations-lint"),
    path_both("environments/", views.EnvironmentsView.as_view(), name="api-environments"),
    path_both("environments/<str:code>/isolation/", IsolationView.as_view(), name="api-environment-isolation"),
    path_both("services/", views.ServicesView.as_view(), name="api-services"),
    path_both("services/<slug:slug>/", views.ServiceView.as_view(), name="api-service"),
    path_both("services/<slug:slug>/protection/", ProtectionView.as_view(), name="api-service-protection"),
    path_both("artifacts/", views.ArtifactsView.as_view(), name="api-artifacts"),
    path_both("artifacts/<slug:service>:<str:version>/", views.ArtifactView.as_view(), name="api-artifact"),
    path_both(
        "artifacts/<slug:service>:<str:version>/evidence/", views.EvidenceView.as_view(), name="api-artifact-evidence"
    ),
]
