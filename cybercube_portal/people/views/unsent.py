"""Forms that keep what is typed until it is sent. A page takes part by three lines:

    context |= recall(request, form)                       # in its view, before it is shown
    with sending(request): change = file_change(...)       # around its domain call
    {% include "components/unsent.html" %}                 # above its form, and unsent_line.html beside its buttons

`static/portal/unsent.js` sends what is typed after a pause. Without scripts the form is as it was. Two tabs on one form keep a row each:
a page says its own name and when what it was filled in with had been kept, and takes over that row only as long as nobody else did.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cybercube_portal.errors import Invalid
from cybercube_portal.people import actions
from cybercube_portal.people.actions.unsent import LARGEST, LONGEST_TITLE, Opened
from cybercube_portal.people.selectors import unsent_forms, unsent_forms_at
from cybercube_portal.web import PageRequest, fill_in, sent_text, show

LIST, SAID, TOKEN = "people/unsent.html", "components/unsent_said.html", "components/unsent_token.html"
# As `recall` names a page.
PAGE = re.compile(r"[0-9a-f]{32}", re.ASCII)


def recall(request: PageRequest, form: BaseForm) -> dict[str, Any]:
    """What `components/unsent.html` draws. What this person typed here and did not send goes into `form`, unless that was just sent."""
    address, opened = _address(request), _opened(request.POST, "unsent_")
    rows = list(unsent_forms_at(request.actor, address))
    if form.is_bound:
        kept = opened.own(rows)
    else:
        kept = next((row for row in rows if str(row.pk) == request.GET.get("unsent")), None) or next(iter(rows), None)
    fields = QueryDict(kept.fields) if kept else QueryDict()
    if kept and not form.is_bound:
        fill_in(form, fields)
    return {
        "unsent": kept,
        "unsent_others": [row for row in rows if row != kept],
        "unsent_page": opened.page or uuid4().hex,
        "unsent_known": opened.known if form.is_bound or not kept else kept.kept_at.isoformat(),
        "unsent_fields": fields,
        "unsent_address": address,
        "unsent_largest": LARGEST,
        "unsent_kilobytes": LARGEST // 1000,
        "is_filled_in": bool(kept) and not form.is_bound,
    }


@contextmanager
def sending(request: PageRequest, *, form_at: str = "") -> Iterator[None]:
    """What is done inside, and that its form (at `form_at`, where that is another address) is kept no longer: both or neither."""
    with transaction.atomic():
        yield
        opened = _opened(request.POST, "unsent_")
        actions.discard_form(address=form_at or _address(request), opened=opened, actor=request.actor, now=request.now)


@require_http_methods(["GET", "HEAD", "POST"])
def unsent(request: PageRequest) -> HttpResponse:
    """Every form one did not send. A POST keeps one, for the page's script; asked by it, a GET gives the token of whoever logged in again."""
    if request.method == "POST":
        return _keep(request)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, TOKEN)
    return show(request, LIST, {"forms": unsent_forms(request.actor)})


@require_POST
def unsent_discard(request: PageRequest) -> HttpResponse:
    """Forget what was typed at an address, in that tab; its page opens empty then, or with what another tab kept."""
    address = request.POST.get("address", "")
    actions.discard_form(address=address, opened=_opened(request.POST), actor=request.actor, now=request.now)
    messages.success(request, _("What you had typed is discarded."))
    return redirect(reverse("unsent") if request.POST.get("next") == "list" or not _is_ours(address) else address)


def _keep(request: PageRequest) -> HttpResponse:
    address = request.POST.get("address", "")
    if not _is_ours(address):
        raise Invalid.field("/address", "unsent.address", "No page of the portal has that address.")
    kept = actions.keep_form(
        address=address,
        title=sent_text(request.POST, "title", longest=LONGEST_TITLE) or address,
        fields=request.POST.get("fields", ""),
        opened=_opened(request.POST),
        actor=request.actor,
        now=request.now,
    )
    others = unsent_forms_at(request.actor, address).exclude(pk=kept.pk).defer("fields")
    return render(request, SAID, {"unsent": kept, "unsent_others": others})


def _opened(sent: QueryDict, prefix: str = "") -> Opened:
    """What the page says of itself; nonsense says nothing."""
    page = sent.get(f"{prefix}page", "")
    return Opened(page if PAGE.fullmatch(page) else "", sent.get(f"{prefix}known", ""))


def _address(request: PageRequest) -> str:
    """Where the form stands, whichever of its kept rows was asked for."""
    path, _mark, query = request.get_full_path().partition("?")
    asked = "&".join(part for part in query.split("&") if not part.startswith("unsent="))
    return f"{path}?{asked}" if asked else path


def _is_ours(address: str) -> bool:
    """Whether it leads to a page of the portal, and nowhere else."""
    if "\x00" in address or not url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return False
    try:
        resolve(address.partition("?")[0])
    except Resolver404:
        return False
    return True
