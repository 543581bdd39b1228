"""The page of one release: its five phases, its checklist with what proves each fact, and its moves (§5.2, §5.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from changes.selectors.moves import MoveOption
from cybercube_portal.database.together import together
from cybercube_portal.decisions import Reason
from cybercube_portal.notices.selectors.watches import watches_of
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again
from releases.actions import releases as actions
from releases.actions.checklist import tick_item
from releases.permissions import EDIT_RELEASE, TICK_ITEM
from releases.policy.contents import JudgedItem, Part
from releases.policy.releases import PHASES, phase_of
from releases.release_forms import CancelReleaseForm, NothingForm, TickForm
from releases.selectors.release_moves import judge_person, moves_for
from releases.selectors.release_situation import ReleaseSituation
from releases.selectors.releases import get_release, ticks_of
from releases.states import ReleaseState
from releases.views.release_timeline import entries_of, events_of

TEMPLATE = "releases/release.html"
PHASE_WORDS: dict[str, tuple[str | Promise, str | Promise]] = {
    "prepare": (gettext_lazy("Prepare"), gettext_lazy("version, changelog, tests")),
    "approve": (gettext_lazy("Approve"), gettext_lazy("review, risk, approvals, schedule")),
    "deploy": (gettext_lazy("Deploy"), gettext_lazy("staging, then production")),
    "verify": (gettext_lazy("Verify"), gettext_lazy("health, metrics, 30 minutes")),
    "communicate": (gettext_lazy("Communicate"), gettext_lazy("notes, announcement")),
}
PART_WORDS: dict[Part, str | Promise] = {
    Part.PRE_RELEASE: gettext_lazy("Pre-Release"),
    Part.APPROVAL: gettext_lazy("Approval"),
    Part.DEPLOYMENT: gettext_lazy("Deployment"),
    Part.POST_RELEASE: gettext_lazy("Post-Release"),
}
ICONS = {"submit": "send", "stage": "package-open", "deploy": "rocket", "publish": "party-popper", "cancel": "ban"}
MAIN = ("submit", "stage", "deploy", "publish")
Verb = tuple[type[forms.Form], Callable[..., Any], str | Promise]
VERBS: dict[str, Verb] = {
    "submit": (NothingForm, actions.submit_release, gettext_lazy("Handed to its approvers.")),
    "stage": (NothingForm, actions.stage_release, gettext_lazy("On its way to staging.")),
    "deploy": (NothingForm, actions.deploy_release, gettext_lazy("On its way to production.")),
    "publish": (NothingForm, actions.publish_release, gettext_lazy("Released.")),
    "cancel": (CancelReleaseForm, actions.cancel_release, gettext_lazy("Cancelled, and its change with it.")),
}


@dataclass(frozen=True, slots=True)
class Button:
    """One verb as `changes/parts/move.html` draws it."""

    verb: str
    label: str
    url: str
    icon: str
    tone: str
    allowed: bool
    why: tuple[Reason, ...] = ()
    form: forms.Form | None = None
    opened: bool = False


@require_safe
def release(request: PageRequest, reference: str) -> HttpResponse:
    """One release."""
    return show(request, TEMPLATE, release_context(request, reference))


@require_http_methods(["GET", "HEAD", "POST"])
def release_move(request: PageRequest, reference: str, verb: str) -> HttpResponse:
    """Say a verb. A link only opens the page."""
    if request.method != "POST":
        return redirect("release", reference)
    kind, act, said = VERBS[verb]
    form = kind(request.POST)
    if not form.is_valid():
        return show(request, TEMPLATE, release_context(request, reference, failed=verb, bound=form), form=form)
    try:
        act(reference=reference, actor=request.actor, now=request.now, **form.cleaned_data)
    except SHOWN_AGAIN as error:
        context = release_context(request, reference, failed=verb, bound=form)
        return show_again(request, TEMPLATE, context, form=form, error=error)
    messages.success(request, str(said))
    return redirect("release", reference)


@require_http_methods(["GET", "HEAD", "POST"])
def release_checklist(request: PageRequest, reference: str) -> HttpResponse:
    """Tick an item, or take the tick back. A link only opens the page."""
    if request.method != "POST":
        return redirect("release", reference)
    form = TickForm(request.POST)
    context: dict[str, Any] = {}
    if not form.is_valid():
        return show(request, TEMPLATE, release_context(request, reference), form=form)
    try:
        tick_item(reference=reference, actor=request.actor, now=request.now, **form.cleaned_data)
    except SHOWN_AGAIN as error:
        context = release_context(request, reference)
        return show_again(request, TEMPLATE, context, form=form, error=error)
    return redirect(f"{reverse('release', args=[reference])}#checklist")


def release_context(
    request: PageRequest, reference: str, *, failed: str = "", bound: forms.Form | None = None
) -> dict[str, Any]:
    """What the page draws. `failed` is the verb that was just refused and `bound` its form with what was typed."""
    found = get_release(reference)
    situation = ReleaseSituation(found, now=request.now)
    events, situation.ticks, watches = together(
        events_of(reference), ticks_of(found), watches_of(request.actor.id).filter(subject=reference)
    )
    buttons = [
        _button(option, found.reference, bound=bound if option.verb == failed else None)
        for option in moves_for(situation, actor=request.actor)
    ]
    may_tick = judge_person(situation, TICK_ITEM, actor=request.actor).allowed
    return {
        "release": found,
        "situation": situation,
        "state": situation.state,
        "phases": list(_phases(found.state, phase=phase_of(found.state, is_watched=situation.is_watched))),
        "main": next((button for button in buttons if button.verb in MAIN), None),
        "others": [button for button in buttons if button.verb not in MAIN],
        "parts": list(_parts(situation.checklist)),
        "open_items": situation.open_items,
        "may_tick": may_tick,
        "may_write": judge_person(situation, EDIT_RELEASE, actor=request.actor).allowed,
        "artifacts": list(_artifacts(situation)),
        "migrations": situation.migrations,
        "deployments": list(reversed(situation.deployments))[:10],
        "entries": entries_of(events),
        "is_watched": bool(watches),
        "crumbs": [(_("Releases"), reverse("releases"))],
    }


def _button(option: MoveOption, reference: str, *, bound: forms.Form | None) -> Button:
    asks = option.verb == "cancel"
    return Button(
        verb=option.verb,
        label=option.label,
        url=reverse(f"release-{option.verb}", args=[reference]),
        icon=ICONS[option.verb],
        tone="danger" if asks else "primary",
        allowed=option.allowed,
        why=option.reasons,
        form=(bound or CancelReleaseForm()) if asks else None,
        opened=bound is not None,
    )


def _phases(state: str, *, phase: str | None) -> Iterator[dict[str, Any]]:
    """The stepper of §5.2. What ended elsewhere stopped; a released one has all behind it."""
    here = PHASES.index(phase) if phase else -1
    for index, step in enumerate(PHASES):
        standing = "done" if index < here or state == ReleaseState.RELEASED else "to_come"
        if index == here and state != ReleaseState.RELEASED:
            standing = "current"
        if here < 0:
            standing = "stopped"
        words, detail = PHASE_WORDS[step]
        yield {"number": index + 1, "words": words, "detail": detail, "standing": standing}


def _parts(items: tuple[JudgedItem, ...]) -> Iterator[dict[str, Any]]:
    for part in Part:
        rows = [row for row in items if row.item.part is part]
        yield {"words": PART_WORDS[part], "rows": rows, "done": sum(row.is_done for row in rows)}


def _artifacts(situation: ReleaseSituation) -> Iterator[dict[str, Any]]:
    for entry in situation.release.artifacts:
        name = (entry["service"], entry["version"])
        fact = situation.artifacts.get(name)
        yield {
            "name": f"{entry['service']}:{entry['version']}",
            "digest": fact.digest if fact else entry["digest"],
            "is_registered": fact is not None,
            "staging": situation.in_staging.get(name),
            "production": situation.in_production.get(name),
        }
