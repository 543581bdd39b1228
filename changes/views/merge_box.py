"""The merge box of a change: where it stands, its seats, and the verbs open to whoever looks, with why the others are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from changes.models import ChangeRequest
from changes.policy.approvals import Seat
from changes.policy.risk import OPEN_QUESTION, told_together
from changes.selectors.moves import MoveOption
from changes.selectors.situation import Situation
from changes.states import MATERIAL_STATES, ChangeState
from cybercube_portal.decisions import Decision, Reason
from cybercube_portal.people.selectors import Holder

S = ChangeState
NAMES_SHOWN = 4

# What somebody most likely came to do; the first that fits the change's type is the page's one primary button.
MAIN: dict[str, tuple[str, ...]] = {
    S.DRAFT: ("submit", "authorise"),
    S.IN_REVIEW: ("approve",),
    S.APPROVED: ("start",),
    S.IMPLEMENTING: ("finish",),
    S.VERIFYING: ("close", "document"),
    S.ROLLED_BACK: ("close", "document"),
    S.DOCUMENTING: ("record",),
    S.REJECTED: ("revise",),
    S.EXPIRED: ("reschedule",),
}
ICONS: dict[str, str] = {
    "submit": "send",
    "authorise": "siren",
    "confirm": "circle-check",
    "approve": "check",
    "refuse": "x",
    "withdraw": "rotate-ccw",
    "start": "play",
    "finish": "activity",
    "roll_back": "undo-2",
    "close": "archive",
    "document": "file-pen",
    "record": "file-check",
    "reschedule": "calendar-clock",
    "revise": "undo",
    "cancel": "ban",
}
DANGEROUS = frozenset({"roll_back", "cancel", "refuse"})
# Said of a verb that has nothing to act on: no reader needs to hear it.
NOTHING_TO_DO = frozenset({"approval.not_signed"})
# The rows of the seats say who is missing, and their names.
TOLD_BY_SEATS = frozenset({"approval.seat_open"})
HEADLINES: dict[str, tuple[str, str | Promise]] = {
    S.DRAFT: ("neutral", _("This is a draft. Nobody is asked yet.")),
    S.IN_REVIEW: ("wait", _("Waiting for its approvals.")),
    S.APPROVED: ("ok", _("Approved.")),
    S.REJECTED: ("bad", _("Refused. Revise it to ask again.")),
    S.EXPIRED: ("wait", _("Approved once, but its time went by.")),
    S.CANCELLED: ("neutral", _("Cancelled: it will not happen.")),
    S.IMPLEMENTING: ("accent", _("It is being carried out.")),
    S.VERIFYING: ("accent", _("Carried out, now verified.")),
    S.ROLLED_BACK: ("bad", _("Rolled back.")),
    S.DOCUMENTING: ("wait", _("Its record is being written.")),
    S.CLOSED: ("neutral", _("Closed.")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRow:
    """One approval that is asked for. `state` is filled, open or waived; `who` may fill it."""

    label: str
    sources: tuple[str, ...]
    state: str
    by: str = ""
    at: datetime | None = None
    who: str = ""


@dataclass(slots=True, kw_only=True)
class Button:
    """One verb as the page offers it. `why` is what stands in the way."""

    verb: str
    label: str
    url: str
    icon: str
    tone: str
    allowed: bool
    why: tuple[Reason, ...] = ()
    form: forms.BaseForm | None = None
    opened: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeBox:
    """Everything the box draws. `review` is the approve button, `refuse` goes with it; `main` comes first, `others` follow."""

    tone: str
    words: str | Promise
    blocking: tuple[Reason, ...]
    settled: tuple[Reason, ...]
    seats: tuple[SeatRow, ...]
    review: Button | None
    refuse: Button | None
    main: Button | None
    others: tuple[Button, ...]
    not_now: tuple[Button, ...]


def merge_box(
    situation: Situation,
    *,
    rows: Decision,
    options: Iterable[MoveOption],
    asked: Mapping[str, forms.BaseForm],
    holders: Iterable[Holder],
    failed: str = "",
) -> MergeBox:
    """`rows` is the readiness, `asked` the form of each verb that asks something, `failed` the verb just refused.

    `holders` could fill a seat.
    """
    change = situation.change
    buttons = {button.verb: button for button in _buttons(change, options, asked, failed)}
    review, refuse = buttons.pop("approve", None), buttons.pop("refuse", None)
    main = next((buttons.pop(verb) for verb in MAIN.get(change.state, ()) if verb in buttons), None)
    if main:
        main.tone = "primary"
    tone, words = HEADLINES[ChangeState(change.state)]
    if change.state == S.APPROVED and rows.failures:
        tone, words = "bad", _("Approved, but something stands in its way.")
    elif change.state == S.IN_REVIEW and rows.failures:
        tone = "bad"
    return MergeBox(
        tone=tone,
        words=words,
        blocking=_together(change, (reason for reason in rows.blockers if reason.code not in TOLD_BY_SEATS)),
        settled=tuple(reason for reason in rows.reasons if reason not in rows.blockers),
        seats=tuple(seat_rows(situation, holders)),
        review=review,
        refuse=refuse if refuse and refuse.allowed else None,
        main=main,
        others=tuple(button for button in buttons.values() if button.allowed),
        not_now=tuple(button for button in buttons.values() if not button.allowed),
    )


def _buttons(
    change: ChangeRequest, options: Iterable[MoveOption], asked: Mapping[str, forms.BaseForm], failed: str
) -> Iterator[Button]:
    for option in options:
        if any(reason.code in NOTHING_TO_DO for reason in option.reasons):
            continue
        yield Button(
            verb=option.verb,
            label=option.label,
            url=reverse(f"change-{option.verb}", args=[change.number]),
            icon=ICONS[option.verb],
            tone="danger" if option.verb in DANGEROUS else "",
            allowed=option.allowed,
            why=_together(change, option.reasons),
            form=asked.get(option.verb),
            opened=option.verb == failed,
        )


def _together(change: ChangeRequest, reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Open questions as one row, which leads to the first of them where the change may be edited."""
    found = tuple(reasons)
    first = next((reason.details["question"] for reason in found if reason.code == OPEN_QUESTION), "")
    if not first or change.state not in MATERIAL_STATES:
        return told_together(found)
    field = "no_risk" if change.is_standard else f"risk_{first}"
    url = f"{reverse('change-edit', args=[change.number])}#id_{field}"
    return told_together(found, url=url, link=str(_("Answer in the form")))


