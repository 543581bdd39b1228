"""Addresses of the pages of changes, freezes and templates."""

from __future__ import annotations

from django.urls import path

from changes.views import change, filing, inbox, listing, moves

urlpatterns = [
    path("changes/", listing.changes, name="changes"),
    path("changes/new/", filing.change_new, name="change-new"),
    path("changes/new/preview/", filing.change_preview, name="change-preview"),
    path("changes/<str:number>/", change.change, name="change"),
    path("changes/<str:number>/edit/", filing.change_edit, name="change-edit"),
    *moves.move_routes(),
    path("inbox/", inbox.inbox, name="inbox"),
]
