"""Releases: one, many, and how far deployments have brought it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import F, Q, QuerySet

from changes.policy.scope import Action
from changes.selectors.changes import numbers_in
from changes.states import ChangeState
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.states import EnvironmentCode, Stage, StageStatus
from cybercube_portal.catalog.versions import parse_version
from cybercube_portal.errors import NotFound
from releases.models import ChecklistTick, Deployment, Release
from releases.policy.following import ReleaseProgress
from releases.policy.releases import CALLED
from releases.states import RELEASE_OVER, UNDER_WAY, DeploymentState, ReleaseState

if TYPE_CHECKING:
    from changes.models import ChangeRequest

# Its change is with its approvers, or further.
APPROVED: frozenset[str] = frozenset(
    {ChangeState.APPROVED, ChangeState.IMPLEMENTING, ChangeState.VERIFYING, ChangeState.CLOSED}
)
ASKED_FOR: frozenset[str] = APPROVED | {ChangeState.IN_REVIEW}
GIVEN_UP: dict[str, frozenset[str]] = {
    EnvironmentCode.STG: frozenset({DeploymentState.FAILED, DeploymentState.ABORTED}),
    # In production a failed deployment is still to be rolled back or tried again.
    EnvironmentCode.PRD: frozenset({DeploymentState.ABORTED}),
}
TAKEN_BACK: frozenset[str] = frozenset({DeploymentState.ROLLED_BACK, DeploymentState.ROLLBACK_FAILED})

# Deployments to production that are looked at for the version before.
LOOK_BACK = 200

Named = tuple[str, str]


def releases() -> QuerySet[Release]:
    """All, the newest first, with what a list shows."""
    return Release.objects.select_related("service__team", "created_by").order_by("-created_at", "-id")


def release_of_change(number: str) -> QuerySet[Release]:
    """The release that a change authorises: a row for `database.together`, with its service's `slug`."""
    return Release.objects.filter(change=number).annotate(slug=F("service__slug"))[:1]


def releases_filtered(
    *,
    service: str = "",
    team: str = "",
    version: str = "",
    type: str = "",  # noqa: A002 - the contract's word
    state: str = "",
    change: str = "",
) -> QuerySet[Release]:
    """The list, narrowed by everything given. `state` is what a release is called (R16)."""
    exactly = {
        "service__slug": service,
        "service__team__slug": team,
        "version": f"v{version.removeprefix('v')}" if version else "",
        "type": type,
        "change": change,
    }
    rows = releases().filter(**{name: value for name, value in exactly.items() if value})
    return rows.filter(called(state)) if state else rows


def called(state: str) -> Q:
    """Releases that are called so (R16)."""
    meant = [number for number, word in CALLED.items() if word == state]
    if meant:
        return Q(state=ReleaseState.IN_REVIEW, change__in=numbers_in(meant))
    if state == ReleaseState.IN_REVIEW:
        return Q(state=state) & ~Q(change__in=numbers_in(CALLED))
    return Q(state=state)


def get_release(reference: str) -> Release:
    """Raises NotFound."""
    return _found(releases().filter(reference=reference).first(), reference)


def lock_release(reference: str) -> Release:
    """Held until the transaction ends. Who locks its change too locks that first. Raises NotFound."""
    held = Release.objects.select_for_update(of=("self",), no_key=True).select_related("service__team", "created_by")
    return _found(held.filter(reference=reference).first(), reference)


def releases_of_change(number: str) -> list[str]:
    """References of the open releases that this change authorises."""
    rows = Release.objects.filter(change=number).exclude(state__in=RELEASE_OVER)
    return list(rows.order_by("pk").values_list("reference", flat=True))


def releases_shipping(*, service: str, version: str) -> list[str]:
    """References of the open releases that ship the artifact, in the order in which they are locked."""
    rows = Release.objects.filter(artifacts__contains=[{"service": service, "version": version}])
    return list(rows.exclude(state__in=RELEASE_OVER).order_by("pk").values_list("reference", flat=True))


def open_release_of(*, service: str, version: str) -> str | None:
    """The reference of the release of that version which neither was cancelled nor taken back; None when there is none."""
    rows = Release.objects.filter(service__slug=service, version=version)
    standing = rows.exclude(state__in=[ReleaseState.CANCELLED, ReleaseState.ROLLED_BACK])
    return standing.values_list("reference", flat=True).first()


