"""What tests of notices stand on: a service of payments, the clock held, and doing what is promised as the workers would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from cybercube_portal import clock
from cybercube_portal.audit.models import Intent
from cybercube_portal.audit.selectors.work import due_deliveries, due_intents
from cybercube_portal.audit.tasks import send_delivery, work_intent
from tests.audit.conftest import worker
from tests.audit.listener import Listener
from tests.factories import changes as story
from tests.factories.people import Cast

__all__ = ["worker"]

Work = Callable[[], list[EmailMultiAlternatives]]
Later = Callable[[timedelta], datetime]


@pytest.fixture
def held(now: datetime, clock_at: Callable[[datetime], datetime], cast: Cast) -> datetime:
    """The clock, held at `now`; there is a service."""
    story.service()
    return clock_at(now)


@pytest.fixture
def work(held: datetime) -> Work:
    """Do all that is due, as the workers would; gives what was mailed since, in order."""

    def run() -> list[EmailMultiAlternatives]:
        now = clock.now()
        while due := list(due_intents(now=now).order_by("pk")):
            for intent in due:
                work_intent(intent.pk)
        for delivery in due_deliveries(now=now).order_by("pk"):
            send_delivery(delivery.pk)
        assert not Intent.objects.filter(state="failed").exists()
        sent = [letter for letter in mail.outbox if isinstance(letter, EmailMultiAlternatives)]
        mail.outbox.clear()
        return sent

    return run


@pytest.fixture
def chat() -> Iterator[Listener]:
    """Stands for Slack or Teams."""
    with closing(Listener()) as listener:
        yield listener
