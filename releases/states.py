"""State tables of domain.md section 3 for releases, deployments, verifications and migrations, and the gate's words. Pure data."""

from __future__ import annotations

from enum import StrEnum

from cybercube_portal.moves import Move


class GateOutcome(StrEnum):
    """What the gate answers. Only `allow` lets a pipeline go on."""

    ALLOW = "allow"
    WAIT = "wait"
    DENY = "deny"


class ReleaseState(StrEnum):
    """The five phases of §5.2 in small steps. What an `in_review` release is called is read from its change (R16)."""

    PREPARING = "preparing"
    IN_REVIEW = "in_review"
    STAGING = "staging"
    STAGED = "staged"
    DEPLOYING = "deploying"
    MONITORING = "monitoring"
    RELEASED = "released"
    ROLLED_BACK = "rolled_back"
    CANCELLED = "cancelled"


R = ReleaseState

SUBMIT_RELEASE = Move("submit", (R.PREPARING,), R.IN_REVIEW)
RETURN_RELEASE = Move("return", (R.IN_REVIEW, R.STAGING, R.STAGED), R.PREPARING)
STAGE_RELEASE = Move("stage", (R.IN_REVIEW,), R.STAGING)
VERIFY_RELEASE = Move("verify", (R.STAGING,), R.STAGED)
DEPLOY_RELEASE = Move("deploy", (R.STAGED,), R.DEPLOYING)
WATCH_RELEASE = Move("watch", (R.DEPLOYING,), R.MONITORING)
PUBLISH_RELEASE = Move("publish", (R.MONITORING,), R.RELEASED)
FAIL_RELEASE = Move("fail", (R.STAGING, R.DEPLOYING), R.PREPARING)
ROLL_BACK_RELEASE = Move("roll_back", (R.DEPLOYING, R.MONITORING), R.ROLLED_BACK)
CANCEL_RELEASE = Move("cancel", (R.PREPARING, R.IN_REVIEW, R.STAGING, R.STAGED), R.CANCELLED)

RELEASE_MOVES: tuple[Move, ...] = (
    SUBMIT_RELEASE,
    RETURN_RELEASE,
    STAGE_RELEASE,
    VERIFY_RELEASE,
    DEPLOY_RELEASE,
    WATCH_RELEASE,
    PUBLISH_RELEASE,
    FAIL_RELEASE,
    ROLL_BACK_RELEASE,
    CANCEL_RELEASE,
)
RELEASE_OVER: frozenset[ReleaseState] = frozenset({R.RELEASED, R.ROLLED_BACK, R.CANCELLED})


class Method(StrEnum):
    """§4.3."""

    ROLLING = "rolling"
    BLUE_GREEN = "blue_green"
    CANARY = "canary"
    RECREATE = "recreate"


class DeploymentState(StrEnum):
    """Where one deployment stands. A rollback is a deployment of its own, of the version gone back to."""

    PENDING = "pending"
    RUNNING = "running"
    VERIFYING = "verifying"
    HEALTHY = "healthy"
    FAILED = "failed"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    ROLLBACK_FAILED = "rollback_failed"
    ABORTED = "aborted"


D = DeploymentState

START_DEPLOYMENT = Move("start", (D.PENDING,), D.RUNNING)
ADVANCE_DEPLOYMENT = Move("advance", (D.RUNNING,), D.RUNNING)
FINISH_DEPLOYMENT = Move("finish", (D.RUNNING,), D.VERIFYING)
PASS_DEPLOYMENT = Move("pass", (D.VERIFYING,), D.HEALTHY)
FAIL_DEPLOYMENT = Move("fail", (D.RUNNING, D.VERIFYING), D.FAILED)
ROLL_BACK_DEPLOYMENT = Move("roll_back", (D.RUNNING, D.FAILED, D.VERIFYING, D.HEALTHY), D.ROLLING_BACK)
RESTORE_DEPLOYMENT = Move("restore", (D.ROLLING_BACK,), D.ROLLED_BACK)
FAIL_ROLLBACK = Move("fail", (D.ROLLING_BACK,), D.ROLLBACK_FAILED)
ABORT_DEPLOYMENT = Move("abort", (D.PENDING, D.RUNNING), D.ABORTED)

