"""The board meets tomorrow, and one of it has looked at the agenda already."""

from __future__ import annotations

from datetime import datetime, timedelta

from changes.actions.cab import MeetingPlan, attend_meeting, plan_meeting
from cybercube_portal.demo.lives import Company


def next_meeting(company: Company, *, now: datetime) -> None:
    """Planned yesterday; votes are taken until the evening after."""
    morning = (now + timedelta(days=1)).replace(hour=9, minute=30, second=0, microsecond=0)
    meeting = plan_meeting(
        plan=MeetingPlan(
            title="Weekly CAB",
            scheduled_at=morning,
            votes_until=morning + timedelta(hours=8),
            notes="Please read the breaking change of search-api first.",
        ),
        actor=company.actor("ivan"),
        now=now - timedelta(days=1),
    )
    attend_meeting(reference=meeting.reference, actor=company.actor("carol"), now=now - timedelta(hours=2))
