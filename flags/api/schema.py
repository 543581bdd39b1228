"""How the schema page names the key of programs that evaluate flags."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class EvaluationKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A key bound to an environment."""

    target_class = "flags.api.authentication.EvaluationKeyAuthentication"
    name = "evaluation_key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002 - the extension's signature
        """The security scheme."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "A key issued with `--environment`; `Authorization: Bearer` does as well.",
        }
