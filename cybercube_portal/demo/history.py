"""A year of changes, and what is going on this week."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from changes.actions import approvals, content, emergencies
from changes.actions import changes as moves
from changes.actions.freezes import FreezePlan, create_freeze, grant_exception, publish_freeze
from changes.actions.periods import Period
from changes.actions.windows import create_window
from changes.models import ChangeRequest
from changes.proposals import Proposal
from changes.selectors.changes import get_change
from cybercube_portal.audit.models import Delivery, Intent
from cybercube_portal.demo import lives, migrations, rewritten, rollouts
from cybercube_portal.demo.company import SERVICES
from cybercube_portal.demo.diary import Diary
from cybercube_portal.demo.lives import Company
from releases.states import Method

SEED = 6
WEEKS = 52
BERLIN = ZoneInfo("Europe/Berlin")
# The service that the README and `./portal up` ask the gate about: v2.3.1 follows v2.3.0, as in the standard's examples.
SHOWN = "billing-service"
SHOWN_BEFORE = (2, 2, 9)
LOCAL_STAFF_HOURS = (9, 10, 11, 13, 14, 15)
SHARE_PERFORMANCE = 0.2
SHARE_MIGRATION = 0.12


def past_year(company: Company, diary: Diary, *, now: datetime) -> None:
    """One or two changes a week, each told to its end, and what the diary says between them."""
    dice = random.Random(SEED)  # noqa: S311 - a story, not a secret
    company.versions[SHOWN] = SHOWN_BEFORE
    for service in SERVICES:
        _standard(company, service, at=now - timedelta(weeks=WEEKS, days=2))
    for slot in _slots(dice, now=now):
        diary.tell_until(slot)
        service = dice.choice(sorted(set(SERVICES) - {SHOWN}))
        kind = dice.choices(("patch", "minor", "standard", "emergency", "cancelled"), (44, 22, 22, 6, 6))[0]
        if kind == "emergency":
            _emergency(company, service, at=slot)
        elif kind == "standard" and not _is_behind(company, service):
            _standard(company, service, at=slot)
        else:
            _normal(company, service, slot=slot, kind=kind, dice=dice)
    diary.tell_until(now)
    _normal(company, SHOWN, slot=(now - timedelta(days=12)).replace(hour=10, minute=0), kind="minor", dice=dice)


def this_week(company: Company, *, now: datetime) -> None:
    """What a visitor meets: things to sign, to carry out, to write down, and a freeze next week."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    _freezes(company, now=now)
    _waiting(company, now=now, hour=hour)
    _going_on(company, now=now, hour=hour)


def _slots(dice: random.Random, *, now: datetime) -> Iterator[datetime]:
    first = now - timedelta(weeks=WEEKS)
    for week in range(WEEKS):
        for day in sorted(dice.sample(range(5), dice.choice((1, 1, 2)))):
            moment = first + timedelta(weeks=week, days=day)
            monday_on = moment - timedelta(days=max(0, moment.weekday() - 4))
            slot = monday_on.replace(hour=dice.choice(LOCAL_STAFF_HOURS), minute=0, second=0, microsecond=0)
            if slot < now - timedelta(days=3):
                yield slot


def _is_behind(company: Company, service: str) -> bool:
    """Whether the next patch would be more than a patch on what production runs, since the last minor version was taken back."""
    major, minor, patch = company.versions[service]
    return rollouts.needs_release(company, service, f"v{major}.{minor}.{patch + 1}")


def _normal(company: Company, service: str, *, slot: datetime, kind: str, dice: random.Random) -> None:
    filed = slot - timedelta(hours=dice.randint(30, 90))
    version = lives.build(company, service, at=filed - timedelta(hours=1), step="minor" if kind == "minor" else "patch")
    answers = {**lives.NO_RISK, "performance": dice.random() < SHARE_PERFORMANCE, "customer_visible": kind == "minor"}
    if dice.random() < SHARE_MIGRATION:
        answers["database_schema"] = True
    if kind == "cancelled":
        change = lives.file(company, service, version, at=filed, slot=slot, answers=answers)
        change = lives.submit(company, change, at=filed + timedelta(minutes=15))
        author = company.author(service)
        reason = "Superseded by the next version."
        moves.cancel_change(number=change.number, actor=author, now=filed + timedelta(hours=5), reason=reason)
        return
    rollouts.stage(company, service, version, at=filed - timedelta(minutes=50))
    change = _in_review(company, service, version, filed=filed, slot=slot, answers=answers)
    change = lives.sign(company, change, at=filed + timedelta(hours=dice.randint(1, 4)))
    outcome = dice.choices(("successful", "successful_with_issues", "rolled_back"), (88, 5, 7))[0]
    rollouts.roll_out(company, change, version, at=slot + timedelta(minutes=2), outcome=outcome)


def _in_review(
    company: Company, service: str, version: str, *, filed: datetime, slot: datetime, **fields: Any
) -> ChangeRequest:
    """Handed in a quarter of an hour after it was filed: by a release where the version needs one (R15)."""
    if rollouts.needs_release(company, service, version):
        release = rollouts.open_for(company, service, version, at=filed, slot=slot, **fields)
        return get_change(release.change)
    change = lives.file(company, service, version, at=filed, slot=slot, **fields)
    return lives.submit(company, change, at=filed + timedelta(minutes=15))


