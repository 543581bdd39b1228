"""The moves of a meeting: who may, whether its state allows it, and why not. One table for pages and the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from changes import permissions, states
from changes.models import CabMeeting
from changes.selectors.moves import MoveOption
from changes.states import MeetingState
from cybercube_portal.decisions import Reason, failed
from cybercube_portal.moves import sources_of
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import Permission, may

LIVE: frozenset[str] = frozenset({MeetingState.PLANNED, MeetingState.IN_SESSION})


@dataclass(frozen=True, slots=True)
class MeetingRule:
    """One verb with the states in which it can be said, and the word on its button."""

    verb: str
    permission: Permission
    possible: frozenset[str]
    label: str


RULES: tuple[MeetingRule, ...] = (
    MeetingRule("open", permissions.RUN_MEETING, sources_of(states.MEETING_MOVES, verb="open"), "Open the meeting"),
    MeetingRule("attend", permissions.ATTEND_MEETING, LIVE, "I am here"),
    MeetingRule("close", permissions.RUN_MEETING, sources_of(states.MEETING_MOVES, verb="close"), "Close the meeting"),
    MeetingRule("edit", permissions.EDIT_MEETING, LIVE, "Edit"),
    MeetingRule("add", permissions.EDIT_MEETING, LIVE, "Add a change"),
    MeetingRule("cancel", permissions.EDIT_MEETING, sources_of(states.MEETING_MOVES, verb="cancel"), "Cancel it"),
)


def meeting_moves(meeting: CabMeeting, *, actor: Actor, now: datetime) -> tuple[MoveOption, ...]:
    """Every verb with what stands in the way for `actor`."""
    options = []
    for rule in RULES:
        blockers = may(actor, rule.permission, now=now).blockers or _shape(meeting, rule)
        options.append(MoveOption(rule.verb, rule.label, not blockers, blockers))
    return tuple(options)


def _shape(meeting: CabMeeting, rule: MeetingRule) -> tuple[Reason, ...]:
    if meeting.state in rule.possible:
        return ()
    words = " or ".join(sorted(state.replace("_", " ") for state in rule.possible))
    return (
        failed(
            "state.move_not_possible",
            "§5.6",
            f"{meeting.reference} is {meeting.state.replace('_', ' ')}: {rule.verb} is not possible.",
            f"It is possible while it is {words}.",
        ),
    )
