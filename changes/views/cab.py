"""The CAB's workbench: meetings, the agenda item by item with votes in place, minutes and the print pack (ui.md section 2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from changes import permissions
from changes.actions import cab as actions
from changes.forms import cab as ask
from changes.forms.moves import NothingForm
from changes.models import CabMeeting
from changes.policy import cab as policy
from changes.selectors.cab import (
    AgendaItem,
    agenda_of,
    board_and_proposed,
    calendar_around,
    get_meeting,
    meetings_listed,
    next_meeting,
)
from changes.selectors.meeting_moves import meeting_moves
from changes.views.cab_calendar import Strip, places_of, strip_of, weeks_around
from changes.views.cab_item import agenda_rows, item_context
from cybercube_portal.people.guard import may
from cybercube_portal.people.views.editing import Editing
from cybercube_portal.people.views.unsent import recall, sending
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, back_to, page_of_rows, show, show_again

LIST, FORM, ONE = "changes/cab.html", "changes/meeting_form.html", "changes/meeting.html"
ITEM, PACK = "changes/meeting_item.html", "changes/meeting_pack.html"
Verb = tuple[type[forms.BaseForm], Callable[..., Any], str | Promise]
VERBS: dict[str, Verb] = {
    "open": (NothingForm, actions.open_meeting, gettext_lazy("The meeting is open. You are noted as present.")),
    "attend": (NothingForm, actions.attend_meeting, gettext_lazy("You are noted as present.")),
    "add": (ask.ItemForm, actions.add_item, gettext_lazy("It is on the agenda.")),
    "close": (ask.CloseForm, actions.close_meeting, gettext_lazy("Closed. The minutes are below.")),
    "cancel": (ask.CancelForm, actions.cancel_meeting, gettext_lazy("Cancelled.")),
}


@require_safe
def meetings(request: PageRequest) -> HttpResponse:
    """Every meeting, what comes next on top."""
    context = {
        "page": page_of_rows(request, meetings_listed(), order=("-scheduled_at", "-id")),
        "coming": next_meeting(now=request.now),
        "may_plan": may(request.actor, permissions.PLAN_MEETING, now=request.now).allowed,
    }
    return show(request, LIST, context)


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_new(request: PageRequest) -> HttpResponse:
    """Call the board together."""
    form = ask.MeetingForm(request.POST or None, initial={"title": _("Change Advisory Board")})
    context = {"crumbs": _above()} | recall(request, form)
    if not form.is_valid():
        return show(request, FORM, context, form=form)
    try:
        with sending(request):
            meeting = actions.plan_meeting(plan=form.plan(), actor=request.actor, now=request.now)
    except SHOWN_AGAIN as error:
        return show_again(request, FORM, context, form=form, error=error)
    messages.success(request, _("Planned. Its agenda makes itself."))
    return redirect("cab-meeting", meeting.reference)


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_edit(request: PageRequest, reference: str) -> HttpResponse:
    """Change when it is, or what it says."""
    meeting = get_meeting(reference)
    form = ask.MeetingForm(request.POST or None, initial=ask.initial_of(meeting))
    editing = Editing(request, form, version=meeting.version)
    context = {"crumbs": [*_above(), (reference, _page(reference))], "meeting": meeting}

    def save() -> None:
        actions.edit_meeting(
            reference=reference,
            version=editing.number,
            changes=form.fields_of(),
            actor=request.actor,
            now=request.now,
        )

    return editing.answer(FORM, context, save=save, then=_page(reference))


@require_safe
def meeting(request: PageRequest, reference: str) -> HttpResponse:
    """One meeting: its agenda while it lasts, its minutes once it is over."""
    return show(request, ONE, _context(request, get_meeting(reference)))


@require_POST
def meeting_move(request: PageRequest, reference: str, verb: str) -> HttpResponse:
    """Do it and go back; a refusal shows the page with what was typed."""
    form_type, act, said = VERBS[verb]
    form = form_type(request.POST)
    found = get_meeting(reference)
    if not form.is_valid():
        return show(request, ONE, _context(request, found, verb=verb, bound=form), form=form)
    try:
        act(reference=reference, actor=request.actor, now=request.now, **form.cleaned_data)
    except SHOWN_AGAIN as error:
        return show_again(request, ONE, _context(request, found, verb=verb, bound=form), form=form, error=error)
    messages.success(request, str(said))
    return redirect(back_to(request, default=_page(reference)))


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_item(request: PageRequest, reference: str, number: str) -> HttpResponse:
    """One change of the agenda in full, with the vote in place; after a vote the next one follows."""
    found = get_meeting(reference)
    form = ask.VoteForm(request.POST) if request.method == "POST" else None
    context = item_context(request, found, number, form=form)
    context["crumbs"] = [*_above(), (found.title, _page(reference))]
    if form is None:
        return show(request, ITEM, context)
    if not form.is_valid():
        return show(request, ITEM, context, form=form)
    try:
        actions.vote_in_meeting(
            reference=reference, actor=request.actor, now=request.now, **{**form.cleaned_data, "change": number}
        )
    except SHOWN_AGAIN as error:
        return show_again(request, ITEM, context, form=form, error=error)
    messages.success(request, _("Your vote on %(number)s is noted.") % {"number": number})
    return redirect(context["next"] or _page(reference))


@require_safe
def meeting_minutes(_request: PageRequest, reference: str) -> HttpResponse:
    """The minutes as Markdown."""
    return HttpResponse(get_meeting(reference).minutes, content_type="text/markdown; charset=utf-8")


@require_safe
def meeting_pack(request: PageRequest, reference: str) -> HttpResponse:
    """Everything on the agenda in full, to print."""
    found = get_meeting(reference)
    items = agenda_of(found, now=request.now)
    context = {
        "meeting": found,
        "items": items,
        "strip": _strip(found, items, request),
        "crumbs": [*_above(), (found.title, _page(reference))],
    }
    return show(request, PACK, context)


def _context(
    request: PageRequest, found: CabMeeting, *, verb: str = "", bound: forms.BaseForm | None = None
) -> dict[str, Any]:
    options = {option.verb: option for option in meeting_moves(found, actor=request.actor, now=request.now)}
    present, proposed = board_and_proposed(found)
    there, people = [one.fact for one in present], {one.username: one for one in present}
    items = () if found.is_over else agenda_of(found, now=request.now)
    return {
        "meeting": found,
        "agenda": agenda_rows(found, items, actor=request.actor),
        "strip": _strip(found, items, request),
        "seats": [
            {"label": seated.seat.label, "person": seated.signature and people[seated.signature.person]}
            for seated in policy.seats_present(there)
        ],
        "attended": present,
        "quorum": policy.has_quorum(there),
        "is_there": request.actor.username in {fact.person for fact in there},
        "may": {name: option.allowed for name, option in options.items()},
        "proposed": proposed,
        "asked": {
            "add": bound if verb == "add" else ask.ItemForm(auto_id="add_%s"),
            "close": bound if verb == "close" else ask.CloseForm(auto_id="close_%s"),
            "cancel": bound if verb == "cancel" else ask.CancelForm(auto_id="cancel_%s"),
        },
        "failed": verb,
        "crumbs": _above(),
    }


def _strip(found: CabMeeting, items: Sequence[AgendaItem], request: PageRequest) -> Strip | None:
    changes = [item.change for item in items]
    weeks = weeks_around(changes, now=request.now)
    if not weeks:
        return None
    numbers = [change.number for change in changes]
    return strip_of(calendar_around(weeks), weeks, places_of(found, numbers), changes, now=request.now)


def _above() -> list[tuple[str, str]]:
    return [(_("CAB"), reverse("cab"))]


def _page(reference: str) -> str:
    return reverse("cab-meeting", args=[reference])
