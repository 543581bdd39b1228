"""One timeline of a change: the record's events in people's words with what was said, and the lines that upper apps add."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from changes import panels
from changes.events import ChangeEvent, FreezeEvent, MeetingEvent
from changes.models import ChangeRequest
from changes.panels import Heard
from changes.policy.content import difference
from changes.selectors.page import ChangePage, Said
from changes.states import SignatureState
from changes.words import named
from cybercube_portal.web import Entry, Look
from cybercube_portal.web.sentences import in_words

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event

E = ChangeEvent


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
    E.EMERGENCY_FILED: Look(gettext_lazy("told the emergency approvers"), "megaphone", "bad"),
    E.CONFIRMATION_OVERDUE: Look(gettext_lazy("noticed that nobody confirmed in time"), "alarm-clock", "bad"),
    MeetingEvent.VOTED: Look(gettext_lazy("voted in the meeting"), "vote"),
    MeetingEvent.ITEM_ADDED: Look(gettext_lazy("put it on the agenda of"), "list-plus"),
    FreezeEvent.EXCEPTION_GRANTED: Look(gettext_lazy("granted a freeze exception"), "snowflake", "wait"),
}
PAGES: dict[str, Callable[[str], str]] = {
    "freeze": lambda reference: reverse("freeze", args=[reference]),
    "cab_meeting": lambda reference: reverse("cab-meeting", args=[reference]),
}
# What is written at length, in fields that say so.
WRITTEN = frozenset({"comment", "notes"})
# Of the newest edits what changed can be unfolded, up to so many characters in all: a page stays under 300 KB.
MOST_OF_EDITS = 20_000
# What people said with a move.
SAID = ("comment", "reason", "notes", "because", "how")


def entries_of(page: ChangePage, heard: Heard) -> list[Entry]:
    """Everything that was heard, the oldest first, as a conversation reads."""
    situation, change = page.situation, page.situation.change
    comments = {comment.id: comment for comment in page.comments}
    names = _names(page)
    live = {
        (view.signature.signer.username, view.signature.content_hash)
        for view in situation.signatures
        if view.signature.state == SignatureState.GIVEN
    }
    told = [_entry(event, change, names=names, comments=comments, live=live) for event in heard.events]
    told = [replace(entry, changed=rows) for entry, rows in zip(told, _edits(heard.events), strict=True)][::-1]
    lines = [entry for line, rows in heard.lines.items() for entry in line(*rows)]
    # Sorting keeps the record's own order among events of one moment.
    return _together(sorted([*told, *lines], key=lambda entry: entry.at))


def _edits(events: Iterable[Event]) -> Iterator[list[dict[str, Any]]]:
    """What each of them changed, the newest first."""
    left = MOST_OF_EDITS
    for event in events:
        is_read = event.verb == E.EDITED and left > 0
        rows = named(difference(event.before or {}, event.after or {})) if is_read else []
        left -= sum(len(row["before"]) + len(row["after"]) for row in rows)
        yield rows if left > 0 else []


def last_of(entries: list[Entry]) -> list[Entry]:
    """What one action did last: its lines have one time."""
    return [entry for entry in entries if entry.at == entries[-1].at]


def _together(entries: Iterable[Entry]) -> list[Entry]:
    """What somebody did again and again to one thing on one day is one line, at the time of the last, with all that was said."""
    rows = [list(row) for _key, row in groupby(entries, key=_same)]
    return [row[0] if len(row) == 1 else _one_of(row) for row in rows]


def _same(entry: Entry) -> Hashable:
    return (entry.who, entry.many, entry.link_label, localdate(entry.at)) if entry.many else id(entry)


def _one_of(row: list[Entry]) -> Entry:
    last = row[-1]
    said = "\n".join(entry.body for entry in row if entry.body)
    return replace(last, words=last.many % {"count": len(row)}, body=said)


def _entry(
    event: Event,
    change: ChangeRequest,
    *,
    names: Mapping[str, str],
    comments: Mapping[int, Said],
    live: set[tuple[str, str]],
) -> Entry:
    look = LOOKS.get(event.verb) or panels.LOOKS.get(event.verb)
    who = str(event.actor.get("id") or "")
    is_person = event.actor.get("kind") != "system"
    elsewhere = event.object_id != change.number
    page_of = PAGES.get(event.object_type) or panels.PAGES.get(event.object_type)
    signed = (who, str(event.data.get("content_hash", "")))
    body, is_prose = (panels.SAID[event.verb](event), False) if event.verb in panels.SAID else _body(event, comments)
    return Entry(
        at=event.occurred_at,
        who=(names.get(who) or who if is_person else "") or _("The portal"),
        words=_words(event, look),
        icon=look.icon if look else "circle-dot",
        tone=look.tone if look else "neutral",
        body=body,
        is_prose=is_prose,
        struck=event.verb == E.SIGNED and signed not in live,
        link=page_of(event.object_id) if elsewhere and page_of else "",
        link_label=event.object_id if elsewhere else "",
        many=str(look.many) if look else "",
    )


def _words(event: Event, look: Look | None) -> str:
    """The look's words, else the verb's own: other apps name what they do as `<noun>.<participle>`."""
    if look is None:
        return in_words(str(event.verb).replace(".", " ").replace("_", " "))
    seat = event.data.get("seat")
    return _("approved as %(seat)s") % {"seat": in_words(seat)} if event.verb == E.SIGNED and seat else str(look.words)


def _body(event: Event, comments: Mapping[int, Said]) -> tuple[str, bool]:
    """What was said, and whether it was written at length. What a rule said is the portal's."""
    if event.verb == E.COMMENTED:
        comment = comments.get(event.data.get("comment", 0))
        return (comment.body if comment else ""), True
    if event.verb == E.CLOSED:
        return in_words(str(event.data.get("outcome", "")).replace("_", " ").capitalize()), False
    if event.data.get("because") == "standard":
        return _("Every condition of its template holds."), False
    name = next((name for name in SAID if event.data.get(name)), "")
    text = str(event.data.get(name, ""))
    return (in_words(text) if name == "because" else text), name in WRITTEN


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
