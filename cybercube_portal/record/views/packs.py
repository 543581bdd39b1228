"""Evidence packs to take along: of one change, or of a period. The files themselves come from the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from changes.selectors.changes import known_numbers
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import Invalid, MoveRefused, NotFound
from cybercube_portal.people.selectors import names_of
from cybercube_portal.record.actions import request_pack
from cybercube_portal.record.forms import ChangePackForm, PeriodPackForm
from cybercube_portal.record.selectors import numbers_in, packs_listed
from cybercube_portal.record.states import PackState
from cybercube_portal.record.views.tabs import enter
from cybercube_portal.web import PageRequest, asked_by_itself, keep_errors, show

TEMPLATE = "record/packs.html"
SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
@asked_by_itself
def packs(request: PageRequest) -> HttpResponse:
    """Ask for one. What is wrong is said here; what is right leads to the file, or, of many changes, is promised by a POST."""
    context = {**enter(request, "audit-packs"), "services": catalog.slugs(), "at_once": settings.EVIDENCE_AT_ONCE}
    one = ChangePackForm(request.GET) if "number" in request.GET else ChangePackForm()
    many = _period_form(request)
    answer = _of_one(one) or _of_period(request, many, context)
    if answer is not None:
        return answer
    made = list(packs_listed()[:SHOWN])
    names = names_of({pack.asked_by for pack in made})
    context["made"] = [(pack, names.get(pack.asked_by, "")) for pack in made]
    context["waits"] = any(pack.state is PackState.BEING_MADE for pack in made)
    form = many if many.is_bound else one
    return show(request, TEMPLATE, {**context, "one": one, "many": many}, form=form)


def _of_one(form: ChangePackForm) -> HttpResponse | None:
    if not form.is_bound or not form.is_valid():
        return None
    number = form.cleaned_data["number"].strip()
    if known_numbers([number]):
        return redirect("api-change-evidence", number)
    keep_errors(form, Invalid.field("/number", "change.unknown", f"There is no change {number}."))
    return None


def _of_period(request: PageRequest, form: PeriodPackForm, context: dict[str, Any]) -> HttpResponse | None:
    if not form.is_bound or not form.is_valid():
        return None
    try:
        if request.method == "POST":
            return _promise(request, form)
        count = len(numbers_in(*form.period()))
        if count <= settings.EVIDENCE_AT_ONCE:
            return redirect(f"{reverse('api-audit-evidence')}?{urlencode(form.query())}")
        context["too_many"] = count
    except Invalid as error:
        keep_errors(form, error)
    except NotFound as error:
        keep_errors(form, Invalid.field("/service", error.code, str(error)))
    except MoveRefused as error:
        keep_errors(form, Invalid.field("", error.code, str(error)))
    return None


def _period_form(request: PageRequest) -> PeriodPackForm:
    if request.method == "POST":
        return PeriodPackForm(request.POST)
    return PeriodPackForm(request.GET) if "first_day" in request.GET else PeriodPackForm()


def _promise(request: PageRequest, form: PeriodPackForm) -> HttpResponse:
    start, end, service = form.period()
    pack = request_pack(start=start, end=end, service=service, actor=request.actor, now=request.now)
    messages.success(request, _("The pack of %(count)s changes is being made.") % {"count": f"{pack.count:,}"})
    return redirect("audit-packs")
