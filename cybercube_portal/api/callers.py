"""Which credential and which address a request came from."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest
from rest_framework.request import Request


def credential_of(request: HttpRequest | Request) -> str:
    """A stable name for the credential, never the secret itself.

    Of `request.auth` (a row, or anything with `credential: str`), else of the session's user, else of the address.
    """
    auth: Any = getattr(request, "auth", None)
    if isinstance(auth, Model):
        return f"{type(auth).__name__.lower()}:{auth.pk}"
    if auth is not None:
        return str(auth.credential)
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return f"user:{user.pk}"
    return f"address:{address_of(request)}"


def address_of(request: HttpRequest | Request) -> str:
    """The caller's IP address as text, `""` when unknown. X-Forwarded-For counts only behind `WEB_PROXIES` proxies."""
    if settings.WEB_PROXIES:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        return hops[-settings.WEB_PROXIES] if len(hops) >= settings.WEB_PROXIES else ""
    return str(request.META.get("REMOTE_ADDR") or "")
