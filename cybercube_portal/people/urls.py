"""Addresses of the pages about people."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from cybercube_portal.people.views import grants, keys, profile, sessions, unsent

urlpatterns = [
    path("login/", login_not_required(sessions.LogInView.as_view()), name="login"),
    path("logout/", sessions.log_out, name="logout"),
    path("profile/", profile.profile, name="profile"),
    path("profile/timezone/", profile.set_timezone, name="set-timezone"),
    path("profile/password/", profile.set_password, name="set-password"),
    path("keys/", keys.api_keys, name="keys"),
    path("keys/issue/", keys.issue_key, name="issue-key"),
    path("keys/<slug:prefix>/revoke/", keys.revoke_key, name="revoke-key"),
    path("people/", grants.people, name="people"),
    path("grants/", grants.grants, name="grants"),
    path("grants/grant/", grants.grant_role, name="grant-role"),
    path("unsent/", unsent.unsent, name="unsent"),
    path("unsent/discard/", unsent.unsent_discard, name="unsent-discard"),
    path("grants/<int:grant_id>/revoke/", grants.revoke_grant, name="revoke-grant"),
]
