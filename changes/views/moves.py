"""`POST /changes/<number>/<verb>/`: one row for each verb, the same words as over REST (house.md section 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from changes.actions import approvals, emergencies
from changes.actions import changes as actions
from changes.actions.content import comment_change
from changes.forms import moves as ask
from changes.selectors.changes import get_change
from changes.selectors.page import change_page
from changes.views.change import TEMPLATE, approvers_of, change_context
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, back_to, show, show_again


@dataclass(frozen=True, slots=True)
class Verb:
    """`act(number=…, actor=…, now=…, **cleaned)` does it; `takes` are the form's fields it is given, `said` what follows."""

    name: str
    form: type[forms.BaseForm]
    act: Callable[..., Any]
    said: str | Promise
    takes: tuple[str, ...] = ()


SIGNED = ("comment", "content_hash")
VERBS: tuple[Verb, ...] = (
    Verb("submit", ask.NothingForm, actions.submit_change, _("Submitted.")),
    Verb("approve", ask.ReviewForm, approvals.approve_change, _("Your approval is noted."), SIGNED),
    Verb("refuse", ask.ReviewForm, approvals.refuse_change, _("Refused. Its requester can revise it."), SIGNED),
    Verb("withdraw", ask.NothingForm, approvals.withdraw_approval, _("Your approval is withdrawn.")),
    Verb("revise", ask.NothingForm, actions.revise_change, _("It is a draft again.")),
    Verb("cancel", ask.CancelForm, actions.cancel_change, _("Cancelled."), ("reason",)),
    Verb(
        "reschedule",
        ask.RescheduleForm,
        actions.reschedule_change,
        _("Rescheduled."),
        ("scheduled_time", "estimated_duration"),
    ),
    Verb(
        "authorise",
        ask.AuthoriseForm,
        emergencies.authorise_change,
        _("Authorised. Its record is due 24 hours after the start."),
        ("approver", "verbal_at", "how", "criteria", "started_at"),
    ),
    Verb("confirm", ask.NothingForm, emergencies.confirm_authorisation, _("Confirmed.")),
    Verb("start", ask.NothingForm, actions.start_change, _("Started.")),
    Verb("finish", ask.FinishForm, actions.finish_change, _("Finished; verify it now."), ("notes",)),
    Verb("roll_back", ask.RollBackForm, actions.roll_back_change, _("Rolled back."), ("reason",)),
    Verb("close", ask.CloseForm, actions.close_change, _("Closed."), ("outcome", "notes")),
    Verb("document", ask.NothingForm, emergencies.document_change, _("Write its record now.")),
    Verb(
        "record",
        ask.RecordForm,
        emergencies.record_emergency,
        _("The record is complete, the change is closed."),
        ("what_happened", "prevention", "severity", "postmortem_at"),
    ),
    Verb("comment", ask.CommentForm, comment_change, _("Your comment is there."), ("body",)),
)


def move_routes() -> list[URLPattern]:
    """An address for each verb."""
    return [
        path(f"changes/<str:number>/{verb.name}/", move, {"verb": verb}, name=f"change-{verb.name}") for verb in VERBS
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: PageRequest, number: str, verb: Verb) -> HttpResponse:
    """Do it and go back to where it was asked; a refusal shows the change's page with what was typed. A link only opens the page."""
    page = reverse("change", args=[number])
    if request.method != "POST":
        return redirect(page)
    form = _bound(verb, request, number=number)
    if not form.is_valid():
        context = change_context(request, number, failed=verb.name, bound=form)
        return show(request, TEMPLATE, context, form=form)
    given = {name: form.cleaned_data[name] for name in verb.takes}
    try:
        verb.act(number=number, actor=request.actor, now=request.now, **given)
    except SHOWN_AGAIN as error:
        form = _with_fresh_hash(form, content_hash=get_change(number).content_hash)
        context = change_context(request, number, failed=verb.name, bound=form)
        return show_again(request, TEMPLATE, context, form=form, error=error)
    messages.success(request, str(verb.said))
    return redirect(back_to(request, default=page))


def _bound(verb: Verb, request: PageRequest, *, number: str) -> forms.BaseForm:
    if verb.form is ask.AuthoriseForm:
        page = change_page(number, reader=request.actor.id, now=request.now)
        return ask.AuthoriseForm(request.POST, approvers=approvers_of(page))
    return verb.form(request.POST)


def _with_fresh_hash(form: forms.BaseForm, *, content_hash: str) -> forms.BaseForm:
    """The same form for the content as it is now: whoever reads it again may sign that."""
    if "content_hash" not in form.fields:
        return form
    again = type(form)({**form.data.dict(), "content_hash": content_hash})  # type: ignore[attr-defined]
    again.is_valid()
    return again
