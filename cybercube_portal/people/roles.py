"""Roles of STD-ENG-006 (§2.4, §5.1, §5.6, §6.4, glossary CAB) as data. Pure."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a grant gives. `engineer` is implied by several others, see IMPLIES_ENGINEER."""

    ENGINEER = "engineer"
    TECH_LEAD = "tech_lead"
    PRODUCT = "product"
    SECURITY = "security"
    DBA = "dba"
    OPS = "ops"
    ON_CALL = "on_call"
    ON_CALL_LEAD = "on_call_lead"
    ENGINEERING_MANAGER = "engineering_manager"
    VP_ENGINEERING = "vp_engineering"
    CTO = "cto"
    INCIDENT_COMMANDER = "incident_commander"
    AUDITOR = "auditor"
    ADMIN = "admin"

    @property
    def label(self) -> str:
        """The role as a person reads it."""
        return LABELS[self]


LABELS: dict[Role, str] = {
    Role.ENGINEER: "Engineer",
    Role.TECH_LEAD: "Tech lead",
    Role.PRODUCT: "Product",
    Role.SECURITY: "Security",
    Role.DBA: "DBA",
    Role.OPS: "Ops",
    Role.ON_CALL: "On-call",
    Role.ON_CALL_LEAD: "On-call lead",
    Role.ENGINEERING_MANAGER: "Engineering manager",
    Role.VP_ENGINEERING: "VP Engineering",
    Role.CTO: "CTO",
    Role.INCIDENT_COMMANDER: "Incident commander",
    Role.AUDITOR: "Auditor",
    Role.ADMIN: "Admin",
}

IMPLIES_ENGINEER: frozenset[Role] = frozenset(
    {
        Role.TECH_LEAD,
        Role.SECURITY,
        Role.DBA,
        Role.OPS,
        Role.ON_CALL,
        Role.ON_CALL_LEAD,
        Role.ENGINEERING_MANAGER,
    }
)

# Glossary: "CYBERCUBE: Engineering leads + Product + Ops".
CAB_SEATS: dict[str, frozenset[Role]] = {
    "engineering lead": frozenset({Role.TECH_LEAD, Role.ENGINEERING_MANAGER}),
    "product": frozenset({Role.PRODUCT}),
    "ops": frozenset({Role.OPS}),
}

# §6.4 "Approvers (any one)"; the narrower list of domain.md section 4 adds nobody.
EMERGENCY_APPROVERS: frozenset[Role] = frozenset(
    {Role.ON_CALL_LEAD, Role.ENGINEERING_MANAGER, Role.VP_ENGINEERING, Role.CTO}
)

# domain.md section 4: an exception to a freeze is granted by these alone.
FREEZE_EXCEPTION_APPROVERS: frozenset[Role] = frozenset({Role.ENGINEERING_MANAGER, Role.VP_ENGINEERING, Role.CTO})


def satisfied_by(role: Role) -> frozenset[Role]:
    """Every role whose holder also counts as `role`."""
    return frozenset({role}) | (IMPLIES_ENGINEER if role is Role.ENGINEER else frozenset())
