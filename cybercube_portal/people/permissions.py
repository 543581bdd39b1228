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
PERMISSIONS: tuple[Permission, ...] = (ADD_PERSON, GRANT_ROLE, REVOKE_GRANT, ISSUE_KEY, REVOKE_KEY)
