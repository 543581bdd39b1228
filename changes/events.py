"""Names of what happened to a change, a freeze, a window, a template, a feed: `<noun>.<participle>`. Pure."""

from __future__ import annotations

from enum import StrEnum


class ChangeEvent(StrEnum):
    """Subjects: the change's number, its services."""

    CREATED = "change.created"
    EMERGENCY_FILED = "change.emergency_filed"
    EDITED = "change.edited"
    IMPORTED = "change.imported"
    SUBMITTED = "change.submitted"
    AUTHORISED = "change.authorised"
    CONFIRMED = "change.authorisation_confirmed"
    SIGNED = "change.signed"
    SIGNATURE_WITHDRAWN = "change.signature_withdrawn"
    SIGNATURE_SUPERSEDED = "change.signature_superseded"
    APPROVED = "change.approved"
    REFUSED = "change.refused"
    REVISED = "change.revised"
    CANCELLED = "change.cancelled"
    EXPIRED = "change.expired"
    RESCHEDULED = "change.rescheduled"
    REOPENED = "change.reopened"
    STARTED = "change.started"
    FINISHED = "change.finished"
    ROLLED_BACK = "change.rolled_back"
    DOCUMENTED = "change.documented"
    RECORDED = "change.recorded"
    CLOSED = "change.closed"
    COMMENTED = "change.commented"
    RECORD_OVERDUE = "change.record_overdue"
    CONFIRMATION_OVERDUE = "change.confirmation_overdue"


class FreezeEvent(StrEnum):
    """Subjects: the freeze's reference; for exceptions also the change's number."""

    CREATED = "freeze.created"
    EDITED = "freeze.edited"
    PUBLISHED = "freeze.published"
    LIFTED = "freeze.lifted"
    CANCELLED = "freeze.cancelled"
    EXCEPTION_GRANTED = "freeze.exception_granted"
    NOTICED = "freeze.noticed"


class WindowEvent(StrEnum):
    """Deployment windows."""

    CREATED = "deployment_window.created"
    EDITED = "deployment_window.edited"
    REMOVED = "deployment_window.removed"


class TemplateEvent(StrEnum):
    """Standard-change templates."""

    PROPOSED = "template.proposed"
    EDITED = "template.edited"
    SIGNED = "template.signed"
    ACTIVATED = "template.activated"
    RETIRED = "template.retired"


class FeedEvent(StrEnum):
    """Calendar feeds. Subjects: whose it is; `team` is the one it shows, null for the person's own."""

    ISSUED = "calendar_feed.issued"
    REVOKED = "calendar_feed.revoked"


class MeetingEvent(StrEnum):
    """Meetings of the CAB. Subjects: the meeting's reference; for items and votes also the change's number."""

    PLANNED = "cab_meeting.planned"
    EDITED = "cab_meeting.edited"
    OPENED = "cab_meeting.opened"
    ATTENDED = "cab_meeting.attended"
    ITEM_ADDED = "cab_meeting.item_added"
    VOTED = "cab_meeting.voted"
    REMINDED = "cab_meeting.reminded"
    CLOSED = "cab_meeting.closed"
    CANCELLED = "cab_meeting.cancelled"
