"""Keyset pages: the rows after or before a row, so that page 1,000 costs what page 1 costs and nothing is shown twice."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime

Row = TypeVar("Row", bound=Model)
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class PageOfRows(Generic[Row]):
    """`rows` and the query strings of its neighbours (`""`: there is none)."""

    rows: tuple[Row, ...]
    previous: str = ""
    next: str = ""

    @property
    def has_more(self) -> bool:
        """Whether this is not everything."""
        return bool(self.previous or self.next)


def page_of_rows(
    request: HttpRequest, rows: QuerySet[Row], *, order: tuple[str, ...], size: int = PAGE_SIZE
) -> PageOfRows[Row]:
    """The page of `rows` that `?after=` or `?before=` asks for; a token that cannot be read shows the first.

    `order` names columns (`-` for descending), never null, the last one unique. One query.
    """
    after, before = _token(request, "after", order), _token(request, "before", order)
    backwards = before is not None and after is None
    wanted = tuple(_turned(name) for name in order) if backwards else order
    start = before if backwards else after
    try:
        rest = rows.filter(_beyond(wanted, start)) if start else rows
    except (ValueError, TypeError, ValidationError):
        rest, start, backwards, wanted = rows, None, False, order
    found = list(rest.order_by(*wanted)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    earlier = more if backwards else start is not None
    later = backwards or more
    return PageOfRows(
        tuple(found),
        previous=_link(request, "before", found[0], order) if found and earlier else "",
        next=_link(request, "after", found[-1], order) if found and later else "",
    )


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def rows_in_order(rows: QuerySet[Row], *, order: tuple[str, ...], most: int, size: int = 1000) -> Iterator[Row]:
    """The first `most` of `rows`, read page by page: no cursor and no transaction stays open between two of them."""
    last: Row | None = None
    while most > 0:
        rest = rows.filter(_beyond(order, [_value(last, _column(name)) for name in order])) if last else rows
        found = list(rest.order_by(*order)[: min(size, most)])
        yield from found
        most = most - len(found) if len(found) == size else 0
        last = found[-1] if found else None


def _column(name: str) -> str:
    return name.removeprefix("-")


def _beyond(order: tuple[str, ...], values: list[Any]) -> Q:
    """Rows that come after `values` in `order`. The bound on the first column says nothing new, but an index can begin there."""
    first = "lte" if order[0].startswith("-") else "gte"
    beyond, same = Q(), Q()
    for name, value in zip(order, values, strict=True):
        column = _column(name)
        comparison = "lt" if name.startswith("-") else "gt"
        beyond |= same & Q(**{f"{column}__{comparison}": value})
        same &= Q(**{column: value})
    return Q(**{f"{_column(order[0])}__{first}": values[0]}) & beyond


def _link(request: HttpRequest, way: str, row: Model, order: tuple[str, ...]) -> str:
    values = [_value(row, _column(name)) for name in order]
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    text = json.dumps(values, cls=_Exact, separators=(",", ":"))
    query[way] = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return f"?{query.urlencode()}"


class _Exact(DjangoJSONEncoder):
    """Microseconds kept: a rounded moment would show its row again."""

    def default(self, o: Any) -> Any:  # noqa: ANN401 - JSON's signature
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def _value(row: Model, path: str) -> Any:  # noqa: ANN401 - a column's value
    value: Any = row
    for part in path.split("__"):
        value = getattr(value, part)
    return value


def _token(request: HttpRequest, name: str, order: tuple[str, ...]) -> list[Any] | None:
    text = request.GET.get(name, "")
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(values, list) or len(values) != len(order):
        return None
    if not all(isinstance(value, (str, int)) and not isinstance(value, bool) for value in values):
        return None
    return [_moment(value) for value in values]


def _moment(value: str | int) -> Any:  # noqa: ANN401 - a column's value
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return value
    return found or value
