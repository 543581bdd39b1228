"""Keep what the dashboards are added up from: each day once it is over, and again what a late event says of it.

A tick closes the days that are over; an event of a deployment or an incident opens an intent, and the days it tells of are counted anew.
Nothing is kept that other tables do not say: to count everything anew, delete the rows, and the next tick writes them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Min

from changes.selectors.signatures import first_signed_at
from releases.models import Deployment, Incident, ShippedDay, SignedDay
from releases.policy.dora_days import Counted, Day, day_of
from releases.policy.quantiles import packed, run_of
from releases.selectors.approvals import Waited, signed
from releases.selectors.days_touched import days_touched
from releases.selectors.dora_statement import WITHIN_SPANS
from releases.selectors.periods import counted, kept_until, midnight_of

ONE = timedelta(days=1)
AT_ONCE = 14
# What was missed is found when the day is counted again, every day for two weeks.
AGAIN = timedelta(days=14)
# "DORA" in ASCII: one worker counts at a time, so that an older look never overwrites a newer one.
LOCK = 0x444F5241


def close_days(*, now: datetime) -> int:
    """Keep every day that is over and not kept yet, and the two weeks before them again. Returns how many, 0 when there is none.

    Some days in a transaction each: stopped in between, it goes on where it was. A portal in which nothing happened keeps nothing,
    so that a history that is loaded into it is kept from its beginning.
    """
    today = now.astimezone(UTC).date()
    until = kept_until()
    day = _first_day() if until is None else until.date() - AGAIN
    if day is None or (until is not None and until.date() >= today):
        return 0
    closed = 0
    while day < today:
        some = [day + ONE * number for number in range(AT_ONCE) if day + ONE * number < today]
        keep_days(some)
        closed, day = closed + len(some), some[-1] + ONE
    return closed


def keep_late(*, deployment: str = "", incident: str = "") -> list[date]:
    """Count anew the kept days that a deployment, or the one an incident is counted against, may have changed. Returns them."""
    if incident:
        deployment = Incident.objects.filter(reference=incident).values_list("deployment", flat=True).first() or ""
    row = Deployment.objects.filter(reference=deployment).first() if deployment else None
    until = kept_until()
    if row is None or until is None:
        return []
    late = [day for day in days_touched(row) if day < until.date()]
    keep_days(late)
    return late


@transaction.atomic
def keep_days(days: Iterable[date]) -> None:
    """Count these days anew, for every service and for all of them, and all signatures of the days."""
    wanted = sorted(set(days))
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    for first, last in _stretches(wanted):
        start, end = midnight_of(first), midnight_of(last) + ONE
        given = {"start": start, "until": end, "since": end, "end": end}
        _keep_shipped(first, last, counted(WITHIN_SPANS, {**given, "services": None}))
        _keep_signed(first, last, signed({**given, "slugs": None}))


def _stretches(days: list[date]) -> list[tuple[date, date]]:
    """First and last of each row of days without a gap."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and found[-1][1] + ONE == day:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _keep_shipped(first: date, last: date, rows: Iterable[Counted]) -> None:
    found: dict[tuple[date, int | None], list[Counted]] = defaultdict(list)
    for number in range((last - first).days + 1):
        found[first + ONE * number, None] = []
    for row in rows:
        found[row.day, None].append(row)
        found[row.day, row.service].append(row)
    ShippedDay.objects.filter(day__range=(first, last)).delete()
    ShippedDay.objects.bulk_create(_shipped(day, service, day_of(some)) for (day, service), some in found.items())


def _shipped(day: date, service: int | None, found: Day) -> ShippedDay:
    return ShippedDay(
        service_id=service,
        day=day,
        deployments=found.deployments,
        verified=found.verified,
        failing=found.failing,
        rework=found.rework,
        patches=found.patches,
        patches_in_time=found.patches_in_time,
        lead_times=packed(found.lead_times),
        recoveries=packed(found.recoveries),
        fates=[[seat, risk, count, failing] for (seat, risk), (count, failing) in found.fates.items()],
    )


def _keep_signed(first: date, last: date, rows: Iterable[Waited]) -> None:
    found: dict[tuple[date, tuple[str, ...] | None, str, str], list[float]] = defaultdict(list)
    for row in rows:
        for services in (None, row.services):
            found[row.day, services, row.seat, row.risk].append(row.seconds)
    SignedDay.objects.filter(day__range=(first, last)).delete()
    SignedDay.objects.bulk_create(
        SignedDay(
            day=day,
            services=None if services is None else list(services),
            seat=seat,
            risk=risk,
            waits=packed(run_of(seconds)),
        )
        for (day, services, seat, risk), seconds in found.items()
    )


def _first_day() -> date | None:
    """Of the first deployment or signature; None while there is neither."""
    moments = [Deployment.objects.aggregate(first=Min("created_at"))["first"], first_signed_at()]
    return min((moment.astimezone(UTC).date() for moment in moments if moment), default=None)
