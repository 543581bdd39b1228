"""Addresses of the pages of the catalogue."""

from __future__ import annotations

from django.urls import path

from cybercube_portal.catalog.views.conventions import conventions

urlpatterns = [path("conventions/", conventions, name="conventions")]
