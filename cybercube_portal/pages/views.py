"""Home, and what a browser remembers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from changes.selectors.changes import changes_of
from cybercube_portal.notices.selectors import history as notices
from cybercube_portal.pages import preferences, remembered
from cybercube_portal.pages.preferences import Theme
from cybercube_portal.pages.shell import shell_of
from cybercube_portal.web import PageRequest, back_to, show
from releases.selectors.decisions import latest_decisions
from releases.selectors.happening import happening_in_production

MINE = 20
DECISIONS = 8


@require_safe
def home(request: PageRequest) -> HttpResponse:
    """What waits for this person, what is theirs, what happens in production, what is frozen, what the gate said lately."""
    shell = shell_of(request)
    team = request.actor.team
    context = {
        "waiting": shell.waiting,
        "mine": changes_of(request.actor.username)[:MINE],
        "freezes": [(notice, notice.is_active(request.now)) for notice in shell.freezes],
        "production": happening_in_production(),
        "decisions": latest_decisions(teams=[team])[:DECISIONS] if team else [],
    }
    return show(request, "pages/home.html", context)


@require_safe
def waiting_count(request: PageRequest) -> HttpResponse:
    """The number beside Inbox, for a page that did not know it."""
    return render(request, "components/waiting_count.html", {"count": len(shell_of(request).waiting)})


@require_safe
def unread_count(request: PageRequest) -> HttpResponse:
    """The number beside the bell, for a page that did not know it."""
    count = notices.unread_count(request.actor.id)
    remembered.keep(remembered.unread_key(request.actor.id), count)
    return render(request, "components/unread_count.html", {"count": count})


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
