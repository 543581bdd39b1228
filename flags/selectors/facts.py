"""What is known of a flag's use: the facts its lifecycle is derived from."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, OuterRef, QuerySet, Subquery

from flags.models import CodeReference, Flag, FlagUsage, FlagVersion
from flags.policy.exposure import certain_of, exposure_of
from flags.policy.lifecycle import LifeFacts
from flags.selectors.flags import dependents_of
from flags.states import VersionKind

PRODUCTION = "prd"


def life_facts(flags: Iterable[Flag]) -> dict[str, LifeFacts]:
    """Facts by key of flags with their environments prefetched; one query for all of them together."""
    rows = list(flags)
    asked = FlagUsage.objects.filter(flag=OuterRef("pk")).order_by("-hour").values("hour")[:1]
    kills = FlagVersion.objects.filter(
        flag_environment__flag=OuterRef("pk"), flag_environment__environment=PRODUCTION, kind=VersionKind.KILL
    )
    lines = CodeReference.objects.filter(key=OuterRef("key")).order_by().values("key").annotate(number=Count("id"))
    known = {
        row["pk"]: row
        for row in Flag.objects.filter(pk__in=[flag.pk for flag in rows])
        .values("pk")
        .annotate(
            asked=Subquery(asked),
            killed=Subquery(kills.order_by("-at").values("at")[:1]),
            lines=Subquery(lines.values("number")),
        )
    }
    facts = {}
    for flag in rows:
        production = next(row for row in flag.environments.all() if row.environment == PRODUCTION)
        facts[flag.key] = LifeFacts(
            type=flag.type,
            exposure=exposure_of(production.content, flag.safe_variant),
            certain=certain_of(production.content, flag.safe_variant),
            full_since=production.full_since,
            references=known[flag.pk]["lines"] or 0,
            last_asked_at=known[flag.pk]["asked"],
            expires_at=flag.expires_at,
            archived=flag.archived_at is not None,
            last_killed_at=known[flag.pk]["killed"],
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
