"""Calendar feeds: the addresses a person gave to calendar programs, for themselves and for teams."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from changes.actions.feeds import issue_feed, revoke_feed
from changes.selectors.feeds import live_feeds_of
from cybercube_portal.people.selectors import team_slugs
from cybercube_portal.web import PageRequest, sent_text, show

PAGE = "changes/feeds.html"


@require_http_methods(["GET", "HEAD", "POST"])
def feeds(request: PageRequest) -> HttpResponse:
    """The live addresses; a POST issues one, shown once, and one issued before for the same stops."""
    if request.method != "POST":
        return show(request, PAGE, _context(request))
    team = _team(request)
    _feed, token = issue_feed(actor=request.actor, now=request.now, team=team)
    url = request.build_absolute_uri(reverse("calendar-feed", args=[token]))
    return show(request, PAGE, {**_context(request), "feed_url": url, "feed_team": team})


@require_POST
def feed_revoke(request: PageRequest) -> HttpResponse:
    """Stop an address at once."""
    revoke_feed(actor=request.actor, now=request.now, team=_team(request))
    messages.success(request, _("The address is stopped: nobody reads it any more."))
    return redirect("calendar-feeds")


def _context(request: PageRequest) -> dict[str, Any]:
    rows = list(live_feeds_of(request.actor.id))
    own = next((row for row in rows if row.team is None), None)
    followed = [row for row in rows if row.team is not None]
    taken = {row.team.slug for row in followed if row.team is not None}
    mine = request.actor.team or ""
    return {
        "own": own,
        "followed": followed,
        "teams": sorted(team_slugs() - taken, key=lambda slug: (slug != mine, slug)),
        "crumbs": [(_("Calendar"), reverse("calendar"))],
    }


def _team(request: PageRequest) -> str:
    return sent_text(request.POST, "team")
