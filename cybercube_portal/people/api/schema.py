"""How the schema page names the key: one bearer scheme."""

from __future__ import annotations

from typing import Any

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """An API key, or a CI platform's OIDC token."""

    target_class = "cybercube_portal.people.authentication.ApiKeyAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002 - the extension's signature
        """The security scheme."""
        return {"type": "http", "scheme": "bearer", "description": "An API key, or a CI platform's OIDC token."}


class BrowserScheme(SessionScheme):  # type: ignore[no-untyped-call]
    """The browser's session cookie, with `X-CSRFToken` on whatever writes."""

    target_class = "cybercube_portal.people.authentication.SessionAuthentication"
    name = "session"
    priority = 0
