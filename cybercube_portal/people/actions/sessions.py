"""Who came in, who was turned away, who left. Never what they typed: a password stands easily in the wrong field."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.selectors.events import events_filtered
from cybercube_portal.people.actions.recording import record_user
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.events import PeopleEvent
from cybercube_portal.people.models import User

WRONG, LOCKED_OUT = "wrong_credentials", "locked_out"


@transaction.atomic
def note_session_opened(*, user: User, actor: Actor, address: str, now: datetime) -> None:
    """Somebody logged in from the IP address `address`."""
    record_user(PeopleEvent.SESSION_OPENED, user, actor, now, address=address)


@transaction.atomic
def note_session_closed(*, user: User, actor: Actor, address: str, now: datetime) -> None:
    """Somebody logged out."""
    record_user(PeopleEvent.SESSION_CLOSED, user, actor, now, address=address)


@transaction.atomic
def note_session_refused(
    *, username: str, is_locked_out: bool, address: str, now: datetime, once_in: timedelta
) -> bool:
    """A log-in under `username` failed, or waits for too many that did; the latter is said once for each address in `once_in`.

    False, and nothing is kept, for a name that nobody has.
    """
    user = User.objects.filter(username=username).first()
    if user is None:
        return False
    because = LOCKED_OUT if is_locked_out else WRONG
    if is_locked_out:
        lately = events_filtered(subject=f"user:{username}", verb=PeopleEvent.SESSION_REFUSED, start=now - once_in)
        if lately.filter(data__because=LOCKED_OUT, data__address=address).exists():
            return False
    record_user(PeopleEvent.SESSION_REFUSED, user, SYSTEM, now, because=because, address=address)
    return True
