"""One verb for several changes: a page that says what will happen to each, then each by its ordinary action, judged alone.

Nothing is approved here: a signature is for content that was read (DECISIONS.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from changes.selectors.changes import changes_numbered
from changes.selectors.several import prospects
from changes.views.moves import VERBS, Verb
from cybercube_portal.errors import PortalError
from cybercube_portal.web import PageRequest, back_to, show

CONFIRM, DONE = "changes/bulk.html", "changes/bulk_done.html"
# What one page of the list holds.
MOST = 50
KEPT = "bulk_outcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A verb that may be said of several changes. `done` heads the list of those that it was done to."""

    verb: Verb
    label: str | Promise
    title: str | Promise
    done: str | Promise
    icon: str
    tone: str = ""


_BY_NAME = {verb.name: verb for verb in VERBS}
ACTS: dict[str, Act] = {
    "comment": Act(
        verb=_BY_NAME["comment"],
        label=gettext_lazy("Comment"),
        title=gettext_lazy("Comment on several changes"),
        done=gettext_lazy("Commented on"),
        icon="message-square",
    ),
    "close": Act(
        verb=_BY_NAME["close"],
        label=gettext_lazy("Close"),
        title=gettext_lazy("Close several changes"),
        done=gettext_lazy("Closed"),
        icon="archive",
    ),
    "cancel": Act(
        verb=_BY_NAME["cancel"],
        label=gettext_lazy("Cancel"),
        title=gettext_lazy("Cancel several changes"),
        done=gettext_lazy("Cancelled"),
        icon="ban",
        tone="danger",
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
def changes_bulk(request: PageRequest) -> HttpResponse:
    """What would happen to each; sent from there, do it."""
    sent = request.POST if request.method == "POST" else request.GET
    act, numbers = ACTS.get(sent.get("act", "")), _numbers(sent)
    if act is None or not numbers:
        messages.warning(request, _("Tick the changes first, then say what to do with them."))
        return redirect(back_to(request, default=reverse("changes")))
    form = act.verb.form(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return show(request, CONFIRM, _confirming(request, act, numbers), form=form)
    given = {name: form.cleaned_data[name] for name in act.verb.takes}
    outcome = _carried_out(request, act, numbers, given)
    request.session[KEPT] = {"act": act.verb.name, "next": back_to(request, default=reverse("changes")), **outcome}
    return redirect("changes-bulk-done")


@require_safe
def changes_bulk_done(request: PageRequest) -> HttpResponse:
    """What was done last, and what was refused and why."""
    kept: Mapping[str, Any] | None = request.session.get(KEPT)
    if kept is None:
        return redirect("changes")
    return show(request, DONE, {**kept, "act": ACTS[kept["act"]]})


def _numbers(sent: QueryDict) -> list[str]:
    clean = (number.replace("\x00", "").strip()[:24] for number in sent.getlist("number"))
    return [number for number in dict.fromkeys(clean) if number][:MOST]


def _confirming(request: PageRequest, act: Act, numbers: list[str]) -> dict[str, Any]:
    found = prospects(numbers, act.verb.name, actor=request.actor, now=request.now)
    known = {prospect.change.number for prospect in found}
    return {
        "act": act,
        "possible": [prospect for prospect in found if prospect.possible],
        "refused": [prospect for prospect in found if not prospect.possible],
        "unknown": [number for number in numbers if number not in known],
        "next": back_to(request, default=reverse("changes")),
    }


def _carried_out(
    request: PageRequest, act: Act, numbers: list[str], given: Mapping[str, Any]
) -> dict[str, list[tuple[str, str]]]:
    """(number, title or reason) of those that it was done to, and of those that refused it."""
    titles = dict(changes_numbered(numbers).values_list("number", "title"))
    done, refused = [], []
    for number in numbers:
        try:
            act.verb.act(number=number, actor=request.actor, now=request.now, **given)
        except PortalError as refusal:
            refused.append((number, str(refusal)))
        else:
            done.append((number, titles.get(number, "")))
    return {"done": done, "refused": refused}
