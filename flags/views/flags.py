"""Flags: the list, a new one, one flag with its environments side by side."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.people.guard import Permission, may
from cybercube_portal.people.views.lists import show_list
from cybercube_portal.people.views.unsent import recall, sending
from cybercube_portal.query.words import ME
from cybercube_portal.web import SHOWN_AGAIN, ChipGroup, Column, Listing, ListPage, PageRequest, show, show_again
from flags import permissions
from flags.actions.flags import FlagPlan, create_flag
from flags.api.showing import shown_flags
from flags.forms.flags import FlagForm
from flags.forms.moves import ExposeForm, KillForm, RampForm, ReasonForm
from flags.forms.rules import written_rule, written_value
from flags.forms.serving import shortest
from flags.models import Flag, FlagEnvironment
from flags.policy.exposure import certain_of
from flags.policy.naming import FlagType
from flags.selectors.facts import references_listed
from flags.selectors.flags import flags_shown, get_flag, versions_of
from flags.selectors.steps import unsettled_steps
from flags.selectors.usage import usage_of
from flags.selectors.words import LANGUAGE

LIST, NEW, ONE = "flags/flags.html", "flags/new.html", "flags/flag.html"
ENVIRONMENTS = ("dev", "stg", "prd")
SHOWN_VERSIONS, SHOWN_REFERENCES = 8, 20


def _served_in(flag: Flag, *, environment: str) -> str:
    """What the environment serves, for the file: killed, off, or how many per cent for certain."""
    row = next((row for row in flag.environments.all() if row.environment == environment), None)
    if row is None or not row.content["enabled"]:
        return "off"
    return "killed" if row.killed_at else f"{certain_of(row.content, flag.safe_variant):g} %"


LISTING: Listing[Flag] = Listing(
    name="flags",
    api="api-flags",
    language=LANGUAGE,
    rows=flags_shown,
    chips=(
        ChipGroup(
            label=gettext_lazy("State"),
            word="is",
            values={"in_use": gettext_lazy("In use"), "archived": gettext_lazy("Archived")},
            one=True,
            every=gettext_lazy("All"),
        ),
        ChipGroup(
            label=gettext_lazy("Trouble"),
            word="is",
            values={"killed": gettext_lazy("Killed"), "expired": gettext_lazy("Expired")},
            one=True,
        ),
        ChipGroup(
            label=gettext_lazy("Type"),
            word="type",
            values={
                FlagType.RELEASE: gettext_lazy("Release"),
                FlagType.OPS: gettext_lazy("Ops"),
                FlagType.EXPERIMENT: gettext_lazy("Experiment"),
                FlagType.PERMISSION: gettext_lazy("Permission"),
            },
        ),
        ChipGroup(label=gettext_lazy("Whose"), word="team", values={ME: gettext_lazy("My team")}),
    ),
    columns=(
        Column(gettext_lazy("Key"), lambda row: row.key),
        Column(gettext_lazy("Name"), lambda row: row.name),
        Column(gettext_lazy("Type"), lambda row: row.type),
        Column(gettext_lazy("Team"), lambda row: row.team.slug),
        Column(gettext_lazy("Service"), lambda row: row.service.slug if row.service else ""),
        Column(gettext_lazy("Owner"), lambda row: row.owner.username if row.owner else ""),
        Column(gettext_lazy("Tags"), lambda row: row.tags),
        *(Column(name, partial(_served_in, environment=name)) for name in ENVIRONMENTS),
        Column(gettext_lazy("Expires"), lambda row: row.expires_at),
        Column(gettext_lazy("Defined"), lambda row: row.created_at),
        Column(gettext_lazy("Archived"), lambda row: row.archived_at),
    ),
    counted=ngettext_lazy("%(count)s flag", "%(count)s flags", "number"),
)


@require_safe
def flags(request: PageRequest) -> HttpResponseBase:
    """Flags, by their keys. Whoever asks nothing sees those in use."""

    def more(shown: ListPage[Flag]) -> dict[str, Any]:
        return {"rows": shown_flags(shown.page.rows, now=request.now), "environments": ENVIRONMENTS}

    return show_list(request, LISTING, LIST, more)


@require_http_methods(["GET", "HEAD", "POST"])
def flag_new(request: PageRequest) -> HttpResponse:
    """Define a flag."""
    form = FlagForm(request.POST or None, services=catalog.slugs())
    context = {"crumbs": above()} | recall(request, form)
    if not form.is_valid():
        return show(request, NEW, context, form=form)
    try:
        with sending(request):
            flag = create_flag(plan=FlagPlan(**form.cleaned_data), actor=request.actor, now=request.now)
    except SHOWN_AGAIN as error:
        return show_again(request, NEW, context, form=form, error=error)
    messages.success(request, _("Defined. It is off everywhere."))
    return redirect("flag", flag.key)


@require_safe
def flag(request: PageRequest, key: str) -> HttpResponse:
    """One flag."""
    return show(request, ONE, flag_context(request, get_flag(key)))


def above(flag: Flag | None = None) -> list[tuple[str, str]]:
    """What stands over a page of flags."""
    crumbs = [(_("Flags"), reverse("flags"))]
    return crumbs if flag is None else [*crumbs, (flag.key, reverse("flag", args=[flag.key]))]


def flag_context(
    request: PageRequest, flag: Flag, *, verb: str = "", environment: str = "", bound: forms.BaseForm | None = None
) -> dict[str, Any]:
    """Everything the page of a flag shows; `bound` is the form of `verb` that was refused."""
    (shown,) = shown_flags([flag], now=request.now)
    allowed = {
        "may_change": allows(request, permissions.CHANGE_FLAG, flag),
        "may_kill": allows(request, permissions.KILL_FLAG, flag),
        "may_archive": allows(request, permissions.ARCHIVE_FLAG, flag),
        "may_approve": allows(request, permissions.APPROVE_RAMP, flag),
        "may_edit": allows(request, permissions.EDIT_FLAG, flag),
    }
    unsettled = {step.flag_environment_id: step for step in unsettled_steps(flag)}
    places = []
    for row in sorted(flag.environments.all(), key=lambda row: row.pk):
        name = row.environment
        bound_here = bound if environment == name else None
        places.append(
            {
                "name": name,
                **shown["environments"][name],
                "shown_rules": [written_rule(rule) for rule in row.content["rules"]],
                "kill": bound_here if verb == "kill" and bound_here else _kill_form(flag, name),
                "expose": bound_here if verb == "expose" and bound_here else _expose_form(row),
                "failed": verb if bound_here else "",
                "conflict": unsettled.get(row.pk),
            }
        )
    used = usage_of(flag.key, now=request.now)
    versions = list(versions_of(flag)[:SHOWN_VERSIONS])
    references = list(references_listed(flag=flag.key)[: SHOWN_REFERENCES + 1])
    return {
        "crumbs": above(),
        "flag": flag,
        "shown": shown,
        "places": places,
        "variants": [{"name": row["name"], "value": written_value(row["value"])} for row in flag.variants],
        "uses": used.by_variant,
        "days": used.days,
        "versions": versions,
        "references": references[:SHOWN_REFERENCES],
        "more_references": len(references) > SHOWN_REFERENCES,
        "ramp": bound if verb == "ramp" else RampForm(auto_id="id_ramp_%s"),
        "archive": bound if verb == "archive" else ReasonForm(auto_id="id_archive_%s"),
        "failed": verb,
        **(allowed if flag.archived_at is None else {}),
    }


def _kill_form(flag: Flag, environment: str) -> KillForm:
    return KillForm(key=flag.key, initial={"environment": environment}, auto_id=f"id_{environment}_kill_%s")


def _expose_form(row: FlagEnvironment) -> ExposeForm:
    percentage = row.content["rollout_percentage"] if row.content["enabled"] else 0
    first = {"environment": row.environment, "version": row.version, "rollout_percentage": shortest(percentage or 0)}
    return ExposeForm(initial=first, auto_id=f"id_{row.environment}_expose_%s")


def allows(request: PageRequest, permission: Permission, flag: Flag) -> bool:
    """Whether this person may do it to this flag."""
    return may(
        request.actor,
        permission,
        now=request.now,
        teams=[flag.team.slug],
        services=[flag.service.slug] if flag.service else (),
        owner=flag.owner.username if flag.owner else None,
    ).allowed
