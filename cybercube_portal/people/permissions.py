"""The permission table of people: verb -> permission -> roles. Pure."""

from __future__ import annotations

from zoneinfo import available_timezones

from cybercube_portal.people.guard import Permission
from cybercube_portal.people.roles import Role

TIMEZONES: frozenset[str] = frozenset(available_timezones())

_ADMIN = frozenset({Role.ADMIN})

ADD_PERSON = Permission(name="people.add_user", roles=_ADMIN, scope="admin", section="§1.4", everywhere=True)
GRANT_ROLE = Permission(name="people.create_grant", roles=_ADMIN, scope="admin", section="§1.4", everywhere=True)
REVOKE_GRANT = Permission(name="people.revoke_grant", roles=_ADMIN, scope="admin", section="§1.4", everywhere=True)
ISSUE_KEY = Permission(
    name="people.issue_apikey", roles=_ADMIN, scope="admin", section="§1.4", everywhere=True, own=True
)
REVOKE_KEY = Permission(
    name="people.revoke_apikey", roles=_ADMIN, scope="admin", section="§1.4", everywhere=True, own=True
)
# A view is its owner's; whom it is shared with reads it, and may open the list with it.
_NOBODY = frozenset[Role]()
SAVE_VIEW = Permission(
    name="people.save_savedview", roles=_NOBODY, scope="admin", section="§1.4", everywhere=True, own=True
)
CHANGE_VIEW = Permission(
    name="people.change_savedview", roles=_NOBODY, scope="admin", section="§1.4", everywhere=True, own=True
)
DELETE_VIEW = Permission(
    name="people.delete_savedview", roles=_NOBODY, scope="admin", section="§1.4", everywhere=True, own=True
)
PREFER_VIEW = Permission(
    name="people.prefer_savedview", roles=_NOBODY, scope="admin", section="§1.4", everywhere=True, own=True
)
# What somebody typed and did not send is nobody else's, an admin's neither.
KEEP_FORM = Permission(
    name="people.keep_unsentform", roles=_NOBODY, scope="admin", section="§1.4", everywhere=True, own=True
)
DISCARD_FORM = Permission(
    name="people.discard_unsentform", roles=_NOBODY, scope="admin", section="§1.4", everywhere=True, own=True
)
PERMISSIONS: tuple[Permission, ...] = (
    ADD_PERSON,
    GRANT_ROLE,
    REVOKE_GRANT,
    ISSUE_KEY,
    REVOKE_KEY,
    SAVE_VIEW,
    CHANGE_VIEW,
    DELETE_VIEW,
    PREFER_VIEW,
    KEEP_FORM,
    DISCARD_FORM,
)
