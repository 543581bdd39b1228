"""Move -> permission -> roles, for everything releases can do. Pure; one table (house.md section 3)."""

from __future__ import annotations

from cybercube_portal.people.guard import Permission
from cybercube_portal.people.roles import Role

_TEAM = frozenset({Role.ENGINEER})
_KEEPERS = frozenset({Role.ENGINEER, Role.PRODUCT})
_ON_CALL = frozenset({Role.ON_CALL, Role.ON_CALL_LEAD, Role.TECH_LEAD, Role.OPS, Role.INCIDENT_COMMANDER})

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

OPEN_RELEASE = Permission(
    name="releases.open_release", roles=_TEAM, scope="releases", section="§5.2", service_accounts=True
)
EDIT_RELEASE = Permission(name="releases.edit_release", roles=_KEEPERS, scope="releases", section="§5.2", own=True)
TICK_ITEM = Permission(name="releases.tick_checklistitem", roles=_KEEPERS, scope="releases", section="§5.3", own=True)
SUBMIT_RELEASE = Permission(name="releases.submit_release", roles=_TEAM, scope="releases", section="§5.2", own=True)
STAGE_RELEASE = Permission(
    name="releases.stage_release", roles=_TEAM, scope="releases", section="§5.2", own=True, service_accounts=True
)
DEPLOY_RELEASE = Permission(
    name="releases.deploy_release", roles=_TEAM, scope="releases", section="§5.2", own=True, service_accounts=True
)
PUBLISH_RELEASE = Permission(
    name="releases.publish_release", roles=_KEEPERS, scope="releases", section="§5.5", own=True
)
CANCEL_RELEASE = Permission(name="releases.cancel_release", roles=_TEAM, scope="releases", section="§5.2", own=True)

START_DEPLOYMENT = Permission(
    name="releases.start_deployment", roles=_TEAM, scope="deployments", section="§4.2", service_accounts=True
)
ADVANCE_DEPLOYMENT = Permission(
    name="releases.advance_deployment", roles=_TEAM, scope="deployments", section="§4.5", service_accounts=True
)
FINISH_DEPLOYMENT = Permission(
    name="releases.finish_deployment", roles=_TEAM, scope="deployments", section="§4.2", service_accounts=True
)
ABORT_DEPLOYMENT = Permission(
    name="releases.abort_deployment", roles=_TEAM, scope="deployments", section="§4.2", service_accounts=True
)
VERIFY_DEPLOYMENT = Permission(
    name="releases.verify_deployment", roles=_TEAM, scope="deployments", section="§4.7", service_accounts=True
)
# Whoever carries the pager goes back, at once and without asking anybody (§8: "every deployment must be reversible").
ROLL_BACK_DEPLOYMENT = Permission(
    name="releases.roll_back_deployment",
    roles=_ON_CALL | _TEAM,
    scope="deployments",
    section="§8.1",
    service_accounts=True,
)
# §8.5 gives corrupted data to the incident commander; the on-call lead stands in while nobody is.
RESTORE_DATABASE = Permission(
    name="releases.restore_database",
    roles=frozenset({Role.INCIDENT_COMMANDER, Role.ON_CALL_LEAD}),
    scope="deployments",
    section="§8.5",
)
REPORT_CORRUPTION = Permission(
    name="releases.report_corruption", roles=_ON_CALL | _TEAM, scope="deployments", section="§8.5"
)

PLAN_MIGRATION = Permission(
    name="releases.plan_migration", roles=_TEAM, scope="releases", section="§9.2", service_accounts=True
)
MOVE_MIGRATION = Permission(
    name="releases.move_migration", roles=_TEAM, scope="deployments", section="§9.4", service_accounts=True
)

REPORT_INCIDENT = Permission(
    name="releases.report_incident",
    roles=_ON_CALL | _TEAM,
    scope="deployments",
    section="§8.5",
    service_accounts=True,
)
RESOLVE_INCIDENT = Permission(
    name="releases.resolve_incident",
    roles=_ON_CALL | _TEAM,
    scope="deployments",
    section="§8.5",
    service_accounts=True,
)

# One Alertmanager speaks for all teams; a key that names services speaks for those alone.
RECEIVE_ALERTS = Permission(
    name="releases.receive_alerts",
    roles=frozenset(),
    scope="deployments",
    section="§8.5",
    everywhere=True,
    service_accounts=True,
)
# Whoever answers for a service says that what ran before the portal may be there; an engineer could bless an own bypass.
ADOPT_RUNNING = Permission(
    name="releases.adopt_running",
    roles=frozenset({Role.TECH_LEAD, Role.OPS, Role.ENGINEERING_MANAGER}),
    scope="deployments",
    section="§6.1",
)
EDIT_NOTICE = Permission(name="releases.edit_notice", roles=_ON_CALL | _KEEPERS, scope="deployments", section="§8.6")

PERMISSIONS: tuple[Permission, ...] = (
    ASK_GATE,
    OPEN_RELEASE,
    EDIT_RELEASE,
    TICK_ITEM,
    SUBMIT_RELEASE,
    STAGE_RELEASE,
    DEPLOY_RELEASE,
    PUBLISH_RELEASE,
    CANCEL_RELEASE,
    START_DEPLOYMENT,
    ADVANCE_DEPLOYMENT,
    FINISH_DEPLOYMENT,
    ABORT_DEPLOYMENT,
    VERIFY_DEPLOYMENT,
    ROLL_BACK_DEPLOYMENT,
    RESTORE_DATABASE,
    REPORT_CORRUPTION,
    PLAN_MIGRATION,
    MOVE_MIGRATION,
    REPORT_INCIDENT,
    RESOLVE_INCIDENT,
    RECEIVE_ALERTS,
    ADOPT_RUNNING,
    EDIT_NOTICE,
)
