"""What is known of a flag's use: the facts its lifecycle is derived from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Concat

from flags.models import CodeReference, CodeScan, Flag, FlagUsage, FlagVersion
from flags.policy.exposure import certain_of, exposure_of
from flags.policy.lifecycle import DOCUMENTATION, SOON, LifeFacts, Stage, stage_of
from flags.policy.naming import TEMPORARY
from flags.selectors.flags import dependents_of, flags_listed
from flags.states import VersionKind

PRODUCTION = "prd"


def life_facts(flags: Iterable[Flag]) -> dict[str, LifeFacts]:
    """Facts by key of flags with their environments prefetched; one query for all of them together."""
    rows = list(flags)
    asked = FlagUsage.objects.filter(flag=OuterRef("pk")).order_by("-hour").values("hour")[:1]
    kills = FlagVersion.objects.filter(
        flag_environment__flag=OuterRef("pk"), flag_environment__environment=PRODUCTION, kind=VersionKind.KILL
    )
    lines = CodeReference.objects.filter(key=OuterRef("key")).order_by().values("key")
    written = lines.filter(path__iregex=DOCUMENTATION)
    known = {
        row["pk"]: row
        for row in Flag.objects.filter(pk__in=[flag.pk for flag in rows])
        .values("pk")
        .annotate(
            asked=Subquery(asked),
            killed=Subquery(kills.order_by("-at").values("at")[:1]),
            lines=Subquery(lines.annotate(number=Count("id")).values("number")),
            written=Subquery(written.annotate(number=Count("id")).values("number")),
            scanned=Exists(_scans()),
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
            references=(known[flag.pk]["lines"] or 0) - (known[flag.pk]["written"] or 0),
            documents=known[flag.pk]["written"] or 0,
            scanned=known[flag.pk]["scanned"],
            last_asked_at=known[flag.pk]["asked"],
            expires_at=flag.expires_at,
            archived=flag.archived_at is not None,
            last_killed_at=known[flag.pk]["killed"],
            in_browsers=flag.client_visible,
        )
    return facts


def _scans() -> QuerySet[CodeScan]:
    """Scans since the flag of the outer query was defined: of its service's repository, where that is known, else of any."""
    scans = CodeScan.objects.filter(at__gte=OuterRef("created_at"))
    of = Coalesce(OuterRef("service__repository"), Value(""), output_field=CharField())
    scans = scans.alias(of=of, name=F("repository"))
    ends = (Concat(Value("/"), F("name")), Concat(Value("/"), F("name"), Value(".git")))
    return scans.filter(Q(of="") | Q(of__iexact=F("name")) | Q(of__iendswith=ends[0]) | Q(of__iendswith=ends[1]))


def flags_to_clean(*, now: datetime) -> dict[str, list[Flag]]:
    """Temporary flags in use that expire soon, have expired or are rolled out for long enough (§7.6), by their team, the oldest expiry first."""
    rows = list(flags_listed().filter(type__in=sorted(TEMPORARY)).order_by("expires_at", "key"))
    facts = life_facts(rows)
    found: dict[str, list[Flag]] = {}
    for flag in rows:
        is_soon = flag.expires_at is not None and flag.expires_at < now + SOON
        if is_soon or stage_of(facts[flag.key], now=now) is Stage.CLEANUP_DUE:
            found.setdefault(flag.team.slug, []).append(flag)
    return found


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
