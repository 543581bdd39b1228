"""Every state the portal shows, as an icon, a word and a tone: colour alone says nothing (ui.md section 4). Pure.

Keys are the values of the StrEnums; a test holds this table against them. Tones: neutral, accent (moving), ok, wait, bad.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Badge:
    """What one state looks like. `icon` is a name of Lucide's."""

    icon: str
    word: str | Promise
    tone: str = "neutral"


UNKNOWN = "circle-question-mark"

BADGES: dict[str, dict[str, Badge]] = {
    "change_state": {
        "draft": Badge("pencil", _("Draft")),
        "in_review": Badge("users", _("In review"), "wait"),
        "approved": Badge("circle-check", _("Approved"), "ok"),
        "rejected": Badge("circle-x", _("Rejected"), "bad"),
        "expired": Badge("timer-off", _("Expired")),
        "cancelled": Badge("ban", _("Cancelled")),
        "implementing": Badge("play", _("Implementing"), "accent"),
        "verifying": Badge("activity", _("Verifying"), "accent"),
        "rolled_back": Badge("undo-2", _("Rolled back"), "bad"),
        "documenting": Badge("file-pen", _("Documenting"), "wait"),
        "closed": Badge("archive", _("Closed")),
    },
    "change_type": {
        "standard": Badge("repeat", _("Standard")),
        "normal": Badge("git-pull-request", _("Normal")),
        "emergency": Badge("siren", _("Emergency"), "bad"),
    },
    "risk": {
        "low": Badge("signal-low", _("Low risk")),
        "medium": Badge("signal-medium", _("Medium risk"), "wait"),
        "high": Badge("signal-high", _("High risk"), "bad"),
        "critical": Badge("triangle-alert", _("Critical risk"), "bad"),
    },
    "evidence_pack": {
        "being_made": Badge("loader", _("Being made"), "accent"),
        "ready": Badge("package-check", _("Ready"), "ok"),
        "failed": Badge("circle-x", _("Failed"), "bad"),
    },
    "change_outcome": {
        "successful": Badge("circle-check", _("Successful"), "ok"),
        "successful_with_issues": Badge("circle-alert", _("Successful with issues"), "wait"),
        "rolled_back": Badge("undo-2", _("Rolled back"), "bad"),
        "failed": Badge("circle-x", _("Failed"), "bad"),
    },
    "signature": {
        "given": Badge("circle-check", _("Approved"), "ok"),
        "refused": Badge("circle-x", _("Refused"), "bad"),
        "withdrawn": Badge("rotate-ccw", _("Withdrawn")),
        "superseded": Badge("history", _("Superseded")),
    },
    "seat": {
        "filled": Badge("circle-check", _("Approved"), "ok"),
        "open": Badge("circle-dashed", _("Open"), "wait"),
        "waived": Badge("circle-slash", _("Waived")),
    },
    "attestation": {
        "held": Badge("circle-check", _("Vouched for"), "ok"),
        "ending": Badge("alarm-clock", _("Ends soon"), "wait"),
        "over": Badge("timer-off", _("Over"), "bad"),
        "open": Badge("circle-dashed", _("Open"), "wait"),
    },
    "step": {
        "done": Badge("check", _("Done"), "ok"),
        "open": Badge("circle-dashed", _("Open"), "wait"),
        "people": Badge("user", _("By people")),
        "not_asked": Badge("minus", _("Not asked")),
    },
    "finding": {
        "error": Badge("circle-x", _("Unsafe"), "bad"),
        "warning": Badge("circle-alert", _("With care"), "wait"),
    },
    "record": {
        "due": Badge("file-pen", _("Due"), "wait"),
        "overdue": Badge("alarm-clock", _("Overdue"), "bad"),
    },
    "freeze_state": {
        "draft": Badge("pencil", _("Draft")),
        "published": Badge("snowflake", _("Published"), "accent"),
        "lifted": Badge("sun", _("Lifted")),
        "cancelled": Badge("ban", _("Cancelled")),
        "upcoming": Badge("calendar-clock", _("Upcoming"), "wait"),
        "active": Badge("snowflake", _("Active"), "bad"),
        "past": Badge("history", _("Past")),
    },
    "meeting_state": {
        "planned": Badge("calendar-clock", _("Planned"), "wait"),
        "in_session": Badge("users", _("In session"), "accent"),
        "closed": Badge("archive", _("Closed")),
        "cancelled": Badge("ban", _("Cancelled")),
    },
    "agenda": {
        "record_overdue": Badge("alarm-clock", _("Record overdue"), "bad"),
        "critical": Badge("triangle-alert", _("Critical risk"), "bad"),
        "high": Badge("signal-high", _("High risk"), "bad"),
        "major_release": Badge("rocket", _("Major release"), "wait"),
        "added": Badge("plus", _("Added")),
    },
    "quorum": {
        "yes": Badge("circle-check", _("Quorum"), "ok"),
        "no": Badge("circle-dashed", _("No quorum"), "wait"),
    },
    "template_state": {
        "proposed": Badge("lightbulb", _("Proposed"), "wait"),
        "active": Badge("circle-check", _("Active"), "ok"),
        "retired": Badge("archive", _("Retired")),
    },
    "gate": {
        "allow": Badge("circle-check", _("Allow"), "ok"),
        "wait": Badge("hourglass", _("Wait"), "wait"),
        "deny": Badge("octagon-x", _("Deny"), "bad"),
    },
    "deployment_state": {
        "pending": Badge("circle-dashed", _("Pending")),
        "running": Badge("play", _("Running"), "accent"),
        "verifying": Badge("activity", _("Verifying"), "accent"),
        "healthy": Badge("circle-check", _("Healthy"), "ok"),
        "failed": Badge("circle-x", _("Failed"), "bad"),
        "rolling_back": Badge("undo-2", _("Rolling back"), "wait"),
        "rolled_back": Badge("undo-2", _("Rolled back"), "bad"),
        "rollback_failed": Badge("octagon-x", _("Rollback failed"), "bad"),
        "aborted": Badge("ban", _("Aborted")),
    },
    "verification_state": {
        "queued": Badge("hourglass", _("Queued"), "wait"),
        "running": Badge("activity", _("Running"), "accent"),
        "passed": Badge("check", _("Passed"), "ok"),
        "failed": Badge("x", _("Failed"), "bad"),
        "inconclusive": Badge("circle-question-mark", _("Cannot tell"), "wait"),
    },
    "verdict": {
        "pass": Badge("check", _("Passes"), "ok"),
        "fail": Badge("x", _("Fails"), "bad"),
        "inconclusive": Badge("circle-question-mark", _("Cannot tell"), "wait"),
    },
    "place": {
        "bypass": Badge("shield-alert", _("Without the gate"), "bad"),
        "unrecorded": Badge("file-question-mark", _("Unrecorded"), "wait"),
        "adopted": Badge("circle-check", _("Adopted"), "ok"),
        "drift": Badge("git-compare", _("Drift"), "bad"),
        "moving": Badge("play", _("Under way"), "accent"),
        "unreadable": Badge("eye-off", _("Cannot be read"), "wait"),
        "unwell": Badge("circle-alert", _("Degraded"), "wait"),
        "as_deployed": Badge("circle-check", _("As deployed"), "ok"),
        "unknown": Badge("circle-dashed", _("Not seen")),
    },
    "incident": {
        "open": Badge("flame", _("Open"), "bad"),
        "resolved": Badge("circle-check", _("Resolved"), "ok"),
    },
    "kept": {
        "yes": Badge("circle-check", _("Kept"), "ok"),
        "no": Badge("circle-x", _("Behind"), "wait"),
        "none": Badge("minus", _("No occasion")),
    },
    "dora_level": {
        "elite": Badge("gem", _("Elite"), "ok"),
        "high": Badge("signal-high", _("High"), "ok"),
        "medium": Badge("signal-medium", _("Medium")),
        "low": Badge("signal-low", _("Low"), "wait"),
    },
    "incident_source": {
        "alert": Badge("bell", _("Alert")),
        "person": Badge("user", _("Person")),
        "rollback": Badge("undo-2", _("Rollback")),
    },
    "release_state": {
        "preparing": Badge("pencil", _("Preparing")),
        "in_review": Badge("users", _("In review"), "wait"),
        "approved": Badge("circle-check", _("Approved"), "ok"),
        "rejected": Badge("circle-x", _("Rejected"), "bad"),
        "expired": Badge("timer-off", _("Expired")),
        "staging": Badge("package-open", _("Staging"), "accent"),
        "staged": Badge("package-check", _("Staged"), "ok"),
        "deploying": Badge("rocket", _("Deploying"), "accent"),
        "monitoring": Badge("activity", _("Monitoring"), "accent"),
        "released": Badge("party-popper", _("Released"), "ok"),
        "rolled_back": Badge("undo-2", _("Rolled back"), "bad"),
        "cancelled": Badge("ban", _("Cancelled")),
    },
    "release_type": {
        "major": Badge("triangle-alert", _("Major"), "wait"),
        "minor": Badge("sparkles", _("Minor")),
        "patch": Badge("bandage", _("Patch")),
        "hotfix": Badge("flame", _("Hotfix"), "bad"),
    },
    "phase": {
        "done": Badge("check", _("Done"), "ok"),
        "current": Badge("circle-dot", _("Now"), "accent"),
        "to_come": Badge("circle", _("To come")),
        "stopped": Badge("octagon-x", _("Stopped"), "bad"),
    },
    "migration_state": {
        "planned": Badge("calendar-clock", _("Planned")),
        "tested": Badge("flask-conical", _("Tested"), "ok"),
        "running": Badge("play", _("Running"), "accent"),
        "applied": Badge("activity", _("Applied"), "accent"),
        "verified": Badge("circle-check", _("Verified"), "ok"),
        "aborted": Badge("ban", _("Aborted")),
        "rolled_back": Badge("undo-2", _("Rolled back"), "bad"),
    },
    "flag_stage": {
        "defined": Badge("circle-dashed", _("Defined")),
        "deployed": Badge("code", _("In the code")),
        "enabling": Badge("trending-up", _("Enabling"), "accent"),
        "validating": Badge("activity", _("Validating"), "accent"),
        "fully_rolled_out": Badge("circle-check", _("Fully rolled out"), "ok"),
        "cleanup_due": Badge("brush-cleaning", _("Cleanup due"), "wait"),
        "removed": Badge("archive", _("Removed")),
    },
    "reason": {
        "pass": Badge("check", _("Holds"), "ok"),
        "fail": Badge("x", _("Fails"), "bad"),
        "pending": Badge("hourglass", _("Waits"), "wait"),
        "skipped": Badge("minus", _("Does not apply")),
    },
    "compliance": {
        "COMPLETE": Badge("circle-check", _("Complete"), "ok"),
        "PARTIAL": Badge("circle-dot", _("Partial"), "wait"),
        "PENDING": Badge("circle-dashed", _("Pending")),
    },
    "channel": {
        "live": Badge("circle-check", _("In use"), "ok"),
        "ended": Badge("ban", _("Removed")),
    },
    "delivery": {
        "waiting": Badge("hourglass", _("Waits"), "wait"),
        "sending": Badge("send", _("Under way"), "accent"),
        "delivered": Badge("circle-check", _("Arrived"), "ok"),
        "failed": Badge("circle-x", _("Failed"), "bad"),
        "abandoned": Badge("circle-x", _("Given up"), "bad"),
    },
    "grant": {
        "upcoming": Badge("calendar-clock", _("Upcoming"), "wait"),
        "in_force": Badge("circle-check", _("In force"), "ok"),
        "ended": Badge("history", _("Ended")),
        "revoked": Badge("ban", _("Revoked"), "bad"),
    },
    "api_key": {
        "live": Badge("circle-check", _("Live"), "ok"),
        "expired": Badge("timer-off", _("Expired")),
        "revoked": Badge("ban", _("Revoked"), "bad"),
    },
}


def badge_of(kind: str, value: str) -> Badge:
    """The look of `value`. Raises KeyError for a kind the table does not have; an unknown value shows as it is written."""
    return BADGES[kind].get(value) or Badge(UNKNOWN, value.replace("_", " ").capitalize())


def words_of(kind: str, values: Iterable[str]) -> dict[str, str | Promise]:
    """The word of each value, as chips say it."""
    return {str(value): badge_of(kind, value).word for value in values}
