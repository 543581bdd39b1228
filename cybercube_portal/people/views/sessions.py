"""In and out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cybercube_portal import clock
from cybercube_portal.api import Problem, address_of, answer
from cybercube_portal.people.actions import note_session_closed, note_session_opened, note_session_refused
from cybercube_portal.people.forms import LONGEST_NAME, LogInForm
from cybercube_portal.people.models import User
from cybercube_portal.people.selectors import actor_for
from cybercube_portal.web import Refusal, times

TEMPLATE = "people/log_in.html"


class LogInView(LoginView):
    """User name and password; leads back to where one was going. Open to strangers."""

    http_method_names = ["get", "head", "post", "options"]
    template_name = TEMPLATE
    authentication_form = LogInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """In, and on record."""
        user = form.get_user()
        response = super().form_valid(form)
        if isinstance(user, User):
            note_session_opened(user=user, actor=actor_for(user), address=address_of(self.request), now=clock.now())
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """The form again with the user name kept; a wrong password is on record."""
        note_session_refused(
            username=str(form.cleaned_data.get("username", "")),
            is_locked_out=bool(getattr(self.request, "axes_locked_out", False)),
            address=address_of(self.request),
            now=clock.now(),
            once_in=settings.AXES_COOLOFF_TIME,
        )
        return self.render_to_response(self.get_context_data(form=form), status=422)


def locked_out(
    request: HttpRequest,
    response: HttpResponse | None,  # noqa: ARG001 - what axes calls
    credentials: dict[str, Any] | None,  # noqa: ARG001 - what axes calls
) -> HttpResponse:
    """Why nothing helps now and when it will: too many wrong passwords for one name from one address (429)."""
    wait = times.length(settings.AXES_COOLOFF_TIME)
    message = _(
        "%(count)d wrong passwords for this user name came from your address, so log-ins from it wait %(wait)s. "
        "Nobody else is kept out. An admin can help with a forgotten password."
    ) % {"count": settings.AXES_FAILURE_LIMIT, "wait": wait}
    headers = {"Retry-After": str(int(settings.AXES_COOLOFF_TIME.total_seconds()))}
    if request.user.is_authenticated:
        return answer(request, Problem(status=429, code="authentication.locked_out", detail=message, headers=headers))
    form = LogInForm(request, initial={"username": request.POST.get("username", "")[:LONGEST_NAME]})
    context = {"form": form, "refusal": Refusal(429, message), "next": request.POST.get("next", "")}
    page = render_to_string(TEMPLATE, context, request)
    return HttpResponse(page, status=429, headers=headers)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    user = request.user
    logout(request)
    if isinstance(user, User):
        note_session_closed(user=user, actor=actor_for(user), address=address_of(request), now=clock.now())
    return redirect("login")
