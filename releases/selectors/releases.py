"""Releases: one, many, and how far deployments have brought it."""

from __future__ import annotations

from django.db.models import QuerySet

from changes.selectors.changes import get_change
from changes.states import ChangeState
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.errors import NotFound
from releases.models import Deployment, Release
from releases.policy.following import ReleaseProgress
from releases.states import UNDER_WAY, DeploymentState, ReleaseState

APPROVED: frozenset[str] = frozenset(
    {ChangeState.APPROVED, ChangeState.IMPLEMENTING, ChangeState.VERIFYING, ChangeState.CLOSED}
)
# Its change stopped being asked for: the release is prepared again.
SENT_BACK: frozenset[str] = frozenset({ChangeState.DRAFT})


def releases() -> QuerySet[Release]:
    """All, the newest first, with what a list shows."""
    return Release.objects.select_related("service__team", "created_by").order_by("-created_at", "-id")


def get_release(reference: str) -> Release:
    """Raises NotFound."""
    return _found(releases().filter(reference=reference).first(), reference)


def lock_release(reference: str) -> Release:
    """Held until the transaction ends. Raises NotFound."""
    held = Release.objects.select_for_update(of=("self",), no_key=True).select_related("service__team", "created_by")
    return _found(held.filter(reference=reference).first(), reference)


def progress_of(release: Release) -> ReleaseProgress:
    """What the records say of it, in two queries."""
    change = get_change(release.change)
    versions = {(entry["service"], entry["version"]) for entry in release.artifacts}
    rows = Deployment.objects.filter(
        service__slug__in={service for service, _ in versions},
        version__in={version for _, version in versions},
        created_at__gte=release.created_at,
    ).select_related("service")
    return ReleaseProgress(
        state=ReleaseState(release.state),
        is_approved=change.state in APPROVED,
        is_sent_back=change.state in SENT_BACK,
        **_there(rows, versions, EnvironmentCode.STG, "staging", "staged"),
        **_there(rows, versions, EnvironmentCode.PRD, "deploying", "deployed"),
        is_taken_back=any(
            row.environment == EnvironmentCode.PRD
            and row.state in {DeploymentState.ROLLED_BACK, DeploymentState.ROLLBACK_FAILED}
            for row in _last_of_each(rows, EnvironmentCode.PRD)
        ),
    )


def _there(
    rows: QuerySet[Deployment], versions: set[tuple[str, str]], environment: str, ongoing: str, done: str
) -> dict[str, bool]:
    last = {(row.service.slug, row.version): row.state for row in _last_of_each(rows, environment)}
    states = [last.get(version) for version in versions]
    # In production a failed deployment is still to be rolled back or tried again; only what was given up failed for good.
    lost = {DeploymentState.ABORTED} | ({DeploymentState.FAILED} if environment == EnvironmentCode.STG else set())
    return {
        f"is_{ongoing}": any(state in UNDER_WAY for state in states),
        f"is_{done}": all(state == DeploymentState.HEALTHY for state in states),
        f"has_{ongoing}_failed": any(state in lost for state in states),
    }


def _last_of_each(rows: QuerySet[Deployment], environment: str) -> list[Deployment]:
    """The newest deployment of each version there."""
    newest: dict[tuple[str, str], Deployment] = {}
    for row in sorted(rows, key=lambda row: row.pk):
        if row.environment == environment and not row.is_rollback:
            newest[row.service.slug, row.version] = row
    return list(newest.values())


def _found(release: Release | None, reference: str) -> Release:
    if release is None:
        raise NotFound(f"There is no release {reference}.", code="release.unknown")
    return release