def seat_rows(situation: Situation, holders: Iterable[Holder]) -> Iterator[SeatRow]:
    """Every seat with who sits there, else who could; for an emergency also those it is spared."""
    change = situation.change
    for item in situation.seats:
        seat = item.seat
        if item.signature:
            name = _name(situation, item.signature.person)
            yield SeatRow(label=seat.label, sources=seat.sources, state="filled", by=name, at=item.signature.at)
        elif change.is_emergency and change.authorised_by is not None:
            name = change.authorised_by.get_full_name()
            yield SeatRow(label=seat.label, sources=seat.sources, state="filled", by=name, at=change.approved_at)
        else:
            yield SeatRow(label=seat.label, sources=seat.sources, state="open", who=_who(seat, situation, holders))
    for seat in situation.plan.waived:
        yield SeatRow(label=seat.label, sources=seat.sources, state="waived")


def _who(seat: Seat, situation: Situation, holders: Iterable[Holder]) -> str:
    """Who could sit there: names where somebody holds the role, else the roles."""
    change = situation.change
    if change.state not in {S.DRAFT, S.IN_REVIEW}:
        return ""
    cannot = {change.requester.username, *change.editors, *(fact.person for fact in situation.given)}
    able = (one.name for one in holders if one.role in seat.roles and one.username not in cannot)
    names = list(dict.fromkeys(able)) or list(seat.role_labels)
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" +{more}" if more > 0 else "")


def _name(situation: Situation, username: str) -> str:
    for view in situation.signatures:
        if view.signature.signer.username == username:
            return view.signature.signer.get_full_name()
    return username
