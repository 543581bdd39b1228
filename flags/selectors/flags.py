"""Flags, what they serve, and the definitions of a whole environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery

from cybercube_portal.errors import NotFound
from flags.models import EnvironmentVersion, Flag, FlagEnvironment, FlagVersion, PlannedStep, Segment
from flags.policy.serving import Neighbours
from flags.selectors.segments import segments_in
from flags.states import StepState, VersionKind

OPEN_STEPS = (StepState.WAITING, StepState.RUNNING)


def flags_shown() -> QuerySet[Flag]:
    """Flags, archived ones too, with what a list shows."""
    served = Prefetch("environments", queryset=FlagEnvironment.objects.select_related("killed_by"))
    return Flag.objects.select_related("team", "service", "owner", "created_by").prefetch_related(served)


def flags_listed(
    *,
    type: str | None = None,  # noqa: A002 - the word of the API
    team: str | None = None,
    service: str | None = None,
    tag: str | None = None,
    archived: bool | None = False,
    q: str | None = None,
) -> QuerySet[Flag]:
    """Flags with what a list shows; every filter given must fit. `archived` None: those in use and those that are not."""
    in_use = None if archived is None else not archived
    wanted = {"type": type, "team__slug": team, "service__slug": service, "archived_at__isnull": in_use}
    rows = flags_shown().filter(**{name: value for name, value in wanted.items() if value is not None})
    if tag is not None:
        rows = rows.filter(tags__contains=[tag])
    if q:
        rows = rows.filter(Q(key__icontains=q) | Q(name__icontains=q))
    return rows


def flag_named(key: str) -> Flag | None:
    """The flag with its environments, archived ones too; None for a key nobody defined."""
    return flags_shown().filter(key=key).first()


def get_flag(key: str) -> Flag:
    """The same. Raises NotFound."""
    flag = flag_named(key)
    if flag is None:
        raise NotFound(f"There is no flag {key:.100}.", code="flag.unknown")
    return flag


def expiring(*, until: datetime) -> list[str]:
    """Keys in use that expire before then, or have."""
    rows = Flag.objects.filter(archived_at__isnull=True, expires_at__lt=until)
    return list(rows.order_by("expires_at").values_list("key", flat=True))


def lock_flag(key: str) -> Flag:
    """The flag, locked for the transaction. Raises NotFound."""
    rows = Flag.objects.select_for_update(of=("self",)).select_related("team", "service", "owner", "created_by")
    flag = rows.filter(key=key).first()
    if flag is None:
        raise NotFound(f"There is no flag {key:.100}.", code="flag.unknown")
    return flag


def _served(rows: QuerySet[FlagEnvironment], key: str, environment: str) -> FlagEnvironment:
    rows = rows.select_related("flag__team", "flag__service", "flag__owner", "killed_by")
    row = rows.filter(flag__key=key, environment=environment).first()
    if row is None:
        raise NotFound(f"There is no flag {key:.100} in {environment}.", code="flag.unknown")
    return row


def is_on(key: str, environment: str) -> bool:
    """Whether the flag is defined, in use and switched on there."""
    rows = FlagEnvironment.objects.filter(flag__key=key, environment=environment, flag__archived_at__isnull=True)
    return rows.filter(content__enabled=True).exists()


def is_off(key: str, environment: str) -> bool:
    """Whether the flag is defined, in use and switched off there."""
    rows = FlagEnvironment.objects.filter(flag__key=key, environment=environment, flag__archived_at__isnull=True)
    return rows.exclude(content__enabled=True).exists()


def get_served(key: str, environment: str) -> FlagEnvironment:
    """What the flag serves there. Raises NotFound."""
    return _served(FlagEnvironment.objects.all(), key, environment)


def lock_served(key: str, environment: str) -> FlagEnvironment:
    """The same, locked for the transaction. Raises NotFound."""
    return _served(FlagEnvironment.objects.select_for_update(of=("self",)), key, environment)


def lock_served_everywhere(flag: Flag) -> list[FlagEnvironment]:
    """What the flag serves in each environment, locked for the transaction."""
    rows = FlagEnvironment.objects.select_for_update(of=("self",)).select_related("flag__team", "flag__service")
    return list(rows.filter(flag=flag).order_by("environment"))


def open_step(row: FlagEnvironment) -> PlannedStep | None:
    """The step that waits or runs there."""
    return row.steps.filter(state__in=OPEN_STEPS).select_related("requested_by").first()


def unsettled_step(row: FlagEnvironment) -> PlannedStep | None:
    """The last step there, if it conflicted and nobody wrote it anew or withdrew it."""
    step = row.steps.select_related("requested_by").first()
    return step if step is not None and step.state == StepState.CONFLICTING else None


def versions_of(flag: Flag, *, environment: str | None = None) -> QuerySet[FlagVersion]:
    """Versions, the newest first."""
    rows = FlagVersion.objects.filter(flag_environment__flag=flag)
    if environment is not None:
        rows = rows.filter(flag_environment__environment=environment)
    return rows.select_related("by", "flag_environment")


def version_numbered(row: FlagEnvironment, number: int | None) -> FlagVersion:
    """That version; None: what was served before the last kill. Raises NotFound."""
    versions = row.versions.order_by("-number")
    if number is not None:
        found = versions.filter(number=number).first()
    else:
        kill = versions.filter(kind=VersionKind.KILL).first()
        found = versions.filter(number__lt=kill.number).first() if kill else None
    if found is None:
        raise NotFound(f"{row.flag.key} has no such version in {row.environment}.", code="flag.version_unknown")
    return found


def neighbours(environment: str) -> Neighbours:
    """What the content of any flag may refer to there; three queries."""
    flags = Flag.objects.filter(archived_at__isnull=True).values_list("key", "variants")
    needs = FlagEnvironment.objects.filter(environment=environment, flag__archived_at__isnull=True)
    needing = needs.exclude(content__prerequisites=[]).values_list("flag__key", "content")
    return Neighbours(
        segments=frozenset(Segment.objects.values_list("slug", flat=True)),
        variants_of={key: frozenset(row["name"] for row in variants) for key, variants in flags},
        needs={key: frozenset(item["flag"] for item in content["prerequisites"]) for key, content in needing},
    )


def dependents_of(key: str) -> list[str]:
    """`key@environment` of every flag that needs this one."""
    rows = FlagEnvironment.objects.filter(
        content__prerequisites__contains=[{"flag": key}], flag__archived_at__isnull=True
    )
    return [f"{row.flag.key}@{row.environment}" for row in rows.select_related("flag")]


def version_of(environment: str) -> int:
    """The environment's version; 0 before its first flag."""
    found = EnvironmentVersion.objects.filter(environment=environment).values_list("version", flat=True).first()
    return found or 0


