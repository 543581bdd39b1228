"""How often flags are asked for, by whom, and which keys nobody defined (§7.4, §7.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from django.db.models import Max, QuerySet, Sum
from django.db.models.functions import TruncDay

from flags.models import Flag, FlagUsage, UnknownFlag

DAYS = 14
PRODUCTION = "prd"
NEAR = 0.8
HIGHEST = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How often a variant was answered to a program in one environment; `share` (0 to 100) of all answers there."""

    environment: str
    variant: str
    apps: tuple[str, ...]
    count: int
    share: float
    last_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """All answers of one day (UTC); `height` of its bar where the busiest day's is 40."""

    at: datetime
    count: int
    height: float

    @property
    def top(self) -> float:
        """Where its bar begins."""
        return HIGHEST - self.height


def usage_rows(key: str, *, environment: str | None = None) -> QuerySet[FlagUsage]:
    """Hours with their counts."""
    rows = FlagUsage.objects.filter(flag__key=key)
    return rows if environment is None else rows.filter(environment=environment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Two weeks of a flag: by environment and variant, the most frequent first, and production day by day, the oldest first."""

    by_variant: tuple[Use, ...]
    days: tuple[Day, ...]


def usage_of(key: str, *, now: datetime) -> Usage:
    """What was answered since the beginning of the day two weeks ago (UTC). One query."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=DAYS - 1)
    rows = list(
        usage_rows(key)
        .filter(hour__gte=first)
        .values("environment", "variant", "app", day=TruncDay("hour", tzinfo=UTC))
        .annotate(total=Sum("count"), last=Max("hour"))
        .order_by()
    )
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return Usage(by_variant=tuple(_uses(rows)), days=tuple(_days(days, rows)))


def _uses(rows: Iterable[Mapping[str, Any]]) -> Iterable[Use]:
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    totals: dict[str, int] = {}
    for row in rows:
        grouped.setdefault((row["environment"], row["variant"]), []).append(row)
        totals[row["environment"]] = totals.get(row["environment"], 0) + row["total"]
    uses = [
        Use(
            environment=environment,
            variant=variant,
            apps=tuple(sorted({row["app"] for row in part if row["app"]})),
            count=(count := sum(row["total"] for row in part)),
            share=100 * count / totals[environment],
            last_seen_at=max(row["last"] for row in part),
        )
        for (environment, variant), part in grouped.items()
    ]
    return sorted(uses, key=lambda use: (use.environment, -use.count))


def _days(days: Iterable[datetime], rows: Iterable[Mapping[str, Any]]) -> Iterable[Day]:
    counts: dict[datetime, int] = {}
    for row in rows:
        if row["environment"] == PRODUCTION:
            counts[row["day"]] = counts.get(row["day"], 0) + row["total"]
    most = max(counts.values(), default=0) or 1
    return [Day(at=day, count=counts.get(day, 0), height=HIGHEST * counts.get(day, 0) / most) for day in days]


def unknown_listed(*, environment: str | None = None) -> QuerySet[UnknownFlag]:
    """Keys that programs ask for and nobody defined, the last asked first."""
    rows = UnknownFlag.objects.order_by("-last_seen_at", "-id")
    return rows if environment is None else rows.filter(environment=environment)


def nearest_keys(keys: Iterable[str]) -> dict[str, str]:
    """For each key the one in use that it may have meant; only where there is one. One query."""
    known = list(Flag.objects.filter(archived_at__isnull=True).values_list("key", flat=True))
    found = {key: get_close_matches(key, known, n=1, cutoff=NEAR) for key in keys}
    return {key: near[0] for key, near in found.items() if near}
