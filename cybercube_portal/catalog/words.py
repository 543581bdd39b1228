"""Words for services, teams, environments and the lint of migrations in the queries of lists."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Exists, Func, JSONField, OuterRef, Q, Value
from django.db.models.functions import JSONObject
from django.utils.translation import gettext_lazy as _

from cybercube_portal.catalog.models import Artifact, found_by_lint
from cybercube_portal.catalog.registers import SERVICES, TEAMS, Owned
from cybercube_portal.catalog.states import ENVIRONMENT_NAMES, EnvironmentCode, Severity
from cybercube_portal.query import Named, OneOf, Word


def service_word(by: Callable[[Owned], Q]) -> Word:
    """`service:billing-service`."""
    return Word(name="service", means=_("The service"), values=Named(SERVICES, by), example="billing-service")


def team_word(by: Callable[[Owned], Q]) -> Word:
    """`team:payments` and `team:@me`: everything of the services the team owns."""
    values = Named(TEAMS, by, mine=lambda asker: asker.team)
    return Word(name="team", means=_("The team that owns the service"), values=values, example="@me")


def environment_word(by: Callable[[EnvironmentCode], Q]) -> Word:
    """`environment:prd`, or by its long name."""
    values = OneOf(
        {code.value: by(code) for code in EnvironmentCode},
        also={name: code.value for name, code in ENVIRONMENT_NAMES.items()},
    )
    return Word(name="environment", means=_("The environment"), values=values, example="prd")


def lint_word() -> Word:
    """`lint:error`: rows of `service`, `version` and `filename` by what the lint found in that file of the artifact."""
    values = OneOf(
        {
            **{
                severity.value: _carried(found_by_lint(severity), findings=[{"severity": severity.value}])
                for severity in Severity
            },
            "clean": _carried() & ~_carried(findings=[{}]),
            "unknown": ~_carried(),
        }
    )
    means = _("What the lint finds in the file (§9.3); unknown: no artifact that is registered carries it")
    return Word(name="lint", means=means, values=values, example="error")


def _carried(*also: Q, **judged: object) -> Q:
    """Rows whose artifact carries the file, judged like that: `[{}]` holds anything but an empty list. `also`: what the artifact is besides."""
    file = JSONObject(
        filename=OuterRef("filename"), **{name: Value(value, JSONField()) for name, value in judged.items()}
    )
    files = Func(file, function="jsonb_build_array", output_field=JSONField())
    carrying = Artifact.objects.filter(
        *also,
        service=OuterRef("service"),
        version=OuterRef("version"),
        migrations__contains=files,
    )
    return Q(Exists(carrying))
