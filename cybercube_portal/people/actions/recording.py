"""What every action on people shares: the row locked, the event written."""

from __future__ import annotations

from datetime import datetime

from cybercube_portal.audit.actions import record
from cybercube_portal.audit.actors import Actor as Recorded
from cybercube_portal.errors import NotFound
from cybercube_portal.people.events import PeopleEvent
from cybercube_portal.people.models import User


def lock_user(username: str) -> User:
    """The active user, locked for the transaction. Raises NotFound."""
    user = User.objects.select_for_update(of=("self",)).filter(username=username, is_active=True).first()
    if user is None:
        raise NotFound(f"There is no user {username}.", code="user.unknown")
    return user


def record_user(verb: PeopleEvent, user: User, actor: Recorded, at: datetime, **data: object) -> None:
    """One event of a person or service account."""
    record(
        verb,
        object_type="user",
        object_id=user.username,
        subjects=[f"user:{user.username}"],
        actor=actor,
        at=at,
        data={name: value.isoformat() if isinstance(value, datetime) else value for name, value in data.items()},
    )
