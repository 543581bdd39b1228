"""Several lists in one statement: what one page needs of tables that do not join costs one round trip."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar, overload

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Field, JSONField, Model, QuerySet

A = TypeVar("A", bound=Model)
B = TypeVar("B", bound=Model)
C = TypeVar("C", bound=Model)


@overload
def together(one: QuerySet[A], two: QuerySet[B], /) -> tuple[list[A], list[B]]: ...
@overload
def together(one: QuerySet[A], two: QuerySet[B], three: QuerySet[C], /) -> tuple[list[A], list[B], list[C]]: ...
@overload
def together(*lists: QuerySet[Any]) -> tuple[list[Any], ...]: ...
def together(*lists: QuerySet[Any]) -> tuple[list[Any], ...]:
    """The rows of each of `lists`, in its order, as its model's instances with their annotations.

    PostgreSQL hands the rows over as JSON, so a list takes no `select_related`, `values` or `prefetch_related`: what is wanted of
    another table is an annotation (text, number or JSON).
    """
    parts: list[str] = []
    params: list[Any] = []
    for rows in lists:
        try:
            statement, given = rows.query.sql_with_params()
        except EmptyResultSet:
            statement, given = "SELECT 1 WHERE false", ()
        parts.append(f"ARRAY(SELECT row_to_json(one)::text FROM ({statement}) one)")  # noqa: S608 - Django's own SQL
        params += given
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        told = cursor.fetchone()
    return tuple(
        [_row(rows.model, json.loads(text)) for text in texts] for rows, texts in zip(lists, told, strict=True)
    )


def _row(model: type[Model], told: Mapping[str, Any]) -> Model:
    columns = {field.column: field for field in model._meta.concrete_fields}  # noqa: SLF001 - Django's own name
    names = [columns[name].attname for name in told if name in columns]
    values = [_value(columns[name], value) for name, value in told.items() if name in columns]
    row = model.from_db(connection.alias, names, values)
    for name, value in told.items():
        if name not in columns:
            setattr(row, name, value)
    return row


def _value(field: Field[Any, Any], told: Any) -> Any:  # noqa: ANN401 - a column's value
    if told is None or isinstance(field, JSONField):
        return told
    if isinstance(field, ArrayField):
        return [_value(field.base_field, part) for part in told]
    return field.to_python(told)
