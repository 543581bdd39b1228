"""Keyset pages: a cursor names the row where a page ended, so that rows added meanwhile never shift what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core import signing
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from cybercube_portal.api.refusals import Malformed
from cybercube_portal.errors import FieldError

if TYPE_CHECKING:
    # The framework's views load their defaults, this module among them, while they are themselves being loaded.
    from rest_framework.views import APIView

PAGE_SIZE = 50
LARGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in their order, with the cursors of the pages around them."""

    rows: list[Any]
    next: str | None
    previous: str | None


def cut_page(rows: QuerySet[Any], *, order: Sequence[str], cursor: str | None, size: int, name: str) -> Page:
    """One page of `rows`.

    order: field paths, `-` for descending, never null, the last one unique. name: which list this is; a cursor made for
    another list is refused. Raises Malformed.
    """
    salt = f"page:{name}:{','.join(order)}"
    backwards, values = _read(cursor, salt)
    way = [_turned(field) for field in order] if backwards else list(order)
    rows = rows.order_by(*way)
    if values is not None:
        rows = rows.filter(_after(way, values))
    found = list(rows[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    if not found:
        return Page([], None, None)
    # A page reached by a cursor has, on the side it was reached from, at least the row that the cursor names.
    has_next, has_previous = (values is not None, more) if backwards else (more, values is not None)
    return Page(
        found,
        _write(found[-1], order, salt, backwards=False) if has_next else None,
        _write(found[0], order, salt, backwards=True) if has_previous else None,
    )


def _turned(field: str) -> str:
    return field.removeprefix("-") if field.startswith("-") else f"-{field}"


def _after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows behind `values` in `order`; the first column alone bounds the index scan."""
    behind, equal = Q(), Q()
    for field, value in zip(order, values, strict=True):
        name = field.removeprefix("-")
        step = "lt" if field.startswith("-") else "gt"
        behind |= equal & Q(**{f"{name}__{step}": value})
        equal &= Q(**{name: value})
    first = order[0].removeprefix("-")
    return Q(**{f"{first}__{'lte' if order[0].startswith('-') else 'gte'}": values[0]}) & behind


def _write(row: Any, order: Sequence[str], salt: str, *, backwards: bool) -> str:  # noqa: ANN401 - a model or a mapping
    values = [_value(row, field.removeprefix("-")) for field in order]
    return signing.dumps([int(backwards), values], salt=salt, serializer=_Serializer)


def _value(row: Any, path: str) -> Any:  # noqa: ANN401 - whatever the column holds
    if isinstance(row, Mapping):
        return row[path]
    for name in path.split("__"):
        row = getattr(row, name)
    return row.pk if isinstance(row, Model) else row


def _read(cursor: str | None, salt: str) -> tuple[bool, list[Any] | None]:
    if cursor is None:
        return False, None
    try:
        backwards, values = signing.loads(cursor, salt=salt, serializer=_Serializer)
    except signing.BadSignature as error:
        message = "This cursor was not made for this list; start without one."
        raise Malformed(
            message, code="cursor.unknown", errors=[FieldError("/cursor", "cursor.unknown", message)]
        ) from error
    return bool(backwards), values


class _Serializer(signing.JSONSerializer):
    """Signed JSON that also writes moments and UUIDs."""

    def dumps(self, obj: Any) -> bytes:  # noqa: ANN401 - any JSON
        return _ENCODER.encode(obj).encode("latin-1")


_ENCODER = DjangoJSONEncoder(separators=(",", ":"))


class CursorPagination(BasePagination):
    """`{"next", "previous", "results"}`. A view names its `ordering` (see `cut_page`); the default is the newest row first."""

    ordering: Sequence[str] = ("-id",)

    def paginate_queryset(  # type: ignore[override]  # keyset pages need a table's order
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """The rows of the page asked for by `cursor` and `page_size`. Raises Malformed."""
        self.url = request.build_absolute_uri()
        self.page = cut_page(
            queryset,
            order=getattr(view, "ordering", None) or self.ordering,
            cursor=request.query_params.get("cursor"),
            size=_size(request.query_params.get("page_size")),
            name=request.path.rstrip("/"),
        )
        return self.page.rows

    def get_paginated_response(self, data: Any) -> Response:  # noqa: ANN401 - the serialized rows
        """The page with absolute addresses of its neighbours."""
        return Response({"next": self._url(self.page.next), "previous": self._url(self.page.previous), "results": data})

    def _url(self, cursor: str | None) -> str | None:
        return replace_query_param(self.url, "cursor", cursor) if cursor else None

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The page's shape."""
        address = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": address, "previous": address, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:  # noqa: ARG002 - the framework's signature
        """`cursor` and `page_size` for the schema."""
        size = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE_SIZE}
        return [
            _parameter("cursor", "Where to go on; copy it from `next` or `previous`.", {"type": "string"}),
            _parameter("page_size", "Rows on a page.", size),
        ]


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _size(text: str | None) -> int:
    if text is None:
        return PAGE_SIZE
    if text.isdecimal() and text.isascii() and 1 <= int(text[:9]) <= LARGEST_PAGE:
        return int(text)
    message = f"page_size is a whole number from 1 to {LARGEST_PAGE}."
    raise Malformed(message, errors=[FieldError("/page_size", "field.invalid", message)])