DEPLOYMENT_MOVES: tuple[Move, ...] = (
    START_DEPLOYMENT,
    ADVANCE_DEPLOYMENT,
    FINISH_DEPLOYMENT,
    PASS_DEPLOYMENT,
    FAIL_DEPLOYMENT,
    ROLL_BACK_DEPLOYMENT,
    RESTORE_DEPLOYMENT,
    FAIL_ROLLBACK,
    ABORT_DEPLOYMENT,
)
# Occupies its place: no other deployment of the service starts there meanwhile.
UNDER_WAY: frozenset[DeploymentState] = frozenset({D.PENDING, D.RUNNING, D.VERIFYING})
# Ended without having been good: the same change may try again ("each triple once, plus retries").
RETRYABLE: frozenset[DeploymentState] = frozenset({D.FAILED, D.ABORTED, D.ROLLED_BACK, D.ROLLBACK_FAILED})


class VerificationState(StrEnum):
    """One run of the checks of §4.7."""

    QUEUED = "queued"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


V = VerificationState

RUN_VERIFICATION = Move("run", (V.QUEUED,), V.RUNNING)
PASS_VERIFICATION = Move("pass", (V.RUNNING,), V.PASSED)
FAIL_VERIFICATION = Move("fail", (V.QUEUED, V.RUNNING), V.FAILED)
DOUBT_VERIFICATION = Move("doubt", (V.QUEUED, V.RUNNING), V.INCONCLUSIVE)

VERIFICATION_MOVES: tuple[Move, ...] = (
    RUN_VERIFICATION,
    PASS_VERIFICATION,
    FAIL_VERIFICATION,
    DOUBT_VERIFICATION,
)


class CheckKind(StrEnum):
    """§4.7: the four checks, one file each in `releases/checks/`."""

    HEALTH = "health"
    ENDPOINT = "endpoint"
    ERROR_RATE = "error_rate"
    LATENCY_P99 = "latency_p99"


class Verdict(StrEnum):
    """How a check or a whole verification came out. Only `pass` passes."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class WatchFinding(StrEnum):
    """The rows of §8.5 that a sample can fall under, and one for a watch that sees nothing."""

    ERRORS_OVER_5 = "errors_over_5"
    HEALTH_FAILING = "health_failing"
    ERRORS_OVER_1 = "errors_over_1"
    LATENCY_OVER_2X = "latency_over_2x"
    UNREADABLE = "unreadable"


class RollbackMethod(StrEnum):
    """§8.2."""

    FLAG = "flag"
    TRAFFIC = "traffic"
    REDEPLOY = "redeploy"
    DATABASE_RESTORE = "database_restore"


class Trigger(StrEnum):
    """§8.1 and §8.5: why it is rolled back."""

    ERROR_RATE = "error_rate"
    LATENCY = "latency"
    HEALTH = "health"
    VERIFICATION = "verification"
    FUNCTIONALITY = "functionality"
    CUSTOMER_REPORT = "customer_report"
    DATA_CORRUPTION = "data_corruption"


class MigrationState(StrEnum):
    """Where one migration file stands in one environment."""

    PLANNED = "planned"
    TESTED = "tested"
    RUNNING = "running"
    APPLIED = "applied"
    VERIFIED = "verified"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled_back"


M = MigrationState

TEST_MIGRATION = Move("test", (M.PLANNED,), M.TESTED)
RUN_MIGRATION = Move("run", (M.TESTED,), M.RUNNING)
APPLY_MIGRATION = Move("apply", (M.RUNNING,), M.APPLIED)
VERIFY_MIGRATION = Move("verify", (M.APPLIED,), M.VERIFIED)
ABORT_MIGRATION = Move("abort", (M.PLANNED, M.TESTED, M.RUNNING), M.ABORTED)
ROLL_BACK_MIGRATION = Move("roll_back", (M.RUNNING, M.APPLIED, M.VERIFIED), M.ROLLED_BACK)

MIGRATION_MOVES: tuple[Move, ...] = (
    TEST_MIGRATION,
    RUN_MIGRATION,
    APPLY_MIGRATION,
    VERIFY_MIGRATION,
    ABORT_MIGRATION,
    ROLL_BACK_MIGRATION,
)


class IncidentState(StrEnum):
    """What DORA's fail rate and recovery time count."""

    OPEN = "open"
    RESOLVED = "resolved"


RESOLVE_INCIDENT = Move("resolve", (IncidentState.OPEN,), IncidentState.RESOLVED)
INCIDENT_MOVES: tuple[Move, ...] = (RESOLVE_INCIDENT,)


class IncidentSource(StrEnum):
    """Who noticed."""

    ALERT = "alert"
    PERSON = "person"
    ROLLBACK = "rollback"