def _standard(company: Company, service: str, *, at: datetime) -> None:
    version = lives.build(company, service, at=at - timedelta(hours=1))
    rollouts.stage(company, service, version, at=at - timedelta(minutes=50))
    change = moves.file_routine_deployment(
        service=service, version=version, digest="", environment="prd", actor=company.ci(service), now=at
    )
    rollouts.roll_out(company, change, version, at=at + timedelta(minutes=2))


def _emergency(company: Company, service: str, *, at: datetime) -> None:
    change, version = _authorised(company, service, at=at)
    author = company.author(service)
    rollouts.roll_out(company, change, version, at=at + timedelta(minutes=10))
    emergencies.document_change(number=change.number, actor=author, now=at + timedelta(hours=2))
    emergencies.record_emergency(
        number=change.number,
        what_happened="Requests timed out after a certificate of an upstream expired; the pool was pinned to the old one.",
        prevention="The certificate is renewed by the platform now, and its age is alerted on.",
        severity="SEV-2",
        postmortem_at=at + timedelta(days=3),
        actor=author,
        now=at + timedelta(hours=6),
    )


def _authorised(company: Company, service: str, *, at: datetime) -> tuple[ChangeRequest, str]:
    version = lives.build(company, service, at=at - timedelta(minutes=20))
    change = lives.file(
        company,
        service,
        version,
        at=at,
        slot=at,
        type="emergency",
        title=f"Restore {service}: requests time out",
        description="Every fourth request times out since 10 minutes. The fix pins the connection pool.",
        impact={"customers": "every fourth request fails", "downtime": "partial", "data": "none"},
    )
    change = emergencies.authorise_change(
        number=change.number,
        approver="heidi",
        verbal_at=at + timedelta(minutes=4),
        how="On the incident call",
        criteria=("production_down",),
        actor=company.actor("heidi"),
        now=at + timedelta(minutes=5),
    )
    return change, version


def _freezes(company: Company, *, now: datetime) -> None:
    monday = (now.astimezone(BERLIN) + timedelta(days=7 - now.astimezone(BERLIN).weekday())).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    planned = now - timedelta(days=20)
    dan, ivan = company.actor("dan"), company.actor("ivan")
    peak = create_freeze(
        plan=FreezePlan(
            title="Peak shopping week",
            kind="major_event",
            starts_at=monday,
            ends_at=monday + timedelta(days=5),
            timezone="Europe/Berlin",
            teams=("payments", "platform"),
            environments=("prd",),
            reason="Sales peak: only what is pre-approved goes out.",
        ),
        actor=dan,
        now=planned,
    )
    publish_freeze(reference=peak.reference, actor=ivan, now=planned + timedelta(days=1))
    year = (now + timedelta(days=12)).year
    holidays = create_freeze(
        plan=FreezePlan(
            title="Winter holidays",
            kind="holiday",
            starts_at=datetime(year, 12, 23, tzinfo=BERLIN),
            ends_at=datetime(year + 1, 1, 2, tzinfo=BERLIN),
            timezone="Europe/Berlin",
            rule="FREQ=YEARLY",
            environments=("prd",),
            reason="Few people are around; emergencies only.",
        ),
        actor=dan,
        now=planned,
    )
    publish_freeze(reference=holidays.reference, actor=ivan, now=planned + timedelta(days=1))
    create_freeze(
        plan=FreezePlan(
            title="Data centre move",
            kind="custom",
            predicate={"risks": ["high", "critical"]},
            starts_at=monday + timedelta(days=14),
            ends_at=monday + timedelta(days=16),
            timezone="Europe/Berlin",
            teams=("search",),
            reason="Nothing risky while the search clusters move.",
        ),
        actor=dan,
        now=now - timedelta(days=1),
    )
    create_window(
        period=Period(
            title="Identity deploys in office hours",
            starts_at=(monday - timedelta(days=28)).replace(hour=9),
            ends_at=(monday - timedelta(days=28)).replace(hour=17),
            timezone="Europe/Berlin",
            rule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH",
            teams=("identity",),
            environments=("prd",),
        ),
        actor=dan,
        now=planned,
    )
    filed = now - timedelta(days=2)
    version = lives.build(company, "checkout-api", at=filed - timedelta(hours=1), step="minor")
    rollouts.stage(company, "checkout-api", version, at=filed - timedelta(minutes=50))
    change = _in_review(company, "checkout-api", version, filed=filed, slot=monday + timedelta(days=1, hours=9))
    change = lives.sign(company, change, at=now - timedelta(days=1))
    grant_exception(
        reference=peak.reference,
        change=change.number,
        reason="The tax table changes on this day by law.",
        actor=ivan,
        now=now - timedelta(hours=20),
    )


