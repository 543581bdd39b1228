"""Which rule of the gate applies where: the table of domain.md section 4 as data. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from changes.policy.scope import Action
from changes.states import ChangeType
from cybercube_portal.catalog.states import EnvironmentCode
from releases.policy.gate.facts import GateFacts


class Column(StrEnum):
    """Where an action goes, and under what kind of change."""

    DEV = "dev"
    STG = "stg"
    NORMAL = "prd normal"
    STANDARD = "prd standard"
    EMERGENCY = "prd emergency"
    ROLLBACK = "rollback"


class Mode(StrEnum):
    """How a rule applies in one column. The values are the table's own words."""

    ASKED = "x"
    NOT_ASKED = ""
    IF_REGISTERED = "if registered"
    FAILED_DENIES = "failed denies, missing is reported"
    REPORTED = "reported"
    HEALTHY_BEFORE = "healthy there before"
    BY_PREDICATE = "by predicate"
    TAKES_OVER = "takes over"


class Row(NamedTuple):
    """One rule: what it asks, its code and section while it is not asked, and why that is."""

    asks: str
    code: str
    section: str
    unless: str


CALLER = Row(
    "caller known, scope covers service; service and environment known", "caller.not_asked", "§1.3", "Always asked."
)
ARTIFACT = Row(
    "artifact registered, digest equal (the registered one when none is given), version form",
    "artifact.not_asked",
    "§3.3",
    "Nothing built is moved.",
)
EVIDENCE = Row(
    "ref (R19), stages build, test, scan (no critical, high), coverage",
    "evidence.not_asked",
    "§4.2",
    "Dev takes every build, and a rollback what was proved before.",
)
PROMOTION = Row(
    "promoted: same digest healthy and E2E passed in stg",
    "promotion.not_asked",
    "§4.2",
    "Only production takes what staging proved.",
)
CHANGE = Row(
    "change approved or implementing, covers service, environment, digest; each triple once, plus retries",
    "change.not_asked",
    "§6.3",
    "Only production needs a change, and a rollback needs none.",
)
RELEASE = Row(
    "release by R15; its checklist's first two sections",
    "release.not_asked",
    "§1.2",
    "Only versions that go to production are released.",
)
LEAD_TIME = Row(
    "lead time; deployment windows",
    "schedule.lead_not_asked",
    "§6.1",
    "Only normal changes wait for lead time and windows.",
)
SLOT = Row("slot", "schedule.slot_not_asked", "§6.6", "Only normal and standard changes keep a slot.")
FREEZE = Row(
    "freezes, by their own scope",
    "freeze.not_asked",
    "§6.5",
    "A rollback is never frozen, since every deployment must be reversible (§8).",
)
WAY_BACK = Row(
    "rollback plan, and a version to go back to (first deployment excepted)",
    "rollback.not_asked",
    "§8",
    "Only production needs a way back, and a rollback is one.",
)
RUNNING = Row("no other deployment of the service running there", "deployment.not_asked", "§4", "Always asked.")
SUSPENSION = Row(
    "team not suspended (R5)", "emergency.suspension_not_asked", "§6.4", "Only standard changes are ever suspended."
)
MIGRATION = Row(
    'the "before" part of §9.4', "migration.not_asked", "§9.4", "No migration is run, or not in production."
)

_x, _o = Mode.ASKED, Mode.NOT_ASKED
_registered, _failed, _reported = Mode.IF_REGISTERED, Mode.FAILED_DENIES, Mode.REPORTED
_before, _predicate, _takes = Mode.HEALTHY_BEFORE, Mode.BY_PREDICATE, Mode.TAKES_OVER

# fmt: off
APPLIES: dict[Row, tuple[Mode, ...]] = {
    #            dev          stg  normal  standard  emergency   rollback
    CALLER:     (_x,          _x,  _x,     _x,       _x,         _x),
    ARTIFACT:   (_registered, _x,  _x,     _x,       _x,         _x),
    EVIDENCE:   (_o,          _x,  _x,     _x,       _failed,    _o),
    PROMOTION:  (_o,          _o,  _x,     _x,       _reported,  _before),
    CHANGE:     (_o,          _o,  _x,     _x,       _x,         _o),
    RELEASE:    (_o,          _o,  _x,     _x,       _reported,  _o),
    LEAD_TIME:  (_o,          _o,  _x,     _o,       _o,         _o),
    SLOT:       (_o,          _o,  _x,     _x,       _o,         _o),
    FREEZE:     (_x,          _x,  _x,     _x,       _predicate, _o),
    WAY_BACK:   (_o,          _o,  _x,     _x,       _reported,  _o),
    RUNNING:    (_x,          _x,  _x,     _x,       _x,         _takes),
    SUSPENSION: (_o,          _o,  _o,     _x,       _o,         _o),
}

# "migrate adds the before part of §9.4; configure and scale need no artifact": what follows from an artifact goes with it.
MIGRATE_ADDS: dict[Row, tuple[Mode, ...]] = {
    MIGRATION:  (_o,          _o,  _x,     _x,       _reported,  _o),
}
ABOUT_ARTIFACTS: frozenset[Row] = frozenset({ARTIFACT, EVIDENCE, PROMOTION, RELEASE})
# fmt: on

_BY_CHANGE: dict[ChangeType, Column] = {
    ChangeType.NORMAL: Column.NORMAL,
    ChangeType.STANDARD: Column.STANDARD,
    ChangeType.EMERGENCY: Column.EMERGENCY,
}
_ORDER = tuple(Column)


def column_of(facts: GateFacts) -> Column:
    """The column that judges the question; what is not known is judged as production under a normal change."""
    if facts.question.is_rollback:
        return Column.ROLLBACK
    if facts.question.environment == EnvironmentCode.DEV:
        return Column.DEV
    if facts.question.environment == EnvironmentCode.STG:
        return Column.STG
    return _BY_CHANGE[facts.change.type] if facts.change else Column.NORMAL


def mode_of(row: Row, column: Column, action: Action) -> Mode:
    """How `row` applies to `action` in `column`."""
    if row in ABOUT_ARTIFACTS and action in {Action.CONFIGURE, Action.SCALE}:
        return Mode.NOT_ASKED
    if row in MIGRATE_ADDS:
        return MIGRATE_ADDS[row][_ORDER.index(column)] if action is Action.MIGRATE else Mode.NOT_ASKED
    return APPLIES[row][_ORDER.index(column)]
