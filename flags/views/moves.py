"""What is done to a flag from its pages: kill, expose, restore, ramp, approve, re-shuffle, withdraw, archive; the playground and the history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cybercube_portal.web import SHOWN_AGAIN, PageRequest, Tab, page_of_rows, show, show_again
from flags import permissions
from flags.actions.approving import approve_ramp
from flags.actions.flags import archive_flag
from flags.actions.reshuffling import reshuffle_flag
from flags.actions.serving import change_flag, kill_flag, ramp_flag, restore_flag
from flags.actions.stopping import withdraw_step
from flags.evaluation import Environment
from flags.forms.moves import (
    ExposeForm,
    KillForm,
    PlaygroundForm,
    RampForm,
    ReasonForm,
    ReshuffleForm,
    RestoreForm,
)
from flags.forms.rules import MEMBERS, quoted_conditions, values_in, written_member, written_value
from flags.models import Flag
from flags.selectors.flags import definitions, get_flag, get_served, versions_of
from flags.tracing import trace
from flags.views.flags import ENVIRONMENTS, ONE, above, allows, flag_context
from flags.views.serving import said

HISTORY, PLAYGROUND = "flags/history.html", "flags/playground.html"


@require_http_methods(["GET", "HEAD", "POST"])
def flag_move(request: PageRequest, key: str, verb: str) -> HttpResponse:
    """One verb of `urls.VERBS`. A link only opens the page."""
    if request.method != "POST":
        return redirect("flag", key)
    flag = get_flag(key)
    form = _form(verb, request, flag)
    environment = request.POST.get("environment", "")
    context: Callable[[], dict[str, Any]] = lambda: flag_context(  # noqa: E731 - read only when the page is shown again
        request, flag, verb=verb, environment=environment, bound=form
    )
    if not form.is_valid():
        return show(request, ONE, context(), form=form)
    try:
        said = _done(verb, request, key, form)
    except SHOWN_AGAIN as error:
        return show_again(request, ONE, context(), form=form, error=error)
    messages.success(request, said)
    return redirect("flag", key)


FORMS: dict[str, type[forms.BaseForm]] = {
    "restore": RestoreForm,
    "ramp": RampForm,
    "expose": ExposeForm,
    "reshuffle": ReshuffleForm,
}


def _form(verb: str, request: PageRequest, flag: Flag) -> forms.BaseForm:
    if verb == "kill":
        return KillForm(request.POST, key=flag.key)
    return FORMS.get(verb, ReasonForm)(request.POST)


def _done(verb: str, request: PageRequest, key: str, form: forms.BaseForm) -> str:
    who: dict[str, Any] = {"key": key, "actor": request.actor, "now": request.now}
    if isinstance(form, RampForm):
        where = form.cleaned_data["environment"]
        version = get_served(key, where).version
        reason = form.cleaned_data["reason"]
        return said(ramp_flag(environment=where, version=version, ramp=form.ramp(), reason=reason, **who))
    return DONE[verb](form.cleaned_data, who)


def _kill(sent: dict[str, Any], who: dict[str, Any]) -> str:
    kill_flag(environment=sent["environment"], reason=sent["reason"], **who)
    return _("Killed: everybody is served the safe variant.")


def _expose(sent: dict[str, Any], who: dict[str, Any]) -> str:
    changes = {"enabled": True, "rollout_percentage": sent["rollout_percentage"]}
    where = {name: sent[name] for name in ("environment", "version", "reason")}
    return said(change_flag(changes=changes, **where, **who))


def _restore(sent: dict[str, Any], who: dict[str, Any]) -> str:
    return said(restore_flag(environment=sent["environment"], version=sent["version"], **who))


def _approve(sent: dict[str, Any], who: dict[str, Any]) -> str:
    return said(approve_ramp(environment=sent["environment"], reason=sent["reason"], **who))


def _reshuffle(sent: dict[str, Any], who: dict[str, Any]) -> str:
    return said(reshuffle_flag(**sent, **who))


def _withdraw(sent: dict[str, Any], who: dict[str, Any]) -> str:
    withdraw_step(environment=sent["environment"], reason=sent["reason"], **who)
    return _("Withdrawn.")


def _archive(sent: dict[str, Any], who: dict[str, Any]) -> str:
    archive_flag(reason=sent["reason"], **who)
    return _("Archived.")


DONE: dict[str, Callable[[dict[str, Any], dict[str, Any]], str]] = {
    "kill": _kill,
    "expose": _expose,
    "restore": _restore,
    "approve": _approve,
    "reshuffle": _reshuffle,
    "withdraw": _withdraw,
    "archive": _archive,
}


@require_safe
def flag_history(request: PageRequest, key: str) -> HttpResponse:
    """Every version with what it changed."""
    flag = get_flag(key)
    where = request.GET.get("environment", "")
    where = where if where in ENVIRONMENTS else "prd"
    page = page_of_rows(request, versions_of(flag, environment=where), order=("-at", "-id"))
    known = versions_of(flag, environment=where).filter(number__in=[row.number - 1 for row in page.rows])
    before = {row.number: row.content for row in known}
    rows = [
        {
            "version": row,
            "difference": _difference(before.get(row.number - 1), row.content),
        }
        for row in page.rows
    ]
    tabs = [Tab(label=name, url=f"?environment={name}", active=name == where) for name in ENVIRONMENTS]
    may_change = flag.archived_at is None and allows(request, permissions.CHANGE_FLAG, flag)
    context = {"crumbs": above(flag), "flag": flag, "rows": rows, "page": page, "tabs": tabs, "where": where}
    return show(request, HISTORY, {**context, "may_change": may_change})


def _difference(before: dict[str, Any] | None, after: dict[str, Any]) -> list[dict[str, Any]]:
    """What a version changed, member by member, as people read it."""
    if before is None:
        return []
    had, has = values_in(before.get("rules", ())), values_in(after.get("rules", ()))
    return [
        {
            "word": word,
            "texts": (written_member(name, before[name], beside=has), written_member(name, after[name], beside=had)),
        }
        for name, word in MEMBERS.items()
        if name in before and name in after and before[name] != after[name]
    ]


@require_safe
def flag_playground(request: PageRequest, key: str) -> HttpResponse:
    """Why somebody is answered what."""
    flag = get_flag(key)
    asked = {"environment": "prd", "context": "targetingKey = user-1", **request.GET.dict()}
    form = PlaygroundForm(asked)
    context: dict[str, Any] = {"crumbs": above(flag), "flag": flag}
    if form.is_valid():
        written = definitions(form.cleaned_data["environment"] or "prd")
        who = form.cleaned_data["context"]
        environment = Environment(written)
        result = environment.evaluate(key, who)
        context |= {"result": result, "value": written_value(result.value)}
        if key in written["flags"]:
            steps = trace(environment, written["flags"][key], who)
            context["steps"] = [{**step, "conditions": _conditions(step)} for step in steps]
    return show(request, PLAYGROUND, context, form=form)


def _conditions(step: dict[str, Any]) -> list[dict[str, Any]]:
    """The conditions of a rule's step with the line that people write for each."""
    return [{**entry, "line": quoted_conditions([entry])} for entry in step.get("conditions", ())]
