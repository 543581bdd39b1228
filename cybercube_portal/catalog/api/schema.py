"""How the schema page names a CI platform's token: the one bearer scheme, said once."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema

from cybercube_portal.people.api.schema import BearerScheme


class CiTokenScheme(BearerScheme):  # type: ignore[no-untyped-call]
    """The same header as an API key; `BearerScheme` describes both."""

    target_class = "cybercube_portal.catalog.authentication.CiTokenAuthentication"

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[Any]:  # noqa: ARG002 - the extension's signature
        """Nothing to add: an operation that takes this token takes a key as well."""
        return []
