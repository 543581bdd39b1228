"""The permission table of the record: verb -> permission -> roles. Pure."""

from __future__ import annotations

from cybercube_portal.people.guard import Permission
from cybercube_portal.people.roles import Role
from cybercube_portal.people.scopes import Scope

READ_RECORD = Permission(
    name="record.read_event",
    roles=frozenset({Role.AUDITOR, Role.ADMIN}),
    scope=Scope.AUDIT,
    section="§6.6",
    everywhere=True,
)
# No key has the scope `admin`: where the portal's events go is decided in a browser session.
MANAGE_WEBHOOKS = Permission(
    name="record.manage_webhook",
    roles=frozenset({Role.ADMIN, Role.TECH_LEAD}),
    scope="admin",
    section="§1.4",
    everywhere=True,
)
OVERSEE_WEBHOOKS = Permission(
    name="record.oversee_webhook", roles=frozenset({Role.ADMIN}), scope="admin", section="§1.4", everywhere=True
)
REGISTER_HOST = Permission(
    name="record.register_host", roles=frozenset({Role.ADMIN}), scope="admin", section="§1.4", everywhere=True
)
PERMISSIONS: tuple[Permission, ...] = (READ_RECORD, MANAGE_WEBHOOKS, OVERSEE_WEBHOOKS, REGISTER_HOST)
