"""The page of one change: what stands in its way, who can act, what it changes, and what happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event

from changes.forms import moves as ask
from changes.panels import hear, mark_of, panels_of
from changes.policy.emergency import Severity
from changes.selectors.moves import moves_for
from changes.selectors.page import ChangePage, change_page
from changes.selectors.readiness import readiness
from changes.selectors.situation import Situation
from changes.states import MATERIAL_STATES, ChangeOutcome, ChangeState, SignatureState
from changes.views.live import asked, at_tick, live_of
from changes.views.merge_box import merge_box
from changes.views.timeline import entries_of, last_of
from changes.words import label_of, named, text_of
from cybercube_portal.people.roles import EMERGENCY_APPROVERS
from cybercube_portal.web import PageRequest, asked_by_itself, show
from cybercube_portal.web.sentences import in_words

TEMPLATE, LIVE = "changes/change.html", "changes/live.html"


@require_safe
def change(request: PageRequest, number: str) -> HttpResponse:
    """One change."""
    return show(request, TEMPLATE, change_context(request, number))


@require_safe
@asked_by_itself
def change_live(request: PageRequest, number: str) -> HttpResponse:
    """What a page that stands open asks: 204 while nothing moved (one query), else its moving parts. A link opens the page.

    What somebody types is never swapped away (`static/changes/live.js`).
    """
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("change", number)
    page, mark = asked(request.GET), mark_of(number)
    if page.seen == at_tick(mark, request.now):
        return HttpResponse(status=204)
    context = change_context(request, number, read=page.read)
    is_news = page.seen.rpartition(".")[0] != mark
    answer = show(request, LIVE, context | {"said": last_of(context["entries"]) if is_news else []})
    # What asks for its own part asks again.
    return trigger_client_event(answer, "change-moved")


def change_context(
    request: PageRequest,
    number: str,
    *,
    failed: str = "",
    bound: forms.BaseForm | None = None,
    read: str = "",
) -> dict[str, Any]:
    """What the page draws. `failed` is the verb that was just refused and `bound` its form with what was typed.

    `read` is the hash of the content that the reader has before them, when that is not what is drawn now: it is what they sign.
    """
    page = change_page(number, reader=request.actor.id, now=request.now)
    situation, change = page.situation, page.situation.change
    options = moves_for(situation, actor=request.actor)
    asked = {option.verb: _form_of(option.verb, page) for option in options if option.allowed}
    if bound is not None:
        asked[failed] = bound
    heard = hear(change)
    live = live_of(change, mark=heard.mark, now=request.now, read=read or change.content_hash)
    review = (
        bound
        if failed in {"approve", "refuse"}
        else ask.ReviewForm(initial={"content_hash": read or change.content_hash})
    )
    return {
        "change": change,
        "live_url": live.url(number) if live else "",
        "content_moved": bool(read) and read != change.content_hash,
        "situation": situation,
        "box": merge_box(
            situation,
            rows=readiness(situation),
            options=options,
            asked={verb: form for verb, form in asked.items() if form is not None},
            holders=page.holders,
            failed=failed,
        ),
        "review_form": review,
        "comment_form": bound if failed == "comment" else ask.CommentForm(),
        "entries": entries_of(page, heard),
        "since_mine": named(page.since_mine),
        "is_watched": page.is_watched,
        "superseded": _superseded(situation),
        "artifacts": _artifacts(situation),
        "parameters": [(label_of(name), text_of(value)) for name, value in change.parameters.items()],
        "answered": _answers(change.risk_answers),
        "exceptions": page.exceptions,
        "may_edit": change.state in MATERIAL_STATES,
        "panels": panels_of(change, request, heard),
        "record_url": _record_url(change.number),
        "crumbs": [(_("Changes"), reverse("changes"))],
    }


def _form_of(verb: str, page: ChangePage) -> forms.BaseForm | None:
    """What the verb asks before it is done; None when it asks nothing."""
    change = page.situation.change
    if verb == "authorise":
        return ask.AuthoriseForm(approvers=approvers_of(page), initial={"verbal_at": page.situation.now})
    slot = {"scheduled_time": change.scheduled_time, "estimated_duration": change.estimated_duration}
    rolled_back = change.state == ChangeState.ROLLED_BACK
    ended = ChangeOutcome.ROLLED_BACK if rolled_back else ChangeOutcome.SUCCESSFUL
    first: dict[str, tuple[type[forms.BaseForm], dict[str, Any]]] = {
        "reschedule": (ask.RescheduleForm, slot),
        "cancel": (ask.CancelForm, {}),
        "roll_back": (ask.RollBackForm, {}),
        "finish": (ask.FinishForm, {}),
        "close": (ask.CloseForm, {"outcome": ended.value}),
        "record": (ask.RecordForm, {"severity": Severity.SEV_3.value}),
    }
    kind, initial = first.get(verb, (None, {}))
    return kind(initial=initial) if kind else None


def approvers_of(page: ChangePage) -> list[tuple[str, str]]:
    """(user name, label) of those who may approve this emergency (§6.4), never its requester."""
    own = page.situation.change.requester.username
    able = {
        one.username: f"{one.name}, {in_words(one.role.label)}"
        for one in page.holders
        if one.role in EMERGENCY_APPROVERS
    }
    return [(username, label) for username, label in able.items() if username != own]


def _superseded(situation: Situation) -> list[Any]:
    ended = {SignatureState.SUPERSEDED, SignatureState.WITHDRAWN}
    return [view.signature for view in situation.signatures if view.signature.state in ended]


def _artifacts(situation: Situation) -> list[dict[str, Any]]:
    """Each artifact it names with its digest, and what its pipeline reported."""
    known = {fact.reference: fact for fact in situation.artifacts}
    shown = []
    for entry in situation.change.artifacts:
        name = f"{entry['service']}:{entry['version']}"
        fact = known.get(name)
        stages = [
            {"stage": stage.value, "outcome": "pass" if evidence.passed else "fail", "url": evidence.url}
            for stage, evidence in (fact.stages.items() if fact else ())
        ]
        shown.append({"name": name, "digest": entry.get("digest", ""), "fact": fact, "stages": stages})
    return shown


def _answers(answers: Mapping[str, bool | None]) -> str:
    open_ones = sum(answer is None for answer in answers.values())
    return _("%(count)s of 7 answered") % {"count": 7 - open_ones} if open_ones else ""


def _record_url(number: str) -> str:
    """Where the YAML record of §6.6 is read."""
    try:
        return reverse("api-change-record", args=[number])
    except NoReverseMatch:
        return ""
