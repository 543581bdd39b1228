"""Routes of people under `/api/v1/`."""

from __future__ import annotations

from importlib import import_module

from cybercube_portal.api import path_both
from cybercube_portal.people.api import views

import_module("cybercube_portal.people.api.schema")

urlpatterns = [
    path_both("me/", views.MeView.as_view(), name="api-me"),
    path_both("users/", views.UsersView.as_view(), name="api-users"),
    path_both("teams/", views.TeamsView.as_view(), name="api-teams"),
    path_both("grants/", views.GrantsView.as_view(), name="api-grants"),
    path_both("grants/<int:grant_id>/revoke/", views.RevokeGrantView.as_view(), name="api-grants-revoke"),
    path_both("keys/", views.KeysView.as_view(), name="api-keys"),
    path_both("keys/<str:prefix>/revoke/", views.RevokeKeyView.as_view(), name="api-keys-revoke"),
]
