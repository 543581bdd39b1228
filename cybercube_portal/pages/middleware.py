"""The edge of every page: nobody without a session, one actor, one moment, the person's own zone and language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import timezone, translation
from django_htmx.http import HttpResponseClientRedirect, HttpResponseStopPolling, reswap

from cybercube_portal import clock
from cybercube_portal.api.problems import is_for_programs
from cybercube_portal.pages import remembered
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.authentication import actor_of


class LanguageMiddleware(LocaleMiddleware):
    """A page speaks its reader's language, of those there are. Programs are answered in the source's, whatever they say they accept."""

    def process_request(self, request: HttpRequest) -> None:
        """Choose the language of everything this request is told."""
        if not is_for_programs(request.path):
            return super().process_request(request)
        translation.activate(settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = settings.LANGUAGE_CODE
        return None


class PageMiddleware(LoginRequiredMiddleware):
    """Sends strangers to the log-in page, and gives each view `request.actor` and `request.now` (`web.PageRequest`).

    What programs call (`/api/`, `/health/`, `/metrics`) authenticates by itself. A view opens itself to strangers by
    `login_not_required`; a test lists those that do. Goes after the authentication middleware.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., Any],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Refuse strangers; prepare the request of somebody known."""
        if is_for_programs(request.path):
            return None
        refusal = super().process_view(request, view_func, view_args, view_kwargs)
        if refusal is not None and request.htmx:  # type: ignore[attr-defined]
            if getattr(view_func, "is_asked_by_itself", False):
                # What the page shows stays: somebody may have typed into it.
                return reswap(HttpResponseStopPolling(), "none")
            # A fragment cannot hold the log-in page: the whole page goes there, and comes back to where it was.
            return HttpResponseClientRedirect(redirect_to_login(request.htmx.current_url_abs_path or "/").url)  # type: ignore[attr-defined]
        if refusal is None and request.user.is_authenticated:
            request.actor = actor_of(request)  # type: ignore[attr-defined]
            request.now = clock.now()  # type: ignore[attr-defined]
            timezone.activate(request.user.timezone)
        return refusal

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Keep pages out of shared caches, forget what a POST may have changed, leave no zone behind for the thread's next request."""
        timezone.deactivate()
        actor: Actor | None = getattr(request, "actor", None)
        if actor is not None and not response.has_header("Cache-Control"):
            response.headers["Cache-Control"] = "private, no-cache"
        if actor is not None and request.method == "POST":
            remembered.forget([remembered.waiting_key(actor.id), remembered.unread_key(actor.id), remembered.FREEZES])
        return response
