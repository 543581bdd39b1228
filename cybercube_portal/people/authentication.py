"""How a request says who it is: an API key as bearer, or the browser's session."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from rest_framework import authentication
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from cybercube_portal import clock
from cybercube_portal.errors import NotAuthenticated
from cybercube_portal.people import selectors
from cybercube_portal.people.actors import Actor, KeyFact
from cybercube_portal.people.models import ApiKey, User


class PersonBackend(ModelBackend):
    """The session's user together with the home team: every page names it."""

    def get_user(self, user_id: int) -> User | None:
        """None for somebody unknown or switched off."""
        user = User.objects.select_related("team").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer ccp_…`. A key of a kind that is for flag evaluation opens nothing else."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """The key's user and the key; None when no bearer was sent. Raises AuthenticationFailed."""
        scheme, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = clock.now()
        key = selectors.live_key(text.strip(), now=now)
        if key is None:
            raise AuthenticationFailed("The API key is not known, has expired or was revoked.", "authentication.failed")
        if key.environment or key.client:
            raise AuthenticationFailed("This key evaluates flags and opens nothing else.", "authentication.failed")
        selectors.note_key_used(key, now=now)
        return key.user, key

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the framework's signature
        """Makes a missing credential a 401 rather than a 403."""
        return 'Bearer realm="cybercube"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session; whatever writes needs its CSRF token."""

    def enforce_csrf(self, request: Request) -> None:
        """Raises PermissionDenied `csrf.failed`."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise PermissionDenied(str(error.detail), code="csrf.failed") from error


def actor_of(request: HttpRequest | Request) -> Actor:
    """Who asks, as the value the guards judge; read once per request. Raises NotAuthenticated."""
    plain: Any = getattr(request, "_request", request)
    cached = getattr(plain, "portal_actor", None)
    if isinstance(cached, Actor):
        return cached
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        raise NotAuthenticated("Sign in, or send an API key.")
    key: KeyFact | None = None
    auth = getattr(request, "auth", None)
    if isinstance(auth, ApiKey):
        key = selectors.key_fact(auth)
    elif auth is not None:
        key = (
            auth.key_fact
        )  # a credential of an upper app brings its own bounds; one without any is a fault, not a session
    actor = selectors.actor_for(user, key=key)
    plain.portal_actor = actor
    return actor
