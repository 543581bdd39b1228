"""What people are told of changes, freezes and the CAB: the words of each notice (`notices.kinds`), written in the reader's zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from changes.models import CabMeeting, ChangeRequest, Freeze
from changes.policy.cab import plain
from changes.selectors.cab import AgendaItem
from cybercube_portal.notices.message import Message, one_line
from cybercube_portal.web.badges import badge_of
from cybercube_portal.web.times import exact_with_zone

REVIEW = "review/"


def path_of(number: str, tail: str = "") -> str:
    """The change's page, or one below it."""
    return f"/changes/{number}/{tail}"


def thing_of(change: ChangeRequest) -> str:
    """How a mail about several news calls it."""
    return f"{change.number} {one_line(change.title)}"


def facts_of(change: ChangeRequest) -> tuple[tuple[str, str], ...]:
    """What somebody has to know before they open it."""
    return (
        (_("Change"), thing_of(change)),
        (_("Risk"), str(change.get_risk_level_display())),
        (_("Services"), ", ".join(change.services)),
        (_("Goes to"), ", ".join(change.environments)),
        (_("Planned for"), exact_with_zone(change.scheduled_time)),
    )


def approval_wanted(change: ChangeRequest, seats: Sequence[str], *, again: bool) -> Message:
    """Somebody's signature is asked for; `again`: what was signed was edited since."""
    words = {"number": change.number, "title": one_line(change.title), "name": change.requester.get_full_name()}
    seat = _(" or ").join(seats)
    edited = _("It was edited after it was signed, so those signatures no longer count.")
    return Message(
        subject=_("%(number)s waits for your approval: %(title)s") % words,
        thing=thing_of(change),
        text=(
            _("%(name)s asks for approval as %(seat)s.") % {**words, "seat": seat},
            *((edited,) if again else ()),
        ),
        facts=facts_of(change),
        path=path_of(change.number, REVIEW),
        button=_("Read it and approve or refuse"),
    )


def change_moved(change: ChangeRequest, *, because: str) -> Message:
    """The requester's change went another way than they hoped."""
    words = {
        "number": change.number,
        "title": one_line(change.title),
        "state": str(change.get_state_display()).lower(),
    }
    return Message(
        subject=_("%(number)s is %(state)s: %(title)s") % words,
        thing=thing_of(change),
        text=(_("Your change %(number)s is now %(state)s.") % words, *((because,) if because else ())),
        path=path_of(change.number),
        button=_("See what happened and what to do next"),
    )


def lead_time_short(change: ChangeRequest) -> Message:
    """R8: its lead time would not be kept."""
    words = {"number": change.number, "title": one_line(change.title)}
    submitted = ((_("Submitted"), exact_with_zone(change.submitted_at)),) if change.submitted_at else ()
    return Message(
        subject=_("%(number)s cannot start when planned: %(title)s") % words,
        thing=thing_of(change),
        text=(_("A normal change starts at least 24 hours after it was submitted (STD-ENG-006 §6.1)."),),
        facts=(*submitted, (_("Planned for"), exact_with_zone(change.scheduled_time))),
        path=path_of(change.number),
        button=_("Reschedule it"),
    )


def emergency_filed(change: ChangeRequest) -> Message:
    """§6.4 "Notify"."""
    words = {"number": change.number, "title": one_line(change.title), "name": change.requester.get_full_name()}
    return Message(
        subject=_("Emergency: %(title)s (%(number)s)") % words,
        thing=thing_of(change),
        text=(
            _("%(name)s filed an emergency change.") % words,
            _(
                "Any one of on-call lead, engineering manager, VP Engineering or CTO can authorise it (STD-ENG-006 §6.4)."
            ),
        ),
        facts=(
            (_("Services"), ", ".join(change.services)),
            (_("Goes to"), ", ".join(change.environments)),
        ),
        path=path_of(change.number, REVIEW),
        button=_("Read it and authorise"),
    )


def confirmation_wanted(change: ChangeRequest) -> Message:
    """R5: somebody noted the reader's word."""
    authorisation = change.authorisation
    words = {
        "number": change.number,
        "title": one_line(change.title),
        "caller": authorisation.get("called_by", ""),
        "how": authorisation.get("how", ""),
    }
    return Message(
        subject=_("Confirm your verbal approval of %(number)s: %(title)s") % words,
        thing=thing_of(change),
        text=(
            _("%(caller)s noted that you approved this emergency (%(how)s).") % words,
            _("If you did, confirm it in time. If you did not, say so on the change at once."),
        ),
        facts=((_("Confirm until"), exact_with_zone(change.confirm_by)),) if change.confirm_by else (),
        path=path_of(change.number, REVIEW),
        button=_("Read it and confirm"),
    )


def emergency_overdue(change: ChangeRequest) -> Message:
    """R5: it owes its record or its confirmation."""
    words = {"number": change.number, "title": one_line(change.title)}
    text, facts = [_("This emergency owes what STD-ENG-006 §6.4 asks for.")], []
    if change.overdue_said_at and change.record_due_at:
        text.append(_("Standard changes of the service's team are suspended until its record is written."))
        facts.append((_("Record was due"), exact_with_zone(change.record_due_at)))
    if change.unconfirmed_said_at and not change.confirmed_at and change.authorised_by and change.confirm_by:
        name = change.authorised_by.get_full_name()
        text.append(_("%(name)s has not confirmed the verbal approval.") % {"name": name})
        facts.append((_("Confirmation was due"), exact_with_zone(change.confirm_by)))
    facts.append((_("Requester"), change.requester.get_full_name()))
    return Message(
        subject=_("Overdue: %(number)s %(title)s") % words,
        thing=thing_of(change),
        text=tuple(text),
        facts=tuple(facts),
        path=path_of(change.number),
        button=_("Open the emergency"),
    )


def freeze_ahead(freeze: Freeze, *, start: datetime, end: datetime) -> Message:
    """§6.5: it begins soon."""
    title = one_line(freeze.title)
    return Message(
        subject=_("Change freeze from %(start)s: %(title)s") % {"start": exact_with_zone(start), "title": title},
        thing=f"{freeze.reference} {title}",
        text=(freeze.reason,) if freeze.reason else (),
        facts=((_("Begins"), exact_with_zone(start)), (_("Ends"), exact_with_zone(end))),
        path=f"/freezes/{freeze.reference}/",
        button=_("See what it forbids, and who passes"),
    )


def cab_reminder(meeting: CabMeeting, items: Sequence[AgendaItem]) -> Message:
    """Votes end soon."""
    until = exact_with_zone(meeting.votes_until) if meeting.votes_until else ""
    title = plain(meeting.title)
    return Message(
        subject=_("%(title)s: votes are taken until %(until)s") % {"title": title, "until": until},
        thing=f"{meeting.reference} {title}",
        text=(_("%(reference)s has %(count)s on its agenda:") % {"reference": meeting.reference, "count": len(items)},),
        points=tuple(map(_agenda_line, items)),
        path=f"/cab/{meeting.reference}/",
        button=_("Read and vote"),
    )


def _agenda_line(item: AgendaItem) -> str:
    change = item.change
    line = f"{thing_of(change)} ({badge_of('risk', change.risk_level).word})"
    if not item.missing:
        return line
    return _("%(line)s, still to sign: %(seats)s") % {"line": line, "seats": ", ".join(item.missing)}
