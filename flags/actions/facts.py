"""Facts from outside: where code names flags, how often programs asked (§7.5, §7.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from cybercube_portal.audit import actions as audit
from cybercube_portal.errors import Invalid
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from flags import permissions
from flags.events import FlagEvent
from flags.models import CodeReference, CodeScan, Flag

MOST_REFERENCES = 10_000
MAIN = "main"  # §2.1


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
    """Add what programs counted. A key nobody defined is kept apart (§7.4). Facts, not commands: no event is recorded."""
    rows = [count for count in counts if count.count > 0]
    flags = dict(Flag.objects.filter(key__in={row.key for row in rows}).values_list("key", "pk"))
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
            else:
                cursor.execute(
                    "INSERT INTO flags_unknownflag (environment, key, app, count, first_seen_at, last_seen_at) "
                    "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT ON CONSTRAINT unknown_flag_once "
                    "DO UPDATE SET count = flags_unknownflag.count + EXCLUDED.count, last_seen_at = EXCLUDED.last_seen_at",
                    [row.environment, row.key[:100], row.app[:100], row.count, row.at, row.at],
                )
