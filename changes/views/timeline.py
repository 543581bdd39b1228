"""One timeline of a change: its audit events in people's words, with what was said; whatever names it appears too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from changes.events import ChangeEvent, FreezeEvent
from changes.models import ChangeRequest
from changes.selectors.page import ChangePage, Said
from changes.states import SignatureState
from cybercube_portal.audit.selectors.events import timeline
from cybercube_portal.web import Entry

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event

# The newest ones; all of them are in the audit trail.
MOST = 200
E = ChangeEvent


@dataclass(frozen=True, slots=True)
class Look:
    """How one verb reads on the timeline."""

    words: str | Promise
    icon: str
    tone: str = "neutral"


LOOKS: dict[str, Look] = {
    E.CREATED: Look(gettext_lazy("filed it"), "file-plus"),
    E.EDITED: Look(gettext_lazy("edited it"), "pencil"),
    E.IMPORTED: Look(gettext_lazy("imported it"), "file-input"),
    E.SUBMITTED: Look(gettext_lazy("submitted it"), "send"),
    E.AUTHORISED: Look(gettext_lazy("noted the emergency's approval"), "siren", "bad"),
    E.CONFIRMED: Look(gettext_lazy("confirmed the approval"), "circle-check", "ok"),
    E.SIGNED: Look(gettext_lazy("approved"), "check", "ok"),
    E.SIGNATURE_WITHDRAWN: Look(gettext_lazy("withdrew their approval"), "rotate-ccw", "wait"),
    E.SIGNATURE_SUPERSEDED: Look(gettext_lazy("superseded signatures"), "history", "wait"),
    E.APPROVED: Look(gettext_lazy("completed the approvals"), "circle-check", "ok"),
    E.REFUSED: Look(gettext_lazy("refused"), "circle-x", "bad"),
    E.REVISED: Look(gettext_lazy("took it back to a draft"), "undo"),
    E.CANCELLED: Look(gettext_lazy("cancelled it"), "ban"),
    E.EXPIRED: Look(gettext_lazy("let it expire: its time went by unused"), "timer-off"),
    E.RESCHEDULED: Look(gettext_lazy("rescheduled it"), "calendar-clock"),
    E.REOPENED: Look(gettext_lazy("reopened the review"), "rotate-ccw", "wait"),
    E.STARTED: Look(gettext_lazy("started it"), "play", "accent"),
    E.FINISHED: Look(gettext_lazy("finished it"), "activity", "accent"),
    E.ROLLED_BACK: Look(gettext_lazy("rolled it back"), "undo-2", "bad"),
    E.DOCUMENTED: Look(gettext_lazy("began the record"), "file-pen"),
    E.RECORDED: Look(gettext_lazy("completed the record"), "file-check", "ok"),
    E.CLOSED: Look(gettext_lazy("closed it"), "archive"),
    E.COMMENTED: Look(gettext_lazy("commented"), "message-square"),
    E.RECORD_OVERDUE: Look(gettext_lazy("noticed that the record is overdue"), "alarm-clock", "bad"),
    FreezeEvent.EXCEPTION_GRANTED: Look(gettext_lazy("granted a freeze exception"), "snowflake", "wait"),
}
# What people said with a move.
SAID = ("comment", "reason", "notes", "because", "how")


def entries_of(page: ChangePage) -> list[Entry]:
    """The newest MOST entries, the oldest first, as a conversation reads. One query."""
    situation, change = page.situation, page.situation.change
    events = list(timeline(change.number)[:MOST])
    comments = {comment.id: comment for comment in page.comments}
    names = _names(page)
    live = {
        (view.signature.signer.username, view.signature.content_hash)
        for view in situation.signatures
        if view.signature.state == SignatureState.GIVEN
    }
    return [_entry(event, change, names=names, comments=comments, live=live) for event in reversed(events)]


def _entry(
    event: Event,
    change: ChangeRequest,
    *,
    names: Mapping[str, str],
    comments: Mapping[int, Said],
    live: set[tuple[str, str]],
) -> Entry:
    look = LOOKS.get(event.verb)
    who = str(event.actor.get("id") or event.actor.get("kind") or "")
    elsewhere = event.object_id != change.number
    signed = (who, str(event.data.get("content_hash", "")))
    return Entry(
        at=event.occurred_at,
        who=names.get(who) or who or _("The portal"),
        words=_words(event, look),
        icon=look.icon if look else "circle-dot",
        tone=look.tone if look else "neutral",
        body=_body(event, comments),
        struck=event.verb == E.SIGNED and signed not in live,
        link=_link(event) if elsewhere else "",
        link_label=event.object_id if elsewhere else "",
    )


def _words(event: Event, look: Look | None) -> str:
    """The look's words, else the verb's own: other apps name what they do as `<noun>.<participle>`."""
    if look is None:
        return str(event.verb).replace(".", " ").replace("_", " ")
    seat = event.data.get("seat")
    return _("approved as %(seat)s") % {"seat": seat} if event.verb == E.SIGNED and seat else str(look.words)


def _body(event: Event, comments: Mapping[int, Said]) -> str:
    if event.verb == E.COMMENTED:
        comment = comments.get(event.data.get("comment", 0))
        return comment.body if comment else ""
    if event.verb == E.CLOSED:
        return str(event.data.get("outcome", "")).replace("_", " ").capitalize()
    if event.data.get("because") == "standard":
        return _("Every condition of its template holds.")
    return next((str(event.data[name]) for name in SAID if event.data.get(name)), "")


def _link(event: Event) -> str:
    return f"/freezes/{event.object_id}/" if event.object_type == "freeze" else ""


def _names(page: ChangePage) -> dict[str, str]:
    """Names of those who are known already; nobody is looked up for a timeline."""
    change = page.situation.change
    people = [change.requester, change.implementer, change.authorised_by]
    people += [view.signature.signer for view in page.situation.signatures]
    return {
        **{holder.username: holder.name for holder in page.holders},
        **{said.username: said.name for said in page.comments},
        **{one.username: one.by for one in page.exceptions},
        **{person.username: person.get_full_name() for person in people if person is not None},
    }
