"""Evidence packs to take along: of one change, or of a period. The file itself comes from the API."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from changes.selectors.changes import known_numbers
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import Invalid, NotFound
from cybercube_portal.record.api.evidence import changes_in
from cybercube_portal.record.forms import ChangePackForm, PeriodPackForm
from cybercube_portal.record.views.tabs import enter
from cybercube_portal.web import PageRequest, keep_errors, show

TEMPLATE = "record/packs.html"


@require_safe
def packs(request: PageRequest) -> HttpResponse:
    """Ask for one: what is wrong is said here, what is right leads to the file."""
    context = {**enter(request, "audit-packs"), "services": catalog.slugs()}
    one = ChangePackForm(request.GET) if "number" in request.GET else ChangePackForm()
    many = PeriodPackForm(request.GET) if "first_day" in request.GET else PeriodPackForm()
    if one.is_bound and one.is_valid():
        number = one.cleaned_data["number"].strip()
        if known_numbers([number]):
            return redirect("api-change-evidence", number)
        keep_errors(one, Invalid.field("/number", "change.unknown", f"There is no change {number}."))
    if many.is_bound and many.is_valid():
        try:
            changes_in(*many.period())
            return redirect(f"{reverse('api-audit-evidence')}?{urlencode(many.query())}")
        except Invalid as error:
            keep_errors(many, error)
        except NotFound as error:
            keep_errors(many, Invalid.field("/service", error.code, str(error)))
    form = many if many.is_bound else one
    return show(request, TEMPLATE, {**context, "one": one, "many": many}, form=form)
