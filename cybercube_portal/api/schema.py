"""What OpenAPI says beyond the serializers: problems on every operation, Idempotency-Key, no members beyond the named ones."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from cybercube_portal.api.idempotency import HEADER, LONGEST_KEY
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
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[\\x21-\\x7e]+$"},
    OpenApiParameter.HEADER,
    description="The same key and body again within 24 hours gives the first answer and has no further effect.",
)
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="The ETag that was read with the thing."
)
METHODS = frozenset({"get", "post", "put", "patch", "delete"})


class PortalSchema(AutoSchema):
    """Adds the headers that this package reads."""

    def get_override_parameters(self) -> list[Any]:
        """Idempotency-Key where the handler takes one; If-Match on every PATCH."""
        handler = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        parameters = []
        if getattr(handler, "takes_idempotency_key", False):
            parameters.append(IDEMPOTENCY_KEY)
        if self.method == "PATCH":
            parameters.append(IF_MATCH)
        return parameters


class OnceGenerator(SchemaGenerator):
    """The public schema depends on the code alone: it is put together once per process."""

    _made: ClassVar[dict[str, Any] | None] = None

    def get_schema(self, request: Request | None = None, public: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - the framework's signature
        """The schema as a dict."""
        if not public:
            return super().get_schema(request, public)  # type: ignore[no-untyped-call]
        if OnceGenerator._made is None:
            OnceGenerator._made = super().get_schema(None, public)  # type: ignore[no-untyped-call]
        return OnceGenerator._made


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
    _forget_marks(result)
    return result


def _forget_marks(node: Any) -> None:  # noqa: ANN401 - any part of a schema
    """Drop what the generator leaves for hooks that are not used here."""
    if isinstance(node, dict):
        node.pop("x-spec-enum-id", None)
        for inner in node.values():
            _forget_marks(inner)
    elif isinstance(node, list):
        for inner in node:
            _forget_marks(inner)