def _waiting(company: Company, *, now: datetime, hour: datetime) -> None:
    slot = hour + timedelta(days=2)
    patch = lives.build(company, "billing-service", at=now - timedelta(hours=6))
    rollouts.stage(company, "billing-service", patch, at=now - timedelta(hours=5, minutes=50))
    change = lives.file(company, "billing-service", patch, at=now - timedelta(hours=5), slot=slot)
    lives.submit(company, change, at=now - timedelta(hours=5))

    carried = [migrations.REGION]
    minor = lives.build(company, "checkout-api", at=now - timedelta(hours=9), step="minor", migrations=carried)
    change = _in_review(
        company,
        "checkout-api",
        minor,
        filed=now - timedelta(hours=8),
        slot=slot + timedelta(hours=1),
        title=f"Deploy checkout-api {minor}: new address form",
        answers={**lives.NO_RISK, "database_schema": True, "customer_visible": True},
        impact={"customers": "a new address form", "downtime": "none", "data": "one new column"},
    )
    approvals.approve_change(
        number=change.number,
        actor=company.actor("bob"),
        now=now - timedelta(hours=3),
        comment="Reviewed the migration: the column is nullable, the backfill comes later.",
    )
    migrations.rehearse(company, "checkout-api", minor, migrations.REGION, at=now - timedelta(hours=2))

    major = lives.build(company, "search-api", at=now - timedelta(days=1), step="major")
    change = _in_review(
        company,
        "search-api",
        major,
        filed=now - timedelta(hours=22),
        slot=slot + timedelta(days=1),
        title=f"Deploy search-api {major}: drops the v1 query syntax",
        answers={**lives.NO_RISK, "breaking_api": True, "customer_visible": True},
        impact={"customers": "clients of the v1 syntax must move", "downtime": "none", "data": "none"},
    )
    content.comment_change(
        number=change.number,
        body="Two clients still send v1 queries; I asked both teams for a date.",
        actor=company.actor("sybil"),
        now=now - timedelta(hours=4),
    )

    rewritten.moved_queue(company, now=now, slot=slot + timedelta(hours=5))

    indexer = lives.build(company, "indexer", at=now - timedelta(hours=7), migrations=[migrations.RENAMED])
    lives.file(company, "indexer", indexer, at=now - timedelta(hours=6), slot=slot + timedelta(hours=3))
    migrations.announce(company, "indexer", indexer, migrations.RENAMED, at=now - timedelta(hours=5))


def _going_on(company: Company, *, now: datetime, hour: datetime) -> None:
    invoice = lives.build(company, "invoice-worker", at=now - timedelta(days=3), step="minor")
    rollouts.stage(company, "invoice-worker", invoice, at=now - timedelta(days=3) + timedelta(minutes=30))
    filed = now - timedelta(days=2)
    change = _in_review(company, "invoice-worker", invoice, filed=filed, slot=hour + timedelta(hours=5))
    lives.sign(company, change, at=now - timedelta(days=1))

    emergency, fix = _authorised(company, "session-store", at=now - timedelta(hours=18))
    who = company.author("session-store")
    rollouts.roll_out(company, emergency, fix, at=now - timedelta(hours=17))
    emergencies.document_change(number=emergency.number, actor=who, now=now - timedelta(hours=15))

    until = (hour + timedelta(hours=20)).isoformat()
    change = content.create_change(
        proposal=Proposal(
            title="Debug logging on suggest-service",
            type="standard",
            template="log-level",
            description="Find out why suggestions are empty for some phrases.",
            services=("suggest-service",),
            environments=("prd",),
            parameters={"level": "debug", "until": until, "reason": "Empty suggestions, CC-8123"},
            scheduled_time=hour + timedelta(hours=1),
            estimated_duration=timedelta(minutes=10),
            answers=lives.NO_RISK,
            impact=lives.NO_IMPACT,
            rollback_plan="Set the level back to info.",
        ),
        actor=company.author("suggest-service"),
        now=now - timedelta(minutes=30),
    )
    lives.submit(company, change, at=now - timedelta(minutes=25))


def right_now(company: Company, *, now: datetime) -> None:
    """A migration that is watched and a canary that runs while somebody looks: their work is promised and not silenced."""
    hour, filed = now.replace(minute=0, second=0, microsecond=0), now - timedelta(days=3)
    carried, answers = [migrations.USERS], {**lives.NO_RISK, "database_schema": True}
    version = lives.build(company, "api-service", at=filed - timedelta(hours=1), migrations=carried)
    rollouts.stage(company, "api-service", version, at=filed - timedelta(minutes=50))
    change = _in_review(company, "api-service", version, filed=filed, slot=hour, answers=answers)
    change = lives.sign(company, change, at=now - timedelta(days=2))
    migrations.rehearse(company, "api-service", version, migrations.USERS, at=now - timedelta(days=1))
    silence()
    migrations.carry_out(company, "api-service", version, migrations.USERS, change=change.number, at=now)
    rollouts.begin(company, "api-service", version, "prd", at=now, change=change.number, method=Method.CANARY)


def silence() -> None:
    """What a year would have sent is not sent today."""
    Intent.objects.all().delete()
    Delivery.objects.all().delete()