def versions_now(environments: Iterable[str]) -> dict[str, int]:
    """The version of each of these environments that has flags, in one query."""
    rows = EnvironmentVersion.objects.filter(environment__in=list(environments))
    return dict(rows.values_list("environment", "version"))


def definitions(environment: str, *, client: bool = False) -> dict[str, Any]:
    """Everything `flags.evaluation.Environment` needs; `client`: only what browsers may see. Three queries.

    The version is read first: a snapshot may be newer than it says, never older.
    """
    version = version_of(environment)
    rows = FlagEnvironment.objects.filter(environment=environment, flag__archived_at__isnull=True)
    if client:
        rows = rows.filter(flag__client_visible=True)
    versions = FlagVersion.objects.filter(flag_environment=OuterRef("pk"), number=OuterRef("version"))
    rows = rows.annotate(change=Subquery(versions.values("change")[:1]))
    found = rows.select_related("flag__team", "flag__service").order_by("flag__key")
    segments: Mapping[str, Any] = {row.slug: {"groups": row.groups} for row in Segment.objects.all()}
    return {
        "environment": environment,
        "version": version,
        "flags": {row.flag.key: row.definition(change=row.change or "") for row in found},
        "segments": segments,
    }


def rows_reading(segment: str) -> list[FlagEnvironment]:
    """Where a flag in use that is switched on reads the segment, or a planned step will make it do so. Two queries."""
    steps = PlannedStep.objects.filter(state__in=OPEN_STEPS).values_list("flag_environment_id", "contents")
    planned = {row for row, contents in steps if any(segment in segments_in(content) for content in contents)}
    rows = FlagEnvironment.objects.filter(flag__archived_at__isnull=True)
    return [
        row
        for row in rows.select_related("flag__team", "flag__service").order_by("flag__key", "pk")
        if row.pk in planned or (row.content["enabled"] and segment in segments_in(row.content))
    ]
