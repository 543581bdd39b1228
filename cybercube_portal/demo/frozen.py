"""A freeze of some weeks ago and the two pipelines it turned away; a change that the next one holds back."""

from __future__ import annotations

from datetime import datetime, timedelta

from changes.actions.freezes import FreezePlan, create_freeze, publish_freeze
from cybercube_portal import clock
from cybercube_portal.demo import lives
from cybercube_portal.demo.lives import Company
from releases.actions.gate import Asked, decide_gate
from releases.policy.gate import Question

DAY = timedelta(days=1)
TURNED_AWAY = ("invoice-worker", "checkout-api")


def look_back(company: Company, *, now: datetime) -> None:
    """The autumn sale of payments: announced a week before, two days long."""
    start = (now - 24 * DAY).replace(hour=6, minute=0, second=0, microsecond=0)
    sale = create_freeze(
        plan=FreezePlan(
            title="Autumn sale",
            kind="major_event",
            starts_at=start,
            ends_at=start + 2 * DAY,
            timezone="Europe/Berlin",
            teams=("payments",),
            environments=("prd",),
            reason="Two days of sale: only what is pre-approved goes out.",
        ),
        actor=company.actor("dan"),
        now=start - 7 * DAY,
    )
    publish_freeze(reference=sale.reference, actor=company.actor("ivan"), now=start - 6 * DAY)
    for hours, service in zip((5, 29), TURNED_AWAY, strict=True):
        version = company.live.get(service)
        if version:
            with clock.fixed_at(start + timedelta(hours=hours)):
                question = Question(service=service, version=version, environment="prd")
                decide_gate(asked=Asked(question=question, version=version, run={}), actor=company.ci(service))


def hold_back(company: Company, *, now: datetime) -> None:
    """Somebody planned for the peak week, before it was announced."""
    monday = now + timedelta(days=7 - now.weekday())
    slot = (monday + 2 * DAY).replace(hour=10, minute=0, second=0, microsecond=0)
    version = lives.build(company, "web-app", at=now - 22 * DAY)
    change = lives.file(company, "web-app", version, at=now - 21 * DAY, slot=slot)
    lives.submit(company, change, at=now - 21 * DAY)
