"""Whether a freeze lies over what a flag serves, as every change would be judged (§6.5)."""

from __future__ import annotations

from datetime import datetime, timedelta

from changes.policy import freezes
from changes.policy.scope import Subject
from changes.selectors import freezes as rows
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.decisions import Decision
from flags.models import Flag, FlagEnvironment

MOST_SERVICES = 50
INSTANT = timedelta(microseconds=1)


def services_of(flag: Flag) -> tuple[str, ...]:
    """The services a flag affects: its own, or every service of the team that owns it."""
    if flag.service is not None:
        return (flag.service.slug,)
    return tuple(sorted(service.slug for service in catalog.services_of_team(flag.team.slug)))[:MOST_SERVICES]


def freezes_over(row: FlagEnvironment, *, now: datetime) -> Decision:
    """Each freeze that forbids a change of the flag there now, judged as a change of configuration without a number."""
    flag, decision = row.flag, Decision()
    services = services_of(flag) or ("",)
    standing = rows.in_scope(
        rows.published_between(now, now + INSTANT),
        services=services,
        teams=[flag.team.slug],
        environments=[row.environment],
    )
    facts = rows.freeze_facts(standing)
    for service in services:
        subject = Subject(service=service, team=flag.team.slug, environment=row.environment)
        decision += freezes.judge(facts, subject, now)
    return Decision(tuple({(reason.code, reason.message): reason for reason in decision.reasons}.values()))
