"""What reaches a person and how, their own chat, and what they watch."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from cybercube_portal.notices.actions.channels import register_channel
from cybercube_portal.notices.actions.choosing import choose_notices
from cybercube_portal.notices.actions.watching import set_watch
from cybercube_portal.notices.forms import ChannelForm, ChoicesForm
from cybercube_portal.notices.selectors.channels import channel_of, posts_to
from cybercube_portal.notices.selectors.choices import choices_of
from cybercube_portal.notices.selectors.watches import watches_of
from cybercube_portal.notices.views.tabs import tabs
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, back_to, show, show_again

CHOICES, NEW = "notices/choices.html", "notices/channel_form.html"
POSTS_SHOWN = 3
WATCHES_SHOWN = 12


@require_http_methods(["GET", "HEAD", "POST"])
def notification_choices(request: PageRequest) -> HttpResponse:
    """A row for each notice, a tick for each way."""
    channel = channel_of(request.actor.id)
    watches = watches_of(request.actor.id)
    data = request.POST if request.method == "POST" else None
    form = ChoicesForm(data, chosen=choices_of(request.actor.id), has_chat=channel is not None)
    context: dict[str, Any] = {
        "tabs": tabs("notification-choices"),
        "channel": channel,
        "posts": posts_to(channel)[:POSTS_SHOWN] if channel else [],
        "watches": list(watches[:WATCHES_SHOWN]),
        "watch_count": watches.count(),
    }
    if not form.is_valid():
        return show(request, CHOICES, context, form=form)
    try:
        choose_notices(wanted=form.wanted(), actor=request.actor, now=request.now)
    except SHOWN_AGAIN as error:
        return show_again(request, CHOICES, context, form=form, error=error)
    messages.success(request, _("Your choices are kept."))
    return redirect("notification-choices")


@sensitive_post_parameters("url")
@require_http_methods(["GET", "HEAD", "POST"])
def own_channel_new(request: PageRequest) -> HttpResponse:
    """A chat of one's own."""
    form = ChannelForm(request.POST or None)
    if not form.is_valid():
        return show(request, NEW, {"is_own": True}, form=form)
    try:
        register_channel(actor=request.actor, now=request.now, **form.cleaned_data)
    except SHOWN_AGAIN as error:
        return show_again(request, NEW, {"is_own": True}, form=form, error=error)
    messages.success(request, _("Your chat is registered. Test it, and choose what is posted there."))
    return redirect("notification-choices")


@require_POST
def watch_remove(request: PageRequest) -> HttpResponse:
    """Hear no more of it."""
    subject = request.POST.get("subject", "")
    set_watch(subject=subject, on=False, actor=request.actor, now=request.now)
    messages.success(request, _("You no longer watch %(subject)s.") % {"subject": subject.removeprefix("service:")})
    return redirect(back_to(request, default="/profile/notifications/"))
