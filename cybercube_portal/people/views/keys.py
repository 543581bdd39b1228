"""A person's own API keys."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cybercube_portal.people import actions, selectors
from cybercube_portal.people.forms import KeyForm
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again

LIST, NEW = "people/api_keys.html", "people/issue_key.html"


@require_safe
def api_keys(request: PageRequest) -> HttpResponse:
    """Which keys there are and when each was last used."""
    return show(request, LIST, {"keys": selectors.keys_listed(owner=request.actor.username)})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def issue_key(request: PageRequest) -> HttpResponse:
    """A new key. Its text is in this one answer and nowhere else, so there is no redirect."""
    if request.method != "POST":
        return show(request, NEW, {}, form=KeyForm())
    form = KeyForm(request.POST)
    context: dict[str, Any] = {}
    if not form.is_valid():
        return show(request, NEW, context, form=form)
    try:
        key, text = actions.issue_key(
            username=request.actor.username, actor=request.actor, now=request.now, **form.cleaned_data
        )
    except SHOWN_AGAIN as error:
        return show_again(request, NEW, context, form=form, error=error)
    curl = f'curl --header "Authorization: Bearer {text}" {settings.BASE_URL}/api/v1/me/'
    return render(request, "people/key_issued.html", {"key": key, "text": text, "curl": curl})


@require_POST
def revoke_key(request: PageRequest, prefix: str) -> HttpResponse:
    """Stops at once."""
    try:
        actions.revoke_key(prefix=prefix, actor=request.actor, now=request.now)
    except SHOWN_AGAIN as error:
        keys = selectors.keys_listed(owner=request.actor.username)
        return show_again(request, LIST, {"keys": keys}, error=error)
    messages.success(request, _("The key %(prefix)s no longer works.") % {"prefix": f"ccp_{prefix}_…"})
    return redirect("keys")
