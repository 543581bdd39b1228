"""The environments of §1 beside each other, and who answers for their isolation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cybercube_portal.catalog import actions, selectors
from cybercube_portal.catalog.attestations import vouched
from cybercube_portal.catalog.forms import AttestationForm
from cybercube_portal.catalog.isolation import CELLS, REQUIREMENTS, Isolated, latest, vouched_for
from cybercube_portal.catalog.permissions import ATTEST_ISOLATION
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.people.guard import may
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again

TEMPLATE = "catalog/environments.html"


@require_http_methods(["GET", "HEAD", "POST"])
def environments(request: PageRequest) -> HttpResponse:
    """The table of §1.2 and the checklist of §1.4; whoever may vouches for a row here."""
    form = AttestationForm(request.POST or None)
    if not form.is_valid():
        return show(request, TEMPLATE, _context(request, form), form=form if form.is_bound else None)
    try:
        actions.attest_isolation(actor=request.actor, now=request.now, **form.sent())
    except SHOWN_AGAIN as error:
        return show_again(request, TEMPLATE, _context(request, form), form=form, error=error)
    messages.success(request, _("Noted. It holds for a year."))
    return redirect("environments")


def _context(request: PageRequest, form: AttestationForm) -> dict[str, Any]:
    words = latest(vouched())
    return {
        "environments": list(selectors.environments()),
        "rows": [
            (
                item.value,
                REQUIREMENTS[item],
                [_cell(words.get((item, code)), code, request) for code in EnvironmentCode],
            )
            for item in Isolated
        ],
        "held": vouched_for(words.values(), now=request.now),
        "all": len(CELLS),
        "attestation_form": form,
        "may_attest": may(request.actor, ATTEST_ISOLATION, now=request.now).allowed,
    }


def _cell(word: Any, code: EnvironmentCode, request: PageRequest) -> dict[str, Any]:  # noqa: ANN401 - Vouched or None
    return {
        "code": code.value,
        "word": word,
        "holds": word is not None and word.holds(now=request.now),
        "is_ending": word is not None and word.is_ending(now=request.now),
    }
