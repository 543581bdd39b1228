"""The permission table of notices: verb -> permission -> roles. Pure.

No key has the scope `admin`: where notices go is decided in a browser session.
"""

from __future__ import annotations

from cybercube_portal.people.guard import Permission
from cybercube_portal.people.roles import Role

REGISTER_CHANNEL = Permission(
    name="notices.register_channel",
    roles=frozenset({Role.TECH_LEAD, Role.ADMIN}),
    scope="admin",
    section="§1.4",
)
ALLOW_HOST = Permission(
    name="notices.allow_host", roles=frozenset({Role.ADMIN}), scope="admin", section="§1.4", everywhere=True
)
CHOOSE = Permission(name="notices.choose_notice", roles=frozenset(), scope="admin", section="§1.4", own=True)
WATCH = Permission(name="notices.create_watch", roles=frozenset(), scope="admin", section="§6.3", own=True)
PERMISSIONS: tuple[Permission, ...] = (REGISTER_CHANNEL, ALLOW_HOST, CHOOSE, WATCH)
