"""Addresses of the pages of the catalogue."""

from __future__ import annotations

from django.urls import path

from cybercube_portal.catalog.views.conventions import conventions
from cybercube_portal.catalog.views.environments import environments
from cybercube_portal.catalog.views.protection import protection

urlpatterns = [
    path("conventions/", conventions, name="conventions"),
    path("environments/", environments, name="environments"),
    path("services/<slug:slug>/protection/", protection, name="protection"),
]
