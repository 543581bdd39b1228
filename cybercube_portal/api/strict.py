"""Serializers that take exactly what they say: JSON's own types, known names, moments with an offset."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

from cybercube_portal.api.pointers import below
from cybercube_portal.api.refusals import Malformed
from cybercube_portal.errors import FieldError
from cybercube_portal.reach import OutOfReach, within_reach

RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
PAGE_PARAMETERS = ("cursor", "page_size")

# First match counts; a field of none of these kinds judges its input alone.
JSON_TYPES: tuple[tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], ...], tuple[type, ...], str], ...] = (
    ((serializers.BooleanField,), (bool,), "true or false"),
    ((serializers.IntegerField,), (int,), "a whole number"),
    ((serializers.FloatField, serializers.DecimalField), (int, float), "a number"),
    ((serializers.ListField, serializers.MultipleChoiceField), (list,), "a list"),
    ((serializers.DictField,), (dict,), "an object"),
    (
        (
            serializers.CharField,
            serializers.ChoiceField,
            serializers.DateTimeField,
            serializers.DateField,
            serializers.TimeField,
            serializers.DurationField,
            serializers.UUIDField,
            serializers.SlugRelatedField,
        ),
        (str,),
        "a text",
    ),
)


class MomentField(serializers.DateTimeField):
    """An RFC 3339 moment: read with any offset, but never without one; written in UTC."""

    default_error_messages = {"invalid": "Not a moment: use RFC 3339 with an offset, such as 2026-01-17T10:00:00Z."}

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)

    def to_internal_value(self, value: Any) -> datetime:  # noqa: ANN401 - any JSON
        """The moment in UTC."""
        if not isinstance(value, str) or not RFC3339.fullmatch(value):
            self.fail("invalid")
        try:
            return within_reach(datetime.fromisoformat(value.upper())).astimezone(UTC)
        except OutOfReach as error:
            raise serializers.ValidationError(str(error), code=error.code) from error
        except ValueError:
            self.fail("invalid")


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown members with the nearest name, and values of another JSON type than the schema says (400).

    Read-only members may be sent back as they were read; they change nothing.
    """

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401 - any JSON
        """The validated values. Raises rest_framework's ValidationError with every error found."""
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        found: dict[str, Any] = {name: [_unknown(name, self.fields)] for name in data if name not in self.fields}
        for name, field in self.fields.items():
            wrong = None if field.read_only or name not in data else _wrong_type(field, data[name])
            if wrong is not None:
                found[name] = wrong
        values: Any = None
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            detail = error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
            found = {**detail, **found}
        if found:
            raise serializers.ValidationError(found)
        return values


def _wrong_type(field: serializers.Field[Any, Any, Any, Any], value: Any) -> Any:  # noqa: ANN401 - any JSON; details nest
    """Error details as REST framework nests them, or None."""
    if value is None:
        return None
    kind = next((row for row in JSON_TYPES if isinstance(field, row[0])), None)
    if kind is None:
        return None
    _, types, words = kind
    whole = isinstance(value, float) and value.is_integer() and int in types
    fits = whole or (isinstance(value, types) and (bool in types or not isinstance(value, bool)))
    if not fits:
        return [ErrorDetail(f"Has to be {words}.", code="type")]
    if isinstance(value, list) and isinstance(field, serializers.ListField):
        items = {str(index): _wrong_type(field.child, item) for index, item in enumerate(value)}
    elif isinstance(value, dict) and isinstance(field, serializers.DictField):
        items = {name: _wrong_type(field.child, item) for name, item in value.items()}
    else:
        return None
    return {name: wrong for name, wrong in items.items() if wrong is not None} or None


def _unknown(name: str, known: Iterable[str]) -> ErrorDetail:
    return ErrorDetail(f"There is no {name!r} here.{nearest(name, known)}", code="unknown")


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?`, or nothing when no known name is near."""
    found = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {found[0]!r}?" if found else ""


def refuse_unknown_parameters(sent: QueryDict, known: Iterable[str]) -> None:
    """A query parameter that nobody reads is refused rather than ignored; those of paging are always known.

    Raises Malformed (400) with every unknown name and the nearest known one.
    """
    names = (*known, *PAGE_PARAMETERS)
    errors = [
        FieldError(below("", name), "field.unknown", f"There is no parameter {name!r} here.{nearest(name, names)}")
        for name in sent
        if name not in names
    ]
    if errors:
        raise Malformed(errors[0].message, errors=errors)


def read_parameters(sent: QueryDict, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """The query parameters as `kind`, a plain serializer with optional fields, reads them; only those that were sent.

    Raises Malformed for an unknown one and one that is sent twice, rest_framework's ValidationError for a wrong value (all 400).
    """
    names = kind().fields
    refuse_unknown_parameters(sent, names)
    errors = [
        FieldError(below("", name), "field.repeated", f"The parameter {name!r} is sent more than once.")
        for name, values in sent.lists()
        if len(values) > 1
    ]
    if errors:
        raise Malformed(errors[0].message, errors=errors)
    serializer = kind(data={name: sent[name] for name in sent if name in names})
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def read_members(request: Request, kind: type[StrictSerializer], *, partial: bool = False) -> dict[str, Any]:
    """The body's members as `kind` takes them; `partial`: only those that were sent. Raises rest_framework's ValidationError (400)."""
    serializer = kind(data=request.data, partial=partial)
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values
