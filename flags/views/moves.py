"""What is done to a flag from its pages: change what it serves, kill, restore, ramp, withdraw, archive; the playground and the history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from changes.policy.content import difference
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, Tab, page_of_rows, show, show_again
from flags import permissions
from flags.actions.flags import archive_flag
from flags.actions.serving import Served, change_flag, kill_flag, ramp_flag, restore_flag
from flags.actions.stopping import withdraw_step
from flags.evaluation import OPERATORS, PERCENTAGE, PRESENCE, SEGMENTS, Environment
from flags.forms.flags import KillForm, PlaygroundForm, RampForm, ReasonForm, RestoreForm, ServingForm
from flags.models import Flag
from flags.selectors.flags import definitions, get_flag, get_served, versions_of
from flags.tracing import trace
from flags.views.flags import ENVIRONMENTS, ONE, above, allows, flag_context

EDIT, HISTORY, PLAYGROUND = "flags/serving.html", "flags/history.html", "flags/playground.html"
EXAMPLES = ("plan in pro, team", "user.id percentage 5", "segment beta-testers")


@require_http_methods(["GET", "HEAD", "POST"])
def flag_serving(request: PageRequest, key: str, environment: str) -> HttpResponse:
    """Edit what the flag serves in one environment."""
    row = get_served(key, environment)
    form = ServingForm(request.POST or None, row=row)
    operators = (*OPERATORS, *PRESENCE, PERCENTAGE, *SEGMENTS)
    context = {"crumbs": above(row.flag), "flag": row.flag, "row": row, "operators": operators, "examples": EXAMPLES}
    if not form.is_valid():
        return show(request, EDIT, context, form=form)
    cleaned = form.cleaned_data
    try:
        served = change_flag(
            key=key,
            environment=environment,
            version=cleaned["version"],
            changes=form.changes(),
            reason=cleaned["reason"],
            scheduled_time=cleaned["scheduled_time"],
            actor=request.actor,
            now=request.now,
        )
    except SHOWN_AGAIN as error:
        return show_again(request, EDIT, context, form=form, error=error)
    messages.success(request, _said(served))
    return redirect("flag", key)


def _said(served: Served) -> str:
    if served.version is not None:
        by = _(" It went by %(change)s.") % {"change": served.change} if served.change else ""
        return _("Version %(number)s is served.") % {"number": served.version.number} + by
    if served.change:
        return _("%(change)s was opened for it: it is served once that is approved and its time has come.") % {
            "change": served.change
        }
    return _("It is planned.") if served.step else _("Nothing changed.")


@require_http_methods(["GET", "HEAD", "POST"])
def flag_move(request: PageRequest, key: str, verb: str) -> HttpResponse:
    """Kill, restore, ramp, withdraw or archive. A link only opens the page."""
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


def _form(verb: str, request: PageRequest, flag: Flag) -> forms.BaseForm:
    if verb == "kill":
        return KillForm(request.POST, key=flag.key)
    kinds: dict[str, type[forms.BaseForm]] = {"restore": RestoreForm, "ramp": RampForm}
    return kinds.get(verb, ReasonForm)(request.POST)


def _done(verb: str, request: PageRequest, key: str, form: forms.BaseForm) -> str:
    who: dict[str, Any] = {"actor": request.actor, "now": request.now}
    cleaned = form.cleaned_data
    if verb == "archive":
        archive_flag(key=key, reason=cleaned["reason"], **who)
        return _("Archived.")
    environment = cleaned["environment"]
    if verb == "kill":
        kill_flag(key=key, environment=environment, reason=cleaned["reason"], **who)
        return _("Killed: everybody is served the safe variant.")
    if verb == "withdraw":
        withdraw_step(key=key, environment=environment, reason=cleaned["reason"], **who)
        return _("Withdrawn.")
    if verb == "ramp" and isinstance(form, RampForm):
        version = get_served(key, environment).version
        return _said(
            ramp_flag(
                key=key, environment=environment, version=version, ramp=form.ramp(), reason=cleaned["reason"], **who
            )
        )
    return _said(restore_flag(key=key, environment=environment, version=cleaned["version"], **who))


@require_safe
def flag_history(request: PageRequest, key: str) -> HttpResponse:
    """Every version with what it changed."""
    flag = get_flag(key)
    where = request.GET.get("environment", "")
    where = where if where in ENVIRONMENTS else "prd"
    page = page_of_rows(request, versions_of(key, environment=where), order=("-at", "-id"))
    known = versions_of(key, environment=where).filter(number__in=[row.number - 1 for row in page.rows])
    before = {row.number: row.content for row in known}
    rows = [
        {
            "version": row,
            "difference": difference(before[row.number - 1], row.content) if row.number - 1 in before else (),
        }
        for row in page.rows
    ]
    tabs = [Tab(label=name, url=f"?environment={name}", active=name == where) for name in ENVIRONMENTS]
    may_change = flag.archived_at is None and allows(request, permissions.CHANGE_FLAG, flag)
    context = {"crumbs": above(flag), "flag": flag, "rows": rows, "page": page, "tabs": tabs, "where": where}
    return show(request, HISTORY, {**context, "may_change": may_change})


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
        context["result"] = Environment(written).evaluate(key, who)
        if key in written["flags"]:
            context["steps"] = trace(Environment(written), written["flags"][key], who)
    return show(request, PLAYGROUND, context, form=form)
