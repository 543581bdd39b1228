"""What a browser remembers about its reader, in cookies: the page is right from its first byte, without JavaScript."""

from __future__ import annotations

from enum import StrEnum

from django.http import HttpRequest, HttpResponse

ONE_YEAR = 365 * 24 * 60 * 60
THEME_COOKIE = "portal-theme"
KEYS_COOKIE = "portal-keys"


class Theme(StrEnum):
    """`auto` follows the system."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


def theme_of(request: HttpRequest) -> Theme:
    """The chosen theme; `auto` for none and for anything unknown."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return Theme(chosen) if chosen in set(Theme) else Theme.AUTO


def has_single_keys(request: HttpRequest) -> bool:
    """Whether single keys act (WCAG 2.1.4: they can be switched off)."""
    return request.COOKIES.get(KEYS_COOKIE) != "off"


def remember(request: HttpRequest, response: HttpResponse, name: str, value: str) -> None:
    """Keep a preference for a year. No page's script reads it."""
    response.set_cookie(name, value, max_age=ONE_YEAR, httponly=True, samesite="Lax", secure=request.is_secure())
