"""What a flag serves in one environment: edited, and put together where somebody else was faster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cybercube_portal.errors import Stale
from cybercube_portal.people.views.unsent import recall, sending
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again
from flags import permissions
from flags.actions.serving import Served, change_flag
from flags.evaluation import OPERATORS, PERCENTAGE, PRESENCE, SEGMENTS
from flags.forms.lists import conditions_in, long_lists, long_lists_shown
from flags.forms.moves import ReshuffleForm
from flags.forms.rules import MEMBERS, values_in, written_part
from flags.forms.serving import ServingForm
from flags.models import FlagEnvironment
from flags.policy.exposure import is_shared_out
from flags.policy.merging import ORDER, RULES, Member, merged
from flags.policy.serving import completed
from flags.selectors.flags import get_served, unsettled_step, version_numbered
from flags.selectors.segments import segments_listed
from flags.views.flags import above, allows

EDIT = "flags/serving.html"
LONGEST_NUMBER = 9
EXAMPLES = ("plan in pro, team", "user.id percentage 5", "segment beta-testers")


@dataclass(frozen=True, slots=True)
class MemberShown:
    """One row of the three-way comparison."""

    word: str | Promise
    base: str
    theirs: str
    mine: str
    clashes: bool


@require_http_methods(["GET", "HEAD", "POST"])
def flag_serving(request: PageRequest, key: str, environment: str) -> HttpResponse:
    """Edit what the flag serves in one environment; `?step=` begins with a plan that something else was served before."""
    row = get_served(key, environment)
    if request.method != "POST":
        return _shown(request, row)
    base = _read(row, request.POST.get("version", ""))
    if "arrange" in request.POST:
        return _arranged(request, row, base)
    form = ServingForm(request.POST, row=row, content=base)
    context = {**serving_context(request, row), **recall(request, form)}
    if not form.is_valid():
        return show(request, EDIT, context, form=form)
    cleaned = form.cleaned_data
    try:
        with sending(request):
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
    except Stale as error:
        mine = completed({**form.content, **form.changes()}, row.flag.facts)
        typed = {name: cleaned[name] for name in ("reason", "scheduled_time")}
        again, rows = _put_together(row, base=form.content, mine=mine, typed=typed)
        told = {"comparison": rows, "read_version": cleaned["version"], "is_typed": True}
        return show_again(request, EDIT, context | told, form=again, error=error)
    except SHOWN_AGAIN as error:
        return show_again(request, EDIT, context, form=form, error=error)
    messages.success(request, said(served))
    return redirect("flag", key)


def _shown(request: PageRequest, row: FlagEnvironment) -> HttpResponse:
    step, compared = unsettled_step(row), {}
    form = ServingForm(row=row)
    if step is not None and request.GET.get("step") == str(step.pk):
        base = version_numbered(row, step.base_version).content
        form, rows = _put_together(row, base=base, mine=step.contents[-1], typed={"reason": step.reason})
        compared = {"comparison": rows, "read_version": step.base_version}
    recalled = recall(request, form)
    form.resume(recalled["unsent_fields"])
    return show(request, EDIT, {**serving_context(request, row), **compared, **recalled}, form=form)


def _arranged(request: PageRequest, row: FlagEnvironment, base: Mapping[str, Any]) -> HttpResponse:
    """The page as it was typed with its rules in another order, or one more of them: what scripts do in place."""
    form = ServingForm(row=row, content=base)
    form.resume(request.POST)
    form.arrange(request.POST["arrange"])
    recalled = recall(request, ServingForm(request.POST, row=row, content=base))
    return show(request, EDIT, {**serving_context(request, row), **recalled, "is_typed": True}, form=form)


def _read(row: FlagEnvironment, version: str) -> Mapping[str, Any]:
    """The content of the version that the page showed, as long as there is one."""
    served: dict[str, Any] = row.content
    if not version.isdecimal() or len(version) > LONGEST_NUMBER or int(version) == row.version:
        return served
    kept = row.versions.filter(number=int(version)).first()
    return served if kept is None else {**served, **kept.content}


def _put_together(
    row: FlagEnvironment, *, base: Mapping[str, Any], mine: Mapping[str, Any], typed: Mapping[str, Any]
) -> tuple[ServingForm, list[MemberShown]]:
    """A form that begins with what is served now and my changes over it, and what each of us changed."""
    content, members = merged(base=base, theirs=row.content, mine=mine)
    # Of a long list first what is not in all three.
    beside = values_in(base["rules"]) & values_in(row.content["rules"]) & values_in(mine["rules"])
    return ServingForm(row=row, content=content, initial=typed), [_member(member, beside) for member in members]


def _member(member: Member, beside: frozenset[str]) -> MemberShown:
    base, theirs, mine = (
        written_part(member.name, value, beside=beside) for value in (member.base, member.theirs, member.mine)
    )
    return MemberShown(_word(member), base, theirs, mine, member.clashes)


def _word(member: Member) -> str | Promise:
    if member.name == ORDER:
        return _("Order of the rules")
    if member.name != RULES:
        return MEMBERS[member.name]
    return _("Rule %(number)s") % {"number": member.number} if member.number else _("Another rule")


def serving_context(request: PageRequest, row: FlagEnvironment) -> dict[str, Any]:
    """What stands around the form."""
    where = {"environment": row.environment, "version": row.version}
    may_change = allows(request, permissions.CHANGE_FLAG, row.flag)
    shared_out = may_change and is_shared_out(row.content)
    return {
        "may_change": may_change,
        "crumbs": above(row.flag),
        "flag": row.flag,
        "row": row,
        "operators": (*OPERATORS, *PRESENCE, PERCENTAGE, *SEGMENTS),
        "examples": EXAMPLES,
        "segments": list(segments_listed()),
        "long_lists": long_lists_shown(
            long_lists(conditions_in(row.content)),
            lambda digest: reverse("flag-list", args=[row.flag.key, row.environment, digest]),
        ),
        "reshuffle": ReshuffleForm(initial=where, auto_id="id_reshuffle_%s") if shared_out else None,
    }


def said(served: Served) -> str:
    """How a request ended, in words."""
    if served.version is not None:
        by = _(" It went by %(change)s.") % {"change": served.change} if served.change else ""
        return _("Version %(number)s is served.") % {"number": served.version.number} + by
    if served.change:
        return _("%(change)s was opened for it: it is served once that is approved and its time has come.") % {
            "change": served.change
        }
    return _("It is planned.") if served.step else _("Nothing changed.")
