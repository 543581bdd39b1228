"""POST conventions/check/: names and messages held against the table of conventions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import MomentField, StrictSerializer, read_members, refuse_unknown_parameters
from cybercube_portal.catalog.conventions.table import KINDS, check
from cybercube_portal.errors import FieldError, Invalid

LONGEST_VALUE = 20_000
MOST_CHECKS = 500
# A commit's date comes from its author's machine; the command line allows as much.
CLOCKS_DIFFER = timedelta(days=1)


class CheckSerializer(StrictSerializer):
    """One value. A pull request is its title, or title, line break and description. `created_at`: when a branch was made."""

    kind = serializers.ChoiceField(KINDS)
    value = serializers.CharField(max_length=LONGEST_VALUE, trim_whitespace=False, allow_blank=True)
    created_at = MomentField(required=False)


class ChecksSerializer(StrictSerializer):
    """One value by `kind` and `value`, or many as `checks`."""

    kind = serializers.ChoiceField(KINDS, required=False)
    value = serializers.CharField(max_length=LONGEST_VALUE, trim_whitespace=False, allow_blank=True, required=False)
    created_at = MomentField(required=False)
    checks = serializers.ListField(child=CheckSerializer(), min_length=1, max_length=MOST_CHECKS, required=False)


class ViolationSerializer(serializers.Serializer[Any]):
    """One broken rule, its section of the standard, and a correct example."""

    kind = serializers.ChoiceField(KINDS)
    value = serializers.CharField()
    rule = serializers.CharField()
    section = serializers.CharField()
    message = serializers.CharField()
    example = serializers.CharField()


class CheckedSerializer(serializers.Serializer[Any]):
    """`ok` when no value breaks a rule; violations in the order of the values, then of the table."""

    ok = serializers.BooleanField()
    violations = ViolationSerializer(many=True)


class ConventionsCheckView(generics.GenericAPIView[Any]):
    """Does it follow the conventions?"""

    serializer_class = CheckedSerializer

    @extend_schema(operation_id="conventions_check", request=ChecksSerializer, responses={200: CheckedSerializer})
    def post(self, request: Request) -> Response:
        """Branches, commits, pull requests, versions, artifacts, migration files, flags and variables. Nothing is kept."""
        refuse_unknown_parameters(request.query_params, [])
        now = clock.now()
        rows = _asked(read_members(request, ChecksSerializer))
        _refuse_the_future(rows, now)
        broken = [found for row in rows for found in check(row["kind"], row["value"], age=_age(row, now))]
        return Response({"ok": not broken, "violations": [found._asdict() for found in broken]})


def _asked(sent: dict[str, Any]) -> list[dict[str, Any]]:
    alone = {name: value for name, value in sent.items() if name != "checks"}
    if ("checks" in sent) == bool(alone):
        raise Invalid.field("/checks", "convention.question", "Send kind and value, or checks, not both.")
    missing = [name for name in ("kind", "value") if alone and name not in alone]
    if missing:
        raise Invalid([FieldError(f"/{name}", "field.required", f"A check has a {name}.") for name in missing])
    rows: list[dict[str, Any]] = sent.get("checks") or [alone]
    for at, row in enumerate(rows):
        row["pointer"] = f"/checks/{at}/created_at" if "checks" in sent else "/created_at"
    wrong = [
        FieldError(row["pointer"], "convention.no_lifetime", "Only a branch has a lifetime (§2.2).")
        for row in rows
        if "created_at" in row and row["kind"] != "branch"
    ]
    if wrong:
        raise Invalid(wrong)
    return rows


def _refuse_the_future(rows: list[dict[str, Any]], now: datetime) -> None:
    """A branch that is not made yet would never be too old."""
    coming = [row for row in rows if "created_at" in row and row["created_at"] > now + CLOCKS_DIFFER]
    if coming:
        raise Invalid(
            [FieldError(row["pointer"], "convention.not_yet", "It must not lie in the future.") for row in coming]
        )


def _age(row: dict[str, Any], now: datetime) -> timedelta | None:
    return max(now - row["created_at"], timedelta()) if "created_at" in row else None
