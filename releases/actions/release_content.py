"""Writing what a release is: open it with the one change that authorises it, and edit both together (§5.2, R16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from changes.actions.content import create_change, edit_change
from changes.actions.numbers import take_reference
from changes.policy.approvals import ReleaseType
from changes.proposals import ArtifactName, Proposal
from changes.selectors.changes import get_change, known_numbers, lock_change
from changes.states import ChangeType
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.catalog.migration_files import EXAMPLE, is_well_named
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.catalog.versions import parse_version
from cybercube_portal.errors import Conflict, FieldError, Invalid, Stale, refuse
from cybercube_portal.notices.actions import watch
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from releases import permissions
from releases.actions.following import touch
from releases.actions.recording import record_release
from releases.events import ReleaseEvent
from releases.models import Release
from releases.policy import releases as policy
from releases.policy.changelog import is_security, written
from releases.selectors.own_change import for_its_change
from releases.selectors.release_documents import Shipment
from releases.selectors.releases import get_release, last_released, lock_release, open_release_of
from releases.states import RELEASE_OVER

# People complete the change; until they do it is planned two days ahead, so that its lead time can be kept.
AHEAD = timedelta(days=2)
DURATION = timedelta(minutes=30)
MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePlan:
    """A release as somebody writes it. `type` empty: by the step of the version; `artifacts` empty: the service's own.

    `changes` are numbers that inform, `migrations` file names that are announced beside those the artifacts carry.
    """

    service: str
    version: str
    type: str = ""
    artifacts: tuple[ArtifactName, ...] = ()
    changes: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()


def plan_of(release: Release) -> ReleasePlan:
    """The release as it could have been written: what an edit starts from."""
    return ReleasePlan(
        service=release.service.slug,
        version=release.version,
        type=release.type,
        artifacts=tuple(ArtifactName(**entry) for entry in release.artifacts),
        changes=tuple(release.changes),
        migrations=tuple(release.migrations),
    )


@transaction.atomic
def open_release(*, plan: ReleasePlan, actor: Actor, now: datetime) -> Release:
    """Open a release, and with it the draft change through which it is approved.

    Raises NotFound, NotPermitted (the team's right to open a release and to file a change are both asked for), Invalid, and Conflict for a
    version that is being released already.
    """
    service = catalog.lock_service(plan.service)
    require(
        actor,
        permissions.OPEN_RELEASE,
        now=now,
        teams=catalog.teams_of(_services(plan)),
        services=_services(plan),
    )
    plan = _checked(plan)
    _refuse_second(plan)
    key, reference = take_reference("REL", table=Release._meta.db_table)  # noqa: SLF001 - Django's own name for it
    change = create_change(proposal=_proposal(plan, reference, now=now), actor=for_its_change(actor), now=now)
    release = Release(
        pk=key,
        reference=reference,
        service=service,
        version=plan.version,
        type=plan.type,
        change=change.number,
        changes=list(plan.changes),
        artifacts=change.artifacts,
        migrations=list(plan.migrations),
        created_at=now,
        created_by_id=actor.id,
        updated_at=now,
    )
    release.save(force_insert=True)
    record_release(ReleaseEvent.OPENED, release, actor=actor, at=now, after=_recorded(release))
    watch(subject=reference, actor=actor, now=now)
    return get_release(reference)


@transaction.atomic
def edit_release(*, reference: str, version: int, edits: Mapping[str, Any], actor: Actor, now: datetime) -> Release:
    """Change `type`, `artifacts`, `changes` or `migrations`; type and artifacts are edited in its change with it.

    `version` is the row's that the editor read. Raises NotFound, NotPermitted, MoveRefused, Stale, Invalid.
    """
    change = lock_change(get_release(reference).change)
    release = lock_release(reference)
    was = plan_of(release)
    wanted = replace(was, **edits)
    require(
        actor,
        permissions.EDIT_RELEASE,
        now=now,
        teams=catalog.teams_of(_services(wanted)),
        services=_services(wanted),
        owner=release.created_by.username,
    )
    refuse_over(release)
    refuse_stale(release, version)
    plan = _checked(wanted)
    if plan == was:
        return release
    before = _recorded(release)
    if plan.type != was.type or plan.artifacts != was.artifacts:
        fields = {"release_type": plan.type, "artifacts": plan.artifacts, "services": _services(plan)}
        edit_change(number=change.number, version=change.version, changes=fields, actor=for_its_change(actor), now=now)
    release.type = plan.type
    release.artifacts = get_change(release.change).artifacts
    release.changes = list(plan.changes)
    release.migrations = list(plan.migrations)
    touch(release, now=now)
    record_release(ReleaseEvent.EDITED, release, actor=actor, at=now, before=before, after=_recorded(release))
    return get_release(reference)


def refuse_over(release: Release) -> None:
    """Raises MoveRefused for a release that ended."""
    if release.state in RELEASE_OVER:
        message = f"{release.reference} is {release.state.replace('_', ' ')}."
        raise refuse("release.is_over", "§5.2", message, "Open another release.")


def refuse_stale(release: Release, version: int) -> None:
    """Raises Stale when somebody wrote it since."""
    if release.row_version != version:
        raise Stale(f"{release.reference} was changed by somebody else since you read it.", code="release.stale")


def _services(plan: ReleasePlan) -> tuple[str, ...]:
    return tuple(dict.fromkeys((plan.service, *(entry.service for entry in plan.artifacts))))


def _checked(plan: ReleasePlan) -> ReleasePlan:
    """In its written form: `vX.Y.Z`, a type, its own artifact among the artifacts. Raises Invalid with every error."""
    errors: list[FieldError] = []
    version = _version(plan.version, errors)
    if plan.type and plan.type not in set(ReleaseType):
        errors.append(FieldError("/type", "release.type_unknown", f"A release is {', '.join(ReleaseType)}."))
    known = known_numbers(plan.changes)
    errors += [
        FieldError(f"/changes/{index}", "change.unknown", f"There is no change {number}.")
        for index, number in enumerate(plan.changes)
        if number not in known
    ]
    errors += [
        FieldError(f"/migrations/{index}", "migration.name", f"A migration is named such as {EXAMPLE} (§9.2).")
        for index, name in enumerate(plan.migrations)
        if not is_well_named(name)
    ]
    errors += [
        FieldError(f"/artifacts/{index}", "release.other_version", f"{plan.service} is released as {version}.")
        for index, entry in enumerate(plan.artifacts)
        if entry.service == plan.service and not _is_version(entry.version, version)
    ]
    if max(len(plan.artifacts), len(plan.changes), len(plan.migrations)) > MOST:
        errors.append(FieldError("", "release.too_many", f"At most {MOST} of each."))
    if errors:
        raise Invalid(errors, message=" ".join(error.message for error in errors))
    own = ArtifactName(service=plan.service, version=version)
    named = (entry.service == plan.service for entry in plan.artifacts)
    return replace(
        plan,
        version=version,
        type=plan.type or policy.release_type_of(version, before=last_released(plan.service)).value,
        artifacts=plan.artifacts if any(named) else (own, *plan.artifacts),
        changes=tuple(dict.fromkeys(plan.changes)),
        migrations=tuple(dict.fromkeys(plan.migrations)),
    )


def _is_version(text: str, version: str) -> bool:
    try:
        return parse_version(text).text == version
    except ValueError:
        return False


def _version(text: str, errors: list[FieldError]) -> str:
    try:
        version = parse_version(text).text
        blockers = policy.is_releasable(version).blockers
    except ValueError as error:
        errors.append(FieldError("/version", "version.form", str(error)))
        return text
    errors += [FieldError("/version", reason.code, f"{reason.message} {reason.remedy}") for reason in blockers]
    return version


def _refuse_second(plan: ReleasePlan) -> None:
    standing = open_release_of(service=plan.service, version=plan.version)
    if standing is not None:
        raise Conflict(f"{plan.service}:{plan.version} is released by {standing}.", code="release.exists")


def _proposal(plan: ReleasePlan, reference: str, *, now: datetime) -> Proposal:
    rows = list(catalog.artifacts_named((entry.service, entry.version) for entry in plan.artifacts))
    facts = list(catalog.artifact_facts(rows).values())
    drafted = Shipment((entry.service, entry.version) for entry in plan.artifacts).drafted
    return Proposal(
        title=f"Release {plan.service} {plan.version}",
        type=ChangeType.NORMAL,
        description=policy.description_of(plan.service, plan.version, type=plan.type, changelog=written(drafted)),
        services=_services(plan),
        environments=(EnvironmentCode.PRD.value,),
        artifacts=plan.artifacts,
        release=reference,
        release_type=plan.type,
        scheduled_time=(now + AHEAD).replace(second=0, microsecond=0),
        estimated_duration=DURATION,
        answers=policy.known_answers(
            are_registered=len(facts) == len(plan.artifacts),
            has_migrations=bool(plan.migrations) or any(fact.migrations for fact in facts),
            is_breaking=any(fact.has_breaking_commits for fact in facts),
            is_security=any(is_security(commit) for commit in drafted.commits),
        ),
        rollback_version=last_released(plan.service) or "",
    )


def _recorded(release: Release) -> dict[str, Any]:
    return asdict(plan_of(release))
