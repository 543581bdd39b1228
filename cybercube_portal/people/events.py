"""Names of what happened to people, grants and keys. Pure."""

from __future__ import annotations

from enum import StrEnum


class PeopleEvent(StrEnum):
    """`<noun>.<participle>`."""

    PERSON_ADDED = "user.added"
    TEAM_ADDED = "team.added"
    ROLE_GRANTED = "grant.created"
    ROLE_REVOKED = "grant.revoked"
    KEY_ISSUED = "api_key.issued"
    KEY_REVOKED = "api_key.revoked"
    SESSION_OPENED = "session.opened"
    SESSION_REFUSED = "session.refused"
    SESSION_CLOSED = "session.closed"
    PREFERENCES_CHANGED = "user.preferences_changed"
    VIEW_SAVED = "saved_view.saved"
    VIEW_CHANGED = "saved_view.changed"
    VIEW_DELETED = "saved_view.deleted"
    VIEW_PREFERRED = "saved_view.preferred"
