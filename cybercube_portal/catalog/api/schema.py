"""How the schema page names a CI platform's token: not once more, the scheme of API keys says both."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class CiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Adds nothing: an operation that takes this bearer takes a key's as well (`people.api.schema.BearerScheme`)."""

    target_class = "cybercube_portal.catalog.authentication.CiTokenAuthentication"
    name: str | list[str] = []

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[Any]:  # noqa: ARG002 - the extension's signature
        """None of its own."""
        return []

    def get_security_definition(self, auto_schema: AutoSchema) -> list[Any]:  # noqa: ARG002 - the extension's signature
        """None of its own."""
        return []
