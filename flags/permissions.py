"""Move -> permission -> roles, for everything flags can do. Pure; one table (house.md section 3)."""

from __future__ import annotations

from cybercube_portal.people.guard import Permission
from cybercube_portal.people.roles import Role

_TEAM = frozenset({Role.ENGINEER, Role.PRODUCT})
_ON_CALL = frozenset({Role.ON_CALL, Role.ON_CALL_LEAD, Role.TECH_LEAD, Role.OPS, Role.INCIDENT_COMMANDER})

CREATE_FLAG = Permission(name="flags.create_flag", roles=_TEAM, scope="flags", section="§7.5", service_accounts=True)
EDIT_FLAG = Permission(
    name="flags.edit_flag", roles=_TEAM, scope="flags", section="§7.3", own=True, service_accounts=True
)
CHANGE_FLAG = Permission(
    name="flags.change_flag", roles=_TEAM, scope="flags", section="§7.5", own=True, service_accounts=True
)
# Whoever carries the pager turns it off, at once and without asking anybody (§7.1 "kill switches", §8).
KILL_FLAG = Permission(
    name="flags.kill_flag", roles=_TEAM | _ON_CALL, scope="flags", section="§8.2", own=True, service_accounts=True
)
# A ramp that waits for a word waits for a person's.
APPROVE_RAMP = Permission(
    name="flags.approve_ramp", roles=_TEAM | {Role.TECH_LEAD}, scope="flags", section="§7.5", own=True
)
ARCHIVE_FLAG = Permission(name="flags.archive_flag", roles=_TEAM, scope="flags", section="§7.6", own=True)
EDIT_SEGMENT = Permission(
    name="flags.edit_segment", roles=_TEAM, scope="flags", section="§7.3", everywhere=True, service_accounts=True
)
REPORT_REFERENCES = Permission(
    name="flags.report_references",
    roles=_TEAM,
    scope="flags",
    section="§7.6",
    everywhere=True,
    service_accounts=True,
    services_judged_elsewhere=True,
)

PERMISSIONS: tuple[Permission, ...] = (
    CREATE_FLAG,
    EDIT_FLAG,
    CHANGE_FLAG,
    KILL_FLAG,
    APPROVE_RAMP,
    ARCHIVE_FLAG,
    EDIT_SEGMENT,
    REPORT_REFERENCES,
)
