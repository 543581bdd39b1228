"""Addresses of the pages of the catalogue."""

from __future__ import annotations

from django.urls import path

from cybercube_portal.catalog.views.artifacts import artifact
from cybercube_portal.catalog.views.conventions import conventions
from cybercube_portal.catalog.views.environments import environments
from cybercube_portal.catalog.views.lint import lint
from cybercube_portal.catalog.views.protection import protection
from cybercube_portal.catalog.views.services import service_edit, service_new

urlpatterns = [
    path("conventions/", conventions, name="conventions"),
    path("migrations/lint/", lint, name="migration-lint"),
    path("environments/", environments, name="environments"),
    path("services/new/", service_new, name="service-new"),
    path("services/<slug:slug>/edit/", service_edit, name="service-edit"),
    path("services/<slug:slug>/protection/", protection, name="protection"),
    path("services/<slug:slug>/versions/<str:version>/", artifact, name="artifact"),
]
