"""Chats of teams: which there are, what is posted to them, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cybercube_portal.notices.actions import channels as actions
from cybercube_portal.notices.forms import ChannelKindsForm, TeamChannelForm
from cybercube_portal.notices.models import Channel
from cybercube_portal.notices.permissions import REGISTER_CHANNEL
from cybercube_portal.notices.selectors.channels import channels_of_teams, posts_to
from cybercube_portal.notices.views.tabs import tabs
from cybercube_portal.people.guard import may, require
from cybercube_portal.people.selectors import teams_listed
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again

LIST, NEW, ONE = "notices/channels.html", "notices/channel_form.html", "notices/channel.html"
POSTS_SHOWN = 10
VERBS: dict[str, tuple[Callable[..., Channel], str | Promise]] = {
    "test": (actions.check_channel, gettext_lazy("A test is on its way. What becomes of it shows here.")),
    "end": (actions.end_channel, gettext_lazy("Nothing more is posted there.")),
}


@require_safe
def channels(request: PageRequest) -> HttpResponse:
    """Every team's chats; who looks after one gets a link."""
    rows = list(channels_of_teams())
    mine = {row.pk for row in rows if row.team and _looks_after(request, row.team.slug)}
    context = {
        "tabs": tabs("channels"),
        "channels": [(row, row.pk in mine) for row in rows],
        "may_add": _teams(request),
    }
    return show(request, LIST, context)


@sensitive_post_parameters("url")
@require_http_methods(["GET", "HEAD", "POST"])
def channel_new(request: PageRequest) -> HttpResponse:
    """A chat of a team."""
    teams = _teams(request)
    if not teams:
        require(request.actor, REGISTER_CHANNEL, now=request.now)
    form = TeamChannelForm(request.POST or None, teams=teams)
    if not form.is_valid():
        return show(request, NEW, {"is_own": False}, form=form)
    try:
        made = actions.register_channel(actor=request.actor, now=request.now, **form.cleaned_data)
    except SHOWN_AGAIN as error:
        return show_again(request, NEW, {"is_own": False}, form=form, error=error)
    messages.success(
        request, _("%(name)s is registered. Test it, and choose what is posted there.") % {"name": made.name}
    )
    return redirect("channel", made.channel_id)


@require_http_methods(["GET", "HEAD", "POST"])
def channel(request: PageRequest, channel_id: UUID) -> HttpResponse:
    """One chat: what is posted there, and the newest posts."""
    found = actions.read_channel(channel_id=str(channel_id), actor=request.actor, now=request.now)
    context: dict[str, Any] = {"channel": found, "posts": list(posts_to(found)[:POSTS_SHOWN])}
    if request.method != "POST":
        return show(request, ONE, context, form=ChannelKindsForm(initial={"name": found.name, "kinds": found.kinds}))
    form = ChannelKindsForm(request.POST)
    if not form.is_valid():
        return show(request, ONE, context, form=form)
    try:
        actions.edit_channel(channel_id=str(channel_id), actor=request.actor, now=request.now, **form.cleaned_data)
    except SHOWN_AGAIN as error:
        return show_again(request, ONE, context, form=form, error=error)
    messages.success(request, _("Kept."))
    return redirect("channel", channel_id)


@require_POST
def channel_move(request: PageRequest, channel_id: UUID, verb: str) -> HttpResponse:
    """Test it, or post there no more."""
    act, said = VERBS[verb]
    try:
        moved = act(channel_id=str(channel_id), actor=request.actor, now=request.now)
    except SHOWN_AGAIN as error:
        messages.error(request, str(error))
        return redirect("channel", channel_id)
    messages.success(request, str(said))
    return redirect("notification-choices") if moved.person_id else redirect("channel", channel_id)


def _teams(request: PageRequest) -> list[tuple[str, str]]:
    """The teams whose chats this person may register."""
    return [(team.slug, team.name) for team in teams_listed() if _looks_after(request, team.slug)]


def _looks_after(request: PageRequest, team: str) -> bool:
    return may(request.actor, REGISTER_CHANNEL, now=request.now, teams=[team]).allowed