def last_released(service: str) -> str | None:
    """The version that is in production for good or was released last; None when there was none."""
    deployed = Deployment.objects.filter(
        service__slug=service, environment=EnvironmentCode.PRD, state=DeploymentState.HEALTHY
    )
    found = deployed.order_by("-id").values_list("version", flat=True).first()
    if found is not None:
        return found
    released = Release.objects.filter(service__slug=service, state=ReleaseState.RELEASED)
    return released.order_by("-ended_at", "-id").values_list("version", flat=True).first()


def released_below(*, service: str, version: str) -> str | None:
    """The version below `version` that was healthy in production last; else the one registered below it. None when there is none."""
    deployed = Deployment.objects.filter(
        service__slug=service, environment=EnvironmentCode.PRD, verified_at__isnull=False
    )
    named = parse_version(version)
    for found in deployed.order_by("-id").values_list("version", flat=True)[:LOOK_BACK]:
        if parse_version(found) < named:
            return found
    return catalog.version_before(service=service, version=version)


def named_artifacts(release: Release) -> frozenset[Named]:
    """(service, version) of everything it ships."""
    return frozenset((entry["service"], entry["version"]) for entry in release.artifacts)


def deployments_of(release: Release) -> list[Deployment]:
    """Every deployment of what it ships, oldest first, rollbacks left out."""
    versions = named_artifacts(release)
    rows = Deployment.objects.filter(
        service__slug__in={service for service, _ in versions},
        version__in={version for _, version in versions},
        action=Action.DEPLOY,
    )
    found = rows.select_related("service", "started_by").order_by("id")
    return [row for row in found if (row.service.slug, row.version) in versions]


def ticks_of(release: Release) -> QuerySet[ChecklistTick]:
    """What people ticked of it; `username`: who."""
    return ChecklistTick.objects.filter(release=release).annotate(username=F("by__username"))


def newest_there(rows: Iterable[Deployment], environment: str) -> dict[Named, Deployment]:
    """The newest deployment of each version there; `rows` come oldest first."""
    return {(row.service.slug, row.version): row for row in rows if row.environment == environment}


def progress_of(release: Release, *, change: ChangeRequest) -> ReleaseProgress:
    """What the records say of it; `change` is its own, as it stands."""
    return progress_from(
        release, change=change, rows=deployments_of(release), is_proved=lambda: _is_proved(named_artifacts(release))
    )


def progress_from(
    release: Release, *, change: ChangeRequest, rows: list[Deployment], is_proved: Callable[[], bool]
) -> ReleaseProgress:
    """The same with `rows` of `deployments_of` read before; `is_proved`: whether the end-to-end tests of every artifact passed (§4.2)."""
    versions = named_artifacts(release)
    staging = newest_there(rows, EnvironmentCode.STG)
    # A version that was taken back may be released again: what was before this release speaks of another one.
    production = newest_there((row for row in rows if row.created_at >= release.created_at), EnvironmentCode.PRD)
    return ReleaseProgress(
        state=ReleaseState(release.state),
        is_asked_for=change.state in ASKED_FOR,
        is_approved=change.state in APPROVED,
        is_sent_back=change.state == ChangeState.DRAFT,
        is_called_off=change.state == ChangeState.CANCELLED,
        is_staging=_any(staging, UNDER_WAY),
        is_staged=_all_healthy(staging, versions) and is_proved(),
        has_staging_failed=_any(staging, GIVEN_UP[EnvironmentCode.STG], since=release.created_at),
        is_deploying=_any(production, UNDER_WAY),
        is_deployed=_all_healthy(production, versions),
        has_deploying_failed=_any(production, GIVEN_UP[EnvironmentCode.PRD]),
        is_taken_back=_any(production, TAKEN_BACK),
    )


def _any(newest: Mapping[Named, Deployment], states: Collection[str], *, since: datetime | None = None) -> bool:
    return any(row.state in states and (since is None or row.created_at >= since) for row in newest.values())


def _all_healthy(newest: Mapping[Named, Deployment], versions: frozenset[Named]) -> bool:
    return all(name in newest and newest[name].state == DeploymentState.HEALTHY for name in versions)


def _is_proved(versions: frozenset[Named]) -> bool:
    ids = catalog.artifacts_named(versions).values_list("pk", flat=True)
    latest = catalog.latest_evidence(ids)
    reports = [reports.get(Stage.E2E) for reports in latest.values()]
    return len(reports) == len(versions) and all(
        row is not None and row.status == StageStatus.PASSED for row in reports
    )


def _found(release: Release | None, reference: str) -> Release:
    if release is None:
        raise NotFound(f"There is no release {reference}.", code="release.unknown")
    return release
