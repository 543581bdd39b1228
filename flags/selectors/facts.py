"""What is known of a flag's use: the facts its lifecycle is derived from."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Max, QuerySet

from flags.models import CodeReference, Flag, FlagUsage, FlagVersion
from flags.policy.exposure import exposure_of
from flags.policy.lifecycle import LifeFacts
from flags.selectors.flags import dependents_of
from flags.states import VersionKind

PRODUCTION = "prd"


def life_facts(flags: Iterable[Flag]) -> dict[str, LifeFacts]:
    """Facts by key of flags with their environments prefetched; three queries for all of them together."""
    rows = list(flags)
    keys, ids = [flag.key for flag in rows], [flag.pk for flag in rows]
    references = dict(
        CodeReference.objects.filter(key__in=keys).values_list("key").annotate(Count("id")).order_by("key")
    )
    asked = dict(FlagUsage.objects.filter(flag_id__in=ids).values_list("flag_id").annotate(Max("hour")).order_by())
    kills = dict(
        FlagVersion.objects.filter(
            flag_environment__flag_id__in=ids, flag_environment__environment=PRODUCTION, kind=VersionKind.KILL
        )
        .values_list("flag_environment__flag_id")
        .annotate(Max("at"))
        .order_by()
    )
    facts = {}
    for flag in rows:
        production = next(row for row in flag.environments.all() if row.environment == PRODUCTION)
        facts[flag.key] = LifeFacts(
            type=flag.type,
            exposure=exposure_of(production.content, flag.safe_variant),
            full_since=production.full_since,
            references=references.get(flag.key, 0),
            last_asked_at=asked.get(flag.pk),
            expires_at=flag.expires_at,
            archived=flag.archived_at is not None,
            last_killed_at=kills.get(flag.pk),
        )
    return facts


def archiving_facts(flag: Flag) -> LifeFacts:
    """The facts of one flag, with what needs it."""
    known = life_facts([flag])[flag.key]
    return LifeFacts(
        **{**{name: getattr(known, name) for name in known.__slots__}, "dependents": tuple(dependents_of(flag.key))}
    )


def references_listed(*, flag: str | None = None, repository: str | None = None) -> QuerySet[CodeReference]:
    """Where code names flags; every filter given must fit."""
    wanted = {"key": flag, "repository": repository}
    return CodeReference.objects.filter(**{name: value for name, value in wanted.items() if value is not None})
