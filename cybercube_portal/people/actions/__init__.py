"""The only place that writes people, grants, keys, saved views and unsent forms."""

from __future__ import annotations

from cybercube_portal.people.actions.accounts import add_person, add_team, portal_account, set_password, set_timezone
from cybercube_portal.people.actions.grants import grant_role, revoke_grant
from cybercube_portal.people.actions.keys import issue_key, revoke_key
from cybercube_portal.people.actions.saved_views import change_view, delete_view, prefer_view, save_view
from cybercube_portal.people.actions.sessions import note_session_closed, note_session_opened, note_session_refused
from cybercube_portal.people.actions.unsent import discard_form, forget_old_forms, keep_form

__all__ = [
    "add_person",
    "add_team",
    "change_view",
    "delete_view",
    "discard_form",
    "forget_old_forms",
    "grant_role",
    "issue_key",
    "keep_form",
    "note_session_closed",
    "note_session_opened",
    "note_session_refused",
    "portal_account",
    "prefer_view",
    "revoke_grant",
    "revoke_key",
    "save_view",
    "set_password",
    "set_timezone",
]
