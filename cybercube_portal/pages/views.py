"""Home, and what a browser remembers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from changes.selectors.changes import changes_of
from cybercube_portal.pages import preferences
from cybercube_portal.pages.preferences import Theme
from cybercube_portal.pages.shell import shell
from cybercube_portal.web import PageRequest, back_to, show

MINE = 20


@require_safe
def home(request: PageRequest) -> HttpResponse:
    """What waits for this person, what is theirs, what is frozen, what the gate said lately."""
    around = shell(request)["shell"]
    mine = changes_of(request.actor.username)[:MINE]
    return show(request, "pages/home.html", {"waiting": around.waiting, "freezes": around.freezes, "mine": mine})


@require_POST
def set_preferences(request: HttpRequest) -> HttpResponse:
    """Theme and single keys, for this browser. Open to strangers: the log-in page has a theme too."""
    response = redirect(back_to(request, default="/"))
    theme, keys = request.POST.get("theme", ""), request.POST.get("keys", "")
    if theme in set(Theme):
        preferences.remember(request, response, preferences.THEME_COOKIE, theme)
    if keys in {"on", "off"}:
        preferences.remember(request, response, preferences.KEYS_COOKIE, keys)
    return response
