"""Home, and what a browser remembers."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from changes.selectors.waiting import waiting_and_own
from cybercube_portal.notices.selectors import history as notices
from cybercube_portal.pages import preferences, remembered
from cybercube_portal.pages.finding import LONGEST, find
from cybercube_portal.pages.needs import needs_of
from cybercube_portal.pages.preferences import Theme
from cybercube_portal.pages.shell import shell_of
from cybercube_portal.people.guard import may_anywhere
from cybercube_portal.web import PageRequest, asked_by_itself, back_to, sent_text, show
from releases.permissions import ROLL_BACK_DEPLOYMENT
from releases.selectors.gate_history import stopped_since
from releases.selectors.happening import happening_in_production

DECISIONS = 8
LATELY = timedelta(days=7)


@require_safe
def home(request: PageRequest) -> HttpResponse:
    """What needs this person, what is theirs and what it waits for, what happens in production, and what the gate stopped."""
    actor, now = request.actor, request.now
    shell = shell_of(request)
    waiting, mine = waiting_and_own(actor, now=now)
    shell.know(waiting)
    needs, unsent = needs_of(actor, now=now)
    context = {
        "waiting": waiting,
        "needs": needs,
        "mine": mine,
        "unsent": unsent,
        "freezes": [(notice, notice.is_active(now)) for notice in shell.freezes],
        "production": happening_in_production(),
        "may_roll_back": may_anywhere(actor, ROLL_BACK_DEPLOYMENT, now=now),
        "stopped": stopped_since(now - LATELY, teams=[actor.team])[:DECISIONS] if actor.team else [],
    }
    return show(request, "pages/home.html", context)


@require_safe
def go(request: PageRequest) -> HttpResponse:
    """Anywhere, by a few letters: the palette's list, or a page of its own for whoever has no script."""
    q = sent_text(request.GET, "q", longest=LONGEST)
    groups = find(q, actor=request.actor, now=request.now)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "components/found.html", {"groups": groups, "is_list": True})
    changes_url = f"{reverse('changes')}?{urlencode({'q': q})}"
    return show(request, "pages/go.html", {"q": q, "groups": groups, "changes_url": changes_url})


@require_safe
@asked_by_itself
def waiting_count(request: PageRequest) -> HttpResponse:
    """The number beside Inbox, for a page that did not know it."""
    return render(request, "components/waiting_count.html", {"count": len(shell_of(request).waiting)})


@require_safe
@asked_by_itself
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
