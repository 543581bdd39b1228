"""Move -> permission -> roles, for everything changes can do. Pure; one table (house.md section 3)."""

from __future__ import annotations

from cybercube_portal.people.guard import Permission
from cybercube_portal.people.roles import CAB_SEATS, EMERGENCY_APPROVERS, FREEZE_EXCEPTION_APPROVERS, Role

_FILERS = frozenset({Role.ENGINEER, Role.PRODUCT, Role.VP_ENGINEERING, Role.CTO, Role.INCIDENT_COMMANDER})
_TEAM = frozenset({Role.ENGINEER})
_SIGNERS = frozenset(
    {
        Role.ENGINEER,
        Role.TECH_LEAD,
        Role.PRODUCT,
        Role.SECURITY,
        Role.DBA,
        Role.OPS,
        Role.ON_CALL,
        Role.ENGINEERING_MANAGER,
    }
)
_FREEZERS = frozenset({Role.OPS, Role.ENGINEERING_MANAGER, Role.VP_ENGINEERING, Role.CTO})
_CAB = frozenset[Role]().union(*CAB_SEATS.values())
_EVERYBODY = frozenset(Role)

CREATE = Permission(
    name="changes.create_changerequest",
    roles=_FILERS,
    scope="changes",
    section="§6.3",
    everywhere=True,
    service_accounts=True,
)
EDIT = Permission(
    name="changes.edit_changerequest", roles=_TEAM, scope="changes", section="§6.3", own=True, service_accounts=True
)
SUBMIT = Permission(
    name="changes.submit_changerequest", roles=_TEAM, scope="changes", section="§6.3", own=True, service_accounts=True
)
# The seats themselves are judged by policy.approvals; this row only says who can ever hold one.
APPROVE = Permission(name="changes.approve_changerequest", roles=_SIGNERS, scope="approvals", section="§5.6")
REFUSE = Permission(name="changes.refuse_changerequest", roles=_SIGNERS, scope="approvals", section="§5.6")
WITHDRAW = Permission(name="changes.withdraw_signature", roles=frozenset(), scope="approvals", section="§5.6", own=True)
REVISE = Permission(name="changes.revise_changerequest", roles=_TEAM, scope="changes", section="§6.3", own=True)
CANCEL = Permission(name="changes.cancel_changerequest", roles=_TEAM, scope="changes", section="§6.3", own=True)
RESCHEDULE = Permission(name="changes.reschedule_changerequest", roles=_TEAM, scope="changes", section="§6.3", own=True)
# R5: the approver, or a second on-call person who speaks for them; never the requester or a service account.
AUTHORISE = Permission(
    name="changes.authorise_changerequest",
    roles=EMERGENCY_APPROVERS | {Role.ON_CALL, Role.INCIDENT_COMMANDER},
    scope="approvals",
    section="§6.4",
)
CONFIRM = Permission(name="changes.confirm_authorisation", roles=EMERGENCY_APPROVERS, scope="approvals", section="§6.4")
START = Permission(
    name="changes.start_changerequest", roles=_TEAM, scope="changes", section="§6.3", own=True, service_accounts=True
)
FINISH = Permission(
    name="changes.finish_changerequest", roles=_TEAM, scope="changes", section="§6.3", own=True, service_accounts=True
)
ROLL_BACK = Permission(name="changes.roll_back_changerequest", roles=_TEAM, scope="changes", section="§8.1", own=True)
CLOSE = Permission(name="changes.close_changerequest", roles=_TEAM, scope="changes", section="§6.3", own=True)
DOCUMENT = Permission(name="changes.document_changerequest", roles=_TEAM, scope="changes", section="§6.4", own=True)
RECORD = Permission(name="changes.record_changerequest", roles=_TEAM, scope="changes", section="§6.4", own=True)
COMMENT = Permission(
    name="changes.comment_changerequest", roles=_EVERYBODY, scope="changes", section="§6.3", everywhere=True
)
IMPORT = Permission(
    name="changes.import_changerequest", roles=_FILERS, scope="changes", section="§6.6", everywhere=True
)

