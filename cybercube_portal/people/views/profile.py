"""What a person sees and sets about themselves."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from cybercube_portal.people import actions, permissions, selectors
from cybercube_portal.people.forms import PasswordForm, TimezoneForm
from cybercube_portal.web import SHOWN_AGAIN, PageRequest, show, show_again

TEMPLATE = "people/profile.html"


@require_safe
def profile(request: PageRequest) -> HttpResponse:
    """Name, roles in force, time zone, password."""
    return show(request, TEMPLATE, _context(request))


@require_POST
def set_timezone(request: PageRequest) -> HttpResponse:
    """Times are shown in another zone from now on."""
    form = TimezoneForm(request.POST)
    context = {**_context(request), "timezone_form": form}
    if not form.is_valid():
        return show(request, TEMPLATE, context, form=form)
    try:
        actions.set_timezone(actor=request.actor, now=request.now, **form.cleaned_data)
    except SHOWN_AGAIN as error:
        return show_again(request, TEMPLATE, context, form=form, error=error)
    messages.success(request, _("Times are now shown in %(zone)s.") % {"zone": form.cleaned_data["timezone"]})
    return redirect("profile")


@sensitive_post_parameters()
@require_POST
def set_password(request: PageRequest) -> HttpResponse:
    """A new password; this session goes on, the person's other sessions end."""
    form = PasswordForm(request.POST, request=request)
    context = {**_context(request), "password_form": form}
    if not form.is_valid():
        return show(request, TEMPLATE, context, form=form)
    try:
        user = actions.set_password(actor=request.actor, now=request.now, password=form.cleaned_data["new_password"])
    except SHOWN_AGAIN as error:
        return show_again(request, TEMPLATE, context, form=form, error=error)
    update_session_auth_hash(request, user)
    messages.success(request, _("Your password is changed. Your other sessions have ended."))
    return redirect("profile")


def _context(request: PageRequest) -> dict[str, Any]:
    user = selectors.user_named(request.actor.username)
    return {
        "person": user,
        "grants": selectors.grants_in_force(user.username, now=request.now),
        "timezone_form": TimezoneForm(initial={"timezone": user.timezone}),
        "password_form": PasswordForm(request=request),
        "timezones": sorted(permissions.TIMEZONES),
    }
