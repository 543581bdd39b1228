"""Wiring for people: the shell around every page, and the pages that gather from several apps."""

from __future__ import annotations

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Home and the shell (house.md section 1). No models."""

    name = "cybercube_portal.pages"
    label = "pages"
    verbose_name = "Pages"
