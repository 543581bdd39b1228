"""Do what is promised as a worker would, one round of due work at a time, with the clock the test holds."""

from __future__ import annotations

from datetime import datetime

from cybercube_portal import clock
from cybercube_portal.audit.models import Intent
from cybercube_portal.audit.selectors.work import due_intents
from cybercube_portal.audit.tasks import work_intent


def work(*kinds: str) -> None:
    """Work what is due of `kinds` (of every kind without any) until nothing is."""
    while due := [
        intent for intent in due_intents(now=clock.now()).order_by("pk") if not kinds or intent.kind in kinds
    ]:
        for intent in due:
            work_intent(intent.pk)


def next_due(kind: str, subject: str) -> datetime | None:
    """When the open intent of a kind for a subject comes again; None when none is open."""
    open_ones = Intent.objects.filter(kind=kind, subject=subject, state="waiting")
    return open_ones.values_list("not_before", flat=True).first()
