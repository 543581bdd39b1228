"""The conventions as a table to be read beside the standard, with a field that checks a value."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from cybercube_portal.catalog.conventions.table import RULES, check
from cybercube_portal.catalog.forms import KIND_LABELS, ConventionForm
from cybercube_portal.web import PageRequest, show


@require_safe
def conventions(request: PageRequest) -> HttpResponse:
    """What is asked stands in the address, so that it can be sent to somebody."""
    is_asked = "value" in request.GET
    sent = {"data": request.GET} if is_asked else {"initial": {"kind": request.GET.get("kind")}}
    form = ConventionForm(**sent, now=request.now)
    context: dict[str, Any] = {
        "groups": [(kind, label, [rule for rule in RULES if rule.kind == kind]) for kind, label in KIND_LABELS.items()]
    }
    if is_asked and form.is_valid():
        asked = form.cleaned_data
        age = request.now - asked["made"] if asked["made"] else None
        context |= {"is_checked": True, "violations": check(asked["kind"], asked["value"], age=age)}
    return show(request, "catalog/conventions.html", context, form=form)
