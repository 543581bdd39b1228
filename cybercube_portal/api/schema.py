"""What OpenAPI says beyond the serializers: problems on every operation, Idempotency-Key, no members beyond the named ones."""

from __future__ import annotations

from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from cybercube_portal.api.idempotency import HEADER
from cybercube_portal.api.problems import MEDIA_TYPE
from cybercube_portal.api.strict import StrictSerializer

REASON = {
    "type": "object",
    "description": "One rule's answer.",
    "required": ["code", "outcome", "section", "message", "remedy", "who", "details"],
    "properties": {
        "code": {"type": "string", "description": "`<area>.<fact>`; never changes."},
        "outcome": {"type": "string", "enum": ["pass", "fail", "pending", "skipped"]},
        "section": {"type": "string", "description": "Section of STD-ENG-006."},
        "message": {"type": "string"},
        "remedy": {"type": "string"},
        "who": {"type": "array", "items": {"type": "string"}},
        "details": {"type": "object", "additionalProperties": True},
    },
}
FIELD_ERROR = {
    "type": "object",
    "required": ["pointer", "code", "message"],
    "properties": {
        "pointer": {"type": "string", "description": "JSON pointer into the body, or `/` and a parameter's name."},
        "code": {"type": "string"},
        "message": {"type": "string"},
    },
}
PROBLEM = {
    "type": "object",
    "description": (
        "RFC 9457. 400: the request is not of the form this page describes; 401: no valid credential; 403: you may not; 404: no such "
        "thing; 409: the state or a rule of the standard does not allow it now, see `reasons`; 412 and 428: If-Match is stale or "
        "missing; 413: over 1 MiB; 415: no JSON; 422: well-formed but against the standard, see `errors`; 429: too many requests; "
        "503: the database cannot be reached and nothing was written."
    ),
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id", "errors", "reasons"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
        "reasons": {"type": "array", "items": {"$ref": "#/components/schemas/Reason"}},
    },
}
METHODS = frozenset({"get", "post", "put", "patch", "delete"})


class PortalSchema(AutoSchema):
    """Adds the headers that decorators of this package read."""

    def get_override_parameters(self) -> list[Any]:
        """Idempotency-Key where the handler takes one."""
        handler = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        if not getattr(handler, "takes_idempotency_key", False):
            return []
        text = "1 to 255 visible ASCII characters. The same key and body again within 24 hours gives the first answer."
        return [OpenApiParameter(HEADER, str, OpenApiParameter.HEADER, description=text)]


def document_problems(result: dict[str, Any], generator: SchemaGenerator, **_more: Any) -> dict[str, Any]:
    """Every operation may answer with a problem; requests hold no members beyond the named ones."""
    components = result.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.update({"FieldError": FIELD_ERROR, "Problem": PROBLEM, "Reason": REASON})
    components["schemas"] = dict(sorted(schemas.items()))
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components.setdefault("responses", {})["Problem"] = {"description": "Refused.", "content": content}
    for operations in result["paths"].values():
        for method, operation in operations.items():
            if method in METHODS:
                operation["responses"].setdefault("default", {"$ref": "#/components/responses/Problem"})
    for component in generator.registry._components.values():  # noqa: SLF001 - the only list of which serializer became what
        serializer = component.object
        kind = serializer if isinstance(serializer, type) else type(serializer)
        if component.name.endswith("Request") and issubclass(kind, StrictSerializer):
            schemas[component.name].setdefault("additionalProperties", False)
    return result
