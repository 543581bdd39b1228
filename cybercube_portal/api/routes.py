"""Routes that answer with and without the trailing slash (api.md), written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern
from django.urls.resolvers import RoutePattern


class EitherSlash(RoutePattern):
    """A route written with a trailing slash that also matches the path without it."""

    def match(self, path: str) -> tuple[str, tuple[Any, ...], dict[str, Any]] | None:
        """Django's answer for `path`, tried as it stands and with a slash added."""
        found = super().match(path)
        if found is None and not path.endswith("/"):
            found = super().match(f"{path}/")
        return found


def path_both(route: str, view: Callable[..., Any], name: str | None = None) -> URLPattern:
    """Like `django.urls.path` for a view. `route` ends with a slash; `reverse` and the schema show it so."""
    return URLPattern(EitherSlash(route, name=name, is_endpoint=True), view, None, name)
