"""POST migrations/lint/: a migration file judged before it is built into anything."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal.api import StrictSerializer, read_members, refuse_unknown_parameters
from cybercube_portal.catalog.migration_lint import lint_migration
from cybercube_portal.catalog.migration_locks import Lasts, LockMode
from cybercube_portal.catalog.states import MigrationKind, MigrationPhase, Severity


class LintSerializer(StrictSerializer):
    """One file of §9.2. The name is judged too."""

    filename = serializers.CharField(max_length=200, trim_whitespace=False)
    sql = serializers.CharField(max_length=500_000, trim_whitespace=False, allow_blank=True)


class FindingSerializer(serializers.Serializer[Any]):
    """One finding. `line` and `column` count from 1; an `error` raises the risk of a change that carries the file."""

    rule = serializers.CharField()
    severity = serializers.ChoiceField([severity.value for severity in Severity])
    line = serializers.IntegerField()
    column = serializers.IntegerField()
    message = serializers.CharField()
    safe_pattern = serializers.CharField(allow_blank=True)
    section = serializers.CharField()


class LockSerializer(serializers.Serializer[Any]):
    """What the statement at `line` locks, by PostgreSQL's names, whom that stops, and how long it is held at least (§9.4)."""

    line = serializers.IntegerField()
    mode = serializers.ChoiceField([mode.value for mode in LockMode])
    stops = serializers.CharField()
    lasts = serializers.ChoiceField([lasts.value for lasts in Lasts])


class LintedSerializer(serializers.Serializer[Any]):
    """`ok` without an error among the findings. `phase` by §9.3, null when the file changes nothing.

    `lock_impact` is the strongest lock in one line (§9.4), empty for a file that cannot be read. `has_way_back`: it holds one below
    "-- Down", as §8.4 writes it.
    """

    ok = serializers.BooleanField()
    kind = serializers.ChoiceField([kind.value for kind in MigrationKind])
    phase = serializers.ChoiceField([phase.value for phase in MigrationPhase], allow_null=True)
    findings = FindingSerializer(many=True)
    locks = LockSerializer(many=True)
    lock_impact = serializers.CharField(allow_blank=True)
    has_way_back = serializers.BooleanField()


class MigrationsLintView(generics.GenericAPIView[Any]):
    """Is this migration safe?"""

    serializer_class = LintedSerializer

    @extend_schema(operation_id="migrations_lint", request=LintSerializer, responses={200: LintedSerializer})
    def post(self, request: Request) -> Response:
        """What §9 says about a file: name, phase, and statements that would break or block. Nothing is kept."""
        refuse_unknown_parameters(request.query_params, [])
        linted = lint_migration(**read_members(request, LintSerializer))
        findings = [finding.as_dict() for finding in linted.findings]
        return Response(
            {
                "ok": all(finding.severity is not Severity.ERROR for finding in linted.findings),
                "kind": linted.kind.value,
                "phase": linted.phase and linted.phase.value,
                "findings": findings,
                "locks": [lock.as_dict() for lock in linted.locks],
                "lock_impact": linted.lock_impact,
                "has_way_back": linted.has_way_back,
            }
        )
