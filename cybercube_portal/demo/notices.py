"""Who was told what this week, who watches what, and the chat of a team."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F

from changes.actions.notices import ask_approvers, tell_watchers
from changes.events import ChangeEvent
from changes.models import ChangeRequest
from changes.news import NEWS
from changes.states import ChangeState
from cybercube_portal.audit.models import Event
from cybercube_portal.demo.lives import Company
from cybercube_portal.notices.actions.channels import register_channel
from cybercube_portal.notices.actions.watching import set_watch
from cybercube_portal.notices.models import Notice

LATELY = timedelta(days=2)
# A name that nobody can have: whatever is said here, nothing is posted (RFC 6761).
WEBHOOK = "https://hooks.slack.example/services/T0DEMO/B0DEMO/not-a-secret"
WATCHED = {
    "alice": ("service:checkout-api", "service:billing-service"),
    "bob": ("service:billing-service",),
    "oscar": ("service:search-api",),
}


def lately(company: Company, *, now: datetime) -> None:
    """What the reactions of this week would have told; older notices were read."""
    register_channel(
        tool="slack",
        name="#payments-releases",
        url=WEBHOOK,
        team="payments",
        actor=company.actor("admin"),
        now=now - timedelta(days=30),
    )
    for username, subjects in WATCHED.items():
        for subject in subjects:
            set_watch(subject=subject, on=True, actor=company.actor(username), now=now - timedelta(days=30))
    waiting = set(ChangeRequest.objects.filter(state=ChangeState.IN_REVIEW).values_list("number", flat=True))
    events = Event.objects.filter(object_type="change", occurred_at__gt=now - LATELY).order_by("occurred_at", "pk")
    for event in events.filter(verb__in=list(NEWS)):
        number, at = event.object_id, event.occurred_at
        if event.verb == ChangeEvent.SUBMITTED and number in waiting:
            ask_approvers(number=number, occasion=str(event.event_id), again=False, now=at)
        tell_watchers(number=number, event=event, now=at)
    # What was held back went out when it was quiet.
    Notice.objects.filter(sent_at__isnull=True, due_at__lt=now).update(sent_at=F("due_at"))
    Notice.objects.filter(at__lt=now - LATELY, read_at__isnull=True).update(read_at=F("at"))
