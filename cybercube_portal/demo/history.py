"""A year of changes, and what is going on this week."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from changes.actions import approvals, content, emergencies
from changes.actions import changes as moves
from changes.actions.freezes import FreezePlan, create_freeze, grant_exception, publish_freeze
from changes.actions.periods import Period
from changes.actions.windows import create_window
from changes.models import ChangeRequest
from changes.proposals import Proposal
from cybercube_portal.demo import lives
from cybercube_portal.demo.company import SERVICES
from cybercube_portal.demo.lives import Company

SEED = 6
WEEKS = 52
BERLIN = ZoneInfo("Europe/Berlin")
# The service that the README and `./portal up` ask the gate about: v2.3.1 follows v2.3.0, as in the standard's examples.
SHOWN = "billing-service"
SHOWN_BEFORE = (2, 2, 9)
LOCAL_STAFF_HOURS = (9, 10, 11, 13, 14, 15)
SHARE_PERFORMANCE = 0.2
SHARE_MIGRATION = 0.12


def past_year(company: Company, *, now: datetime) -> None:
    """One or two changes a week, each told to its end."""
    dice = random.Random(SEED)  # noqa: S311 - a story, not a secret
    company.versions[SHOWN] = SHOWN_BEFORE
    for service in SERVICES:
        lives.build(company, service, at=now - timedelta(weeks=WEEKS, days=2), step="patch")
    for slot in _slots(dice, now=now):
        service = dice.choice(sorted(set(SERVICES) - {SHOWN}))
        kind = dice.choices(("patch", "minor", "standard", "emergency", "cancelled"), (44, 22, 22, 6, 6))[0]
        if kind == "emergency":
            _emergency(company, service, at=slot)
        elif kind == "standard":
            _standard(company, service, at=slot)
        else:
            _normal(company, service, slot=slot, kind=kind, dice=dice)
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


def _normal(company: Company, service: str, *, slot: datetime, kind: str, dice: random.Random) -> None:
    filed = slot - timedelta(hours=dice.randint(30, 90))
    version = lives.build(company, service, at=filed - timedelta(hours=1), step="minor" if kind == "minor" else "patch")
    answers = {**lives.NO_RISK, "performance": dice.random() < SHARE_PERFORMANCE, "customer_visible": kind == "minor"}
    if dice.random() < SHARE_MIGRATION:
        answers["database_schema"] = True
    change = lives.file(company, service, version, at=filed, slot=slot, answers=answers)
    change = lives.submit(company, change, at=filed + timedelta(minutes=15))
    if kind == "cancelled":
        author = company.author(service)
        reason = "Superseded by the next version."
        moves.cancel_change(number=change.number, actor=author, now=filed + timedelta(hours=5), reason=reason)
        return
    change = lives.sign(company, change, at=filed + timedelta(hours=dice.randint(1, 4)))
    outcome = dice.choices(("successful", "successful_with_issues", "rolled_back"), (88, 5, 7))[0]
    lives.carry_out(company, change, outcome=outcome)


def _standard(company: Company, service: str, *, at: datetime) -> ChangeRequest:
    version = lives.build(company, service, at=at - timedelta(hours=1))
    change = moves.file_routine_deployment(
        service=service,
        version=version,
        digest="",
        environment="prd",
        actor=company.actor(f"ci-{SERVICES[service][1]}"),
        now=at,
    )
    return lives.carry_out(company, change)


def _emergency(company: Company, service: str, *, at: datetime) -> None:
    change = _authorised(company, service, at=at)
    author = company.author(service)
    moves.start_change(number=change.number, actor=author, now=at + timedelta(minutes=10))
    moves.finish_change(number=change.number, actor=author, now=at + timedelta(minutes=35))
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


def _authorised(company: Company, service: str, *, at: datetime) -> ChangeRequest:
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
    return emergencies.authorise_change(
        number=change.number,
        approver="heidi",
        verbal_at=at + timedelta(minutes=4),
        how="On the incident call",
        criteria=("production_down",),
        actor=company.actor("heidi"),
        now=at + timedelta(minutes=5),
    )


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
    version = lives.build(company, "checkout-api", at=now - timedelta(days=2), step="minor")
    change = lives.file(
        company, "checkout-api", version, at=now - timedelta(days=2), slot=monday + timedelta(days=1, hours=9)
    )
    change = lives.sign(company, lives.submit(company, change, at=now - timedelta(days=2)), at=now - timedelta(days=1))
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
    change = lives.file(company, "billing-service", patch, at=now - timedelta(hours=5), slot=slot)
    lives.submit(company, change, at=now - timedelta(hours=5))

    minor = lives.build(company, "checkout-api", at=now - timedelta(hours=9), step="minor")
    change = lives.file(
        company,
        "checkout-api",
        minor,
        at=now - timedelta(hours=8),
        slot=slot + timedelta(hours=1),
        title=f"Deploy checkout-api {minor}: new address form",
        answers={**lives.NO_RISK, "database_schema": True, "customer_visible": True},
        impact={"customers": "a new address form", "downtime": "none", "data": "one new column"},
    )
    change = lives.submit(company, change, at=now - timedelta(hours=8))
    approvals.approve_change(
        number=change.number,
        actor=company.actor("bob"),
        now=now - timedelta(hours=3),
        comment="Reviewed the migration: the column is nullable, the backfill comes later.",
    )

    major = lives.build(company, "search-api", at=now - timedelta(days=1), step="major")
    change = lives.file(
        company,
        "search-api",
        major,
        at=now - timedelta(hours=22),
        slot=slot + timedelta(days=1),
        title=f"Deploy search-api {major}: drops the v1 query syntax",
        answers={**lives.NO_RISK, "breaking_api": True, "customer_visible": True},
        impact={"customers": "clients of the v1 syntax must move", "downtime": "none", "data": "none"},
        release_type="major",
    )
    change = lives.submit(company, change, at=now - timedelta(hours=21))
    content.comment_change(
        number=change.number,
        body="Two clients still send v1 queries; I asked both teams for a date.",
        actor=company.actor("sybil"),
        now=now - timedelta(hours=4),
    )

    indexer = lives.build(company, "indexer", at=now - timedelta(hours=7))
    lives.file(company, "indexer", indexer, at=now - timedelta(hours=6), slot=slot + timedelta(hours=3))


def _going_on(company: Company, *, now: datetime, hour: datetime) -> None:
    api = lives.build(company, "api-service", at=now - timedelta(days=3))
    change = lives.file(company, "api-service", api, at=now - timedelta(days=3), slot=hour)
    change = lives.submit(company, change, at=now - timedelta(days=3) + timedelta(minutes=1))
    change = lives.sign(company, change, at=now - timedelta(days=2))
    moves.start_change(number=change.number, actor=company.author("api-service"), now=max(now, hour))

    invoice = lives.build(company, "invoice-worker", at=now - timedelta(days=3), step="minor")
    change = lives.file(company, "invoice-worker", invoice, at=now - timedelta(days=2), slot=hour + timedelta(hours=5))
    lives.sign(company, lives.submit(company, change, at=now - timedelta(days=2)), at=now - timedelta(days=1))

    emergency = _authorised(company, "session-store", at=now - timedelta(hours=18))
    who = company.author("session-store")
    moves.start_change(number=emergency.number, actor=who, now=now - timedelta(hours=17))
    moves.finish_change(number=emergency.number, actor=who, now=now - timedelta(hours=16))
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