CREATE_FREEZE = Permission(
    name="changes.create_freeze", roles=_FREEZERS, scope="changes", section="§6.5", everywhere=True
)
EDIT_FREEZE = Permission(name="changes.edit_freeze", roles=_FREEZERS, scope="changes", section="§6.5", everywhere=True)
PUBLISH_FREEZE = Permission(
    name="changes.publish_freeze", roles=_FREEZERS, scope="approvals", section="§6.5", everywhere=True
)
LIFT_FREEZE = Permission(
    name="changes.lift_freeze", roles=FREEZE_EXCEPTION_APPROVERS, scope="approvals", section="§6.5", everywhere=True
)
CANCEL_FREEZE = Permission(
    name="changes.cancel_freeze", roles=FREEZE_EXCEPTION_APPROVERS, scope="approvals", section="§6.5", everywhere=True
)
GRANT_EXCEPTION = Permission(
    name="changes.grant_freezeexception", roles=FREEZE_EXCEPTION_APPROVERS, scope="approvals", section="§6.5"
)
EDIT_WINDOW = Permission(
    name="changes.edit_deploymentwindow", roles=_FREEZERS, scope="changes", section="§6.5", everywhere=True
)

SUBSCRIBE = Permission(
    name="changes.issue_calendarfeed", roles=frozenset(), scope="changes", section="§6.5", own=True, everywhere=True
)

PROPOSE_TEMPLATE = Permission(
    name="changes.propose_template", roles=frozenset({Role.ENGINEER}), scope="changes", section="§6.2", everywhere=True
)
# Nobody else: whoever words a proposal could sign their own words for CAB.
EDIT_TEMPLATE = Permission(
    name="changes.edit_template", roles=frozenset(), scope="changes", section="§6.2", own=True, everywhere=True
)
ACTIVATE_TEMPLATE = Permission(
    name="changes.activate_template", roles=_CAB, scope="approvals", section="§6.2", everywhere=True
)
RETIRE_TEMPLATE = Permission(
    name="changes.retire_template", roles=_CAB, scope="approvals", section="§6.2", everywhere=True
)

PLAN_MEETING = Permission(name="changes.plan_cabmeeting", roles=_CAB, scope="changes", section="§5.6", everywhere=True)
EDIT_MEETING = Permission(name="changes.edit_cabmeeting", roles=_CAB, scope="changes", section="§5.6", everywhere=True)
RUN_MEETING = Permission(name="changes.run_cabmeeting", roles=_CAB, scope="approvals", section="§5.6", everywhere=True)
ATTEND_MEETING = Permission(
    name="changes.attend_cabmeeting", roles=_SIGNERS, scope="approvals", section="§5.6", everywhere=True
)

PERMISSIONS: tuple[Permission, ...] = (
    CREATE,
    EDIT,
    SUBMIT,
    APPROVE,
    REFUSE,
    WITHDRAW,
    REVISE,
    CANCEL,
    RESCHEDULE,
    AUTHORISE,
    CONFIRM,
    START,
    FINISH,
    ROLL_BACK,
    CLOSE,
    DOCUMENT,
    RECORD,
    COMMENT,
    IMPORT,
    CREATE_FREEZE,
    EDIT_FREEZE,
    PUBLISH_FREEZE,
    LIFT_FREEZE,
    CANCEL_FREEZE,
    GRANT_EXCEPTION,
    EDIT_WINDOW,
    SUBSCRIBE,
    PROPOSE_TEMPLATE,
    EDIT_TEMPLATE,
    ACTIVATE_TEMPLATE,
    RETIRE_TEMPLATE,
    PLAN_MEETING,
    EDIT_MEETING,
    RUN_MEETING,
    ATTEND_MEETING,
)
