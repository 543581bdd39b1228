"""Names of what happened to a release, a deployment, a verification, a migration, an incident: `<noun>.<participle>`. Pure."""

from __future__ import annotations

from enum import StrEnum


class ReleaseEvent(StrEnum):
    """Subjects: the release's reference, `service:<slug>`, its change's number."""

    OPENED = "release.opened"
    EDITED = "release.edited"
    ITEM_TICKED = "release.item_ticked"
    ITEM_UNTICKED = "release.item_unticked"
    SUBMITTED = "release.submitted"
    RETURNED = "release.returned"
    STAGED = "release.staging_begun"
    VERIFIED = "release.staged"
    DEPLOYED = "release.deploying_begun"
    WATCHED = "release.monitoring_begun"
    CHANGELOG_EDITED = "release.changelog_edited"
    NOTES_EDITED = "release.notes_edited"
    NOTES_PUBLISHED = "release.notes_published"
    PUBLISHED = "release.published"
    FAILED = "release.failed"
    ROLLED_BACK = "release.rolled_back"
    CANCELLED = "release.cancelled"


class DeploymentEvent(StrEnum):
    """Subjects: the deployment's reference, `service:<slug>`, its change's number, its release's reference."""

    STARTED = "deployment.started"
    ADVANCED = "deployment.advanced"
    FINISHED = "deployment.finished"
    VERIFIED = "deployment.verified"
    UNCERTAIN = "deployment.doubted"
    FAILED = "deployment.failed"
    TIMED_OUT = "deployment.timed_out"
    ABORTED = "deployment.aborted"
    ALERTED = "deployment.alerted"
    WATCHED = "deployment.watched"
    ROLLBACK_STARTED = "deployment.rollback_started"
    HANDED_OVER = "deployment.handed_over"
    ROLLED_BACK = "deployment.rolled_back"
    ROLLBACK_FAILED = "deployment.rollback_failed"
    CORRUPTION_REPORTED = "deployment.corruption_reported"
    NOTICE_EDITED = "deployment.notice_edited"
    NOTICE_SENT = "deployment.notice_sent"


class VerificationEvent(StrEnum):
    """Subjects: the deployment's reference, `service:<slug>`."""

    QUEUED = "verification.queued"
    ENDED = "verification.ended"


class MigrationEvent(StrEnum):
    """Subjects: the migration's reference, `service:<slug>`, its change's number, its release's reference."""

    PLANNED = "migration.planned"
    TESTED = "migration.tested"
    RUN = "migration.run"
    APPLIED = "migration.applied"
    VERIFIED = "migration.verified"
    ABORTED = "migration.aborted"
    ROLLED_BACK = "migration.rolled_back"


class IncidentEvent(StrEnum):
    """Subjects: the incident's reference, `service:<slug>`, the deployment's reference."""

    DETECTED = "incident.detected"
    RESOLVED = "incident.resolved"


class ObservationEvent(StrEnum):
    """Subjects: `service:<slug>`."""

    VERSION_SEEN = "observation.version_seen"
    BYPASS_FOUND = "observation.bypass_found"
    ADOPTED = "observation.adopted"
