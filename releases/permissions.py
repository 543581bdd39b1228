"""Move -> permission -> roles, for everything releases can do. Pure; one table (house.md section 3)."""

from __future__ import annotations

from cybercube_portal.people.guard import Permission
from cybercube_portal.people.roles import Role

# Asking is open to whoever works here; for which service is the gate's own first rule.
ASK_GATE = Permission(
    name="releases.ask_gate",
    roles=frozenset(Role),
    scope="gate",
    section="§4.2",
    everywhere=True,
    service_accounts=True,
    services_judged_elsewhere=True,
)

PERMISSIONS: tuple[Permission, ...] = (ASK_GATE,)
