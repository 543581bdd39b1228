"""What follows from what happened: event -> work. One table; the work itself is in `tasks`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from changes import tasks
from changes.events import ChangeEvent
from changes.news import NEWS
from cybercube_portal.audit.registry import Task, register_intent, register_reactions
from cybercube_portal.people.events import PeopleEvent

ASK_APPROVERS = "changes.ask_approvers"
TELL_REQUESTER = "changes.tell_requester"
ALERT_EMERGENCY_APPROVERS = "changes.alert_emergency_approvers"
ASK_CONFIRMATION = "changes.ask_confirmation"
ESCALATE_TO_MANAGERS = "changes.escalate_to_managers"
RECHECK_SIGNATURES = "changes.recheck_signatures"
TELL_WATCHERS = "changes.tell_watchers"

REACTIONS: dict[str, tuple[str, ...]] = {
    ChangeEvent.EMERGENCY_FILED: (ALERT_EMERGENCY_APPROVERS,),
    ChangeEvent.SUBMITTED: (ASK_APPROVERS,),
    ChangeEvent.SIGNATURE_SUPERSEDED: (ASK_APPROVERS,),
    ChangeEvent.REOPENED: (ASK_APPROVERS, TELL_REQUESTER),
    ChangeEvent.REFUSED: (TELL_REQUESTER,),
    ChangeEvent.EXPIRED: (TELL_REQUESTER,),
    ChangeEvent.AUTHORISED: (ASK_CONFIRMATION,),
    ChangeEvent.RECORD_OVERDUE: (ESCALATE_TO_MANAGERS,),
    ChangeEvent.CONFIRMATION_OVERDUE: (ESCALATE_TO_MANAGERS,),
    PeopleEvent.ROLE_REVOKED: (RECHECK_SIGNATURES,),
}
HANDLERS: dict[str, Callable[[Task, datetime], None]] = {
    ASK_APPROVERS: tasks.ask_approvers,
    TELL_REQUESTER: tasks.tell_requester,
    ALERT_EMERGENCY_APPROVERS: tasks.alert_emergency_approvers,
    ASK_CONFIRMATION: tasks.ask_confirmation,
    ESCALATE_TO_MANAGERS: tasks.escalate_to_managers,
    RECHECK_SIGNATURES: tasks.recheck_signatures,
    TELL_WATCHERS: tasks.tell_watchers,
}
# After the reactions above: whoever is asked or told themselves needs no second notice of the same event.
WATCHED: dict[str, tuple[str, ...]] = dict.fromkeys(NEWS, (TELL_WATCHERS,))


def register() -> None:
    """Hang both tables on the record. Once in every process."""
    for kind, handle in HANDLERS.items():
        register_intent(kind, handle)
    register_reactions(REACTIONS)
    register_reactions(WATCHED)
