"""Facts from outside: where code names flags, how often programs asked (§7.5, §7.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from cybercube_portal.audit import actions as audit
from cybercube_portal.errors import Invalid
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from flags import permissions
from flags.events import FlagEvent
from flags.models import CodeReference, CodeScan, Flag, FlagUsage, UnknownFlag

MOST_REFERENCES = 10_000
MAIN = "main"  # §2.1
MOST_UNKNOWN = 2000
# More than a year, so that what is asked for once a year is in use; and a key that nobody asks for any more is nobody's mistake any more.
USAGE_KEPT, UNKNOWN_KEPT = timedelta(days=400), timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Reference:
    """One line of code that names a flag."""

    key: str
    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How often `key` answered `variant` to `app` in the hour of `at`."""

    environment: str
    key: str
    variant: str
    count: int
    at: datetime
    app: str = ""


@transaction.atomic
def report_references(
    *, repository: str, revision: str, references: Iterable[Reference], actor: Actor, now: datetime, branch: str = MAIN
) -> tuple[int, list[str]]:
    """Replace what was known of a repository by what a scan found. Returns how many were kept, and the keys nobody defined.

    Of another branch than main nothing is kept: what it takes out of the code is still there, and what it adds may never be.

    Raises NotPermitted, Invalid.
    """
    require(actor, permissions.REPORT_REFERENCES, now=now)
    found = list(dict.fromkeys(references))
    if len(found) > MOST_REFERENCES:
        raise Invalid.field("/references", "flag.too_many", f"At most {MOST_REFERENCES} references at once.")
    known = set(Flag.objects.filter(archived_at__isnull=True).values_list("key", flat=True))
    unknown = sorted({item.key for item in found} - known)
    if branch != MAIN:
        return 0, unknown
    CodeScan.objects.update_or_create(repository=repository, defaults={"revision": revision, "at": now})
    CodeReference.objects.filter(repository=repository).delete()
    CodeReference.objects.bulk_create(
        CodeReference(
            key=item.key, repository=repository, revision=revision, path=item.path, line=item.line, scanned_at=now
        )
        for item in found
    )
    audit.record(
        FlagEvent.REFERENCED,
        object_type="repository",
        object_id=repository,
        subjects=[],
        actor=actor,
        at=now,
        data={"revision": revision, "references": len(found), "unknown": unknown[:100]},
    )
    return len(found), unknown


@transaction.atomic
def count_usage(counts: Iterable[Count]) -> None:
    """Add what programs counted. A key nobody defined is kept apart (§7.4), MOST_UNKNOWN of them in an environment: a browser's key is
    everybody's, and anybody can make up more. Facts, not commands: no event is recorded.
    """  # noqa: D205
    rows = [count for count in counts if count.count > 0]
    flags = dict(Flag.objects.filter(key__in={row.key for row in rows}).values_list("key", "pk"))
    full = _full(row.environment for row in rows if row.key not in flags)
    with connection.cursor() as cursor:
        for row in sorted(rows, key=lambda one: (one.key, one.environment, one.variant, one.app)):
            hour = row.at.replace(minute=0, second=0, microsecond=0)
            if row.key in flags:
                cursor.execute(
                    "INSERT INTO flags_flagusage (flag_id, environment, variant, app, hour, count) "
                    "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT ON CONSTRAINT flag_usage_once "
                    "DO UPDATE SET count = flags_flagusage.count + EXCLUDED.count",
                    [flags[row.key], row.environment, row.variant[:50], row.app[:100], hour, row.count],
                )
            elif row.environment in full:
                cursor.execute(
                    "UPDATE flags_unknownflag SET count = count + %s, last_seen_at = %s "
                    "WHERE environment = %s AND key = %s AND app = %s",
                    [row.count, row.at, row.environment, row.key[:100], row.app[:100]],
                )
            else:
                cursor.execute(
                    "INSERT INTO flags_unknownflag (environment, key, app, count, first_seen_at, last_seen_at) "
                    "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT ON CONSTRAINT unknown_flag_once "
                    "DO UPDATE SET count = flags_unknownflag.count + EXCLUDED.count, last_seen_at = EXCLUDED.last_seen_at",
                    [row.environment, row.key[:100], row.app[:100], row.count, row.at, row.at],
                )


def _full(environments: Iterable[str]) -> set[str]:
    """Those of `environments` in which no further unknown key is kept."""
    return {
        environment
        for environment in set(environments)
        if UnknownFlag.objects.filter(environment=environment).count() >= MOST_UNKNOWN
    }


@transaction.atomic
def forget_facts(*, now: datetime) -> int:
    """Forget what was asked so long ago that nothing follows from it any more; returns how many rows."""
    usage, _ = FlagUsage.objects.filter(hour__lt=now - USAGE_KEPT).delete()
    unknown, _ = UnknownFlag.objects.filter(last_seen_at__lt=now - UNKNOWN_KEPT).delete()
    return usage + unknown
