"""`metrics/dora/` and `metrics/approvals/`: how the company delivers, from facts (domain.md section 5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.calendar import DayOrMomentField
from changes.states import Risk
from cybercube_portal import clock
from cybercube_portal.api import MomentField, StrictSerializer, read_parameters
from cybercube_portal.catalog.selectors import get_service
from cybercube_portal.errors import Invalid
from cybercube_portal.people.selectors import team_named
from releases.policy.dora import LONGEST_PERIOD, USUAL_PERIOD, Cadence, Figure, Level, fail_rate, hours
from releases.policy.dora_days import Sums
from releases.selectors.approvals import Wait, approval_waits
from releases.selectors.dora import cadences, measure
from releases.selectors.periods import Period, period_of

NAMES = (
    "deployment_frequency",
    "lead_time_for_changes",
    "change_fail_rate",
    "failed_deployment_recovery_time",
    "rework_rate",
)
WORDS = {
    "from": "Beginning, a day or a moment; left out: 90 days before `to`.",
    "to": "End, not included; left out: now.",
}


class PeriodParameters(StrictSerializer):
    """Half-open; at most 400 days."""

    service = serializers.CharField(max_length=64, required=False, help_text="Slug.")
    team = serializers.CharField(max_length=64, required=False, help_text="Slug.")

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        moments = {name: DayOrMomentField(required=False, help_text=words) for name, words in WORDS.items()}
        return {**super().get_fields(), **moments}


class FigureSerializer(serializers.Serializer[Any]):
    """`value` in `unit`, null where there is nothing to measure; of a median `denominator` is how many it was taken of."""

    value = serializers.FloatField(allow_null=True)
    unit = serializers.ChoiceField(["per day", "hours", "ratio"])
    bucket = serializers.CharField(allow_blank=True, help_text="DORA's word for it.")
    level = serializers.ChoiceField([level.value for level in Level], allow_null=True, help_text="DORA's group.")
    p90 = serializers.FloatField(allow_null=True)
    numerator = serializers.IntegerField(allow_null=True)
    denominator = serializers.IntegerField()
    url = serializers.URLField(help_text="The deployments behind it.")


class CadenceSerializer(serializers.Serializer[Any]):
    """§0: "weekly releases minimum; daily for patches". The two answers are null where there was no occasion."""

    name = serializers.CharField()
    team = serializers.CharField()
    weeks = serializers.IntegerField()
    weeks_with = serializers.IntegerField(help_text="Whole weeks in which production got something.")
    patches = serializers.IntegerField()
    patches_in_time = serializers.IntegerField(help_text="In production within a day of being built.")
    is_weekly = serializers.BooleanField(allow_null=True)
    is_daily_for_patches = serializers.BooleanField(allow_null=True)


class CadencesSerializer(serializers.Serializer[Any]):
    """By service and by team."""

    services = CadenceSerializer(many=True)
    teams = CadenceSerializer(many=True)


class PeriodSerializer(serializers.Serializer[Any]):
    """What was measured."""

    service = serializers.CharField(allow_null=True)
    team = serializers.CharField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        return {**super().get_fields(), "from": MomentField(), "to": MomentField()}


class DoraSerializer(PeriodSerializer):
    """The five figures. What each counts stands in DECISIONS.md and in `releases/policy/dora.py`."""

    deployment_frequency = FigureSerializer()
    lead_time_for_changes = FigureSerializer()
    change_fail_rate = FigureSerializer()
    failed_deployment_recovery_time = FigureSerializer()
    rework_rate = FigureSerializer()
    cadence = CadencesSerializer()


class WaitSerializer(serializers.Serializer[Any]):
    """From submission to signature, and how often what was let through failed in the same period."""

    signatures = serializers.IntegerField()
    median_hours = serializers.FloatField(allow_null=True)
    p90_hours = serializers.FloatField(allow_null=True)
    deployments = serializers.IntegerField()
    failing = serializers.IntegerField()
    change_fail_rate = serializers.FloatField(allow_null=True)


class SeatWaitSerializer(WaitSerializer):
    """Deployments are those whose change the seat had signed before they began."""

    seat = serializers.CharField()


class RiskWaitSerializer(WaitSerializer):
    """Deployments are those whose change has that risk, whoever signed it."""

    risk = serializers.ChoiceField([risk.value for risk in Risk])


class WaitsSerializer(PeriodSerializer):
    """Seat by seat and risk by risk, beside the change fail rate of the same period."""

    seats = SeatWaitSerializer(many=True)
    risks = RiskWaitSerializer(many=True)
    change_fail_rate = FigureSerializer()


class DoraView(generics.GenericAPIView[Any]):
    """How the company delivers."""

    serializer_class = DoraSerializer

    @extend_schema(operation_id="metrics_dora", parameters=[PeriodParameters], responses=DoraSerializer)
    def get(self, request: Request) -> Response:
        """DORA's five figures and the cadence against §0, of production, of all or of one service or team."""
        period = period_asked(request.query_params, now=clock.now())
        services, teams = cadences(period)
        answer = {
            **_told(period),
            **{figure.name: shown_figure(figure, period) for figure in measure(period).figures},
            "cadence": {
                "services": [_cadence(row) for row in services],
                "teams": [_cadence(row) for row in teams],
            },
        }
        return Response(self.get_serializer(answer).data)


class ApprovalsView(generics.GenericAPIView[Any]):
    """How long signatures are waited for."""

    serializer_class = WaitsSerializer

    @extend_schema(operation_id="metrics_approvals", parameters=[PeriodParameters], responses=WaitsSerializer)
    def get(self, request: Request) -> Response:
        """Median and 90th percentile of the wait for each seat and each risk, and the change fail rate of what was let through."""
        period = period_asked(request.query_params, now=clock.now())
        waits = approval_waits(period)
        fails = fail_rate(Sums(deployments=waits.total.deployments, failing=waits.total.failing))
        answer = {
            **_told(period),
            "seats": [{"seat": row.name, **_wait(row)} for row in waits.seats],
            "risks": [{"risk": row.name, **_wait(row)} for row in waits.risks],
            "change_fail_rate": shown_figure(fails, period),
        }
        return Response(self.get_serializer(answer).data)


def period_asked(sent: QueryDict, *, now: datetime) -> Period:
    """The period that the parameters name. Raises Malformed, NotFound, Invalid."""
    read = read_parameters(sent, PeriodParameters)
    if service := read.get("service", ""):
        get_service(service)
    if team := read.get("team", ""):
        team_named(team)
    end = read.get("to", now)
    start = read.get("from", end - USUAL_PERIOD)
    if not start < end or end - start > LONGEST_PERIOD:
        raise Invalid.field("/from", "metrics.period", f"`from` lies before `to`, at most {LONGEST_PERIOD.days} days.")
    return period_of(start=start, end=end, service=service, team=team)


def shown_figure(figure: Figure, period: Period) -> dict[str, Any]:
    """A figure with the address of what stands behind it."""
    names = ("value", "unit", "bucket", "level", "p90", "numerator", "denominator")
    return {
        **{name: getattr(figure, name) for name in names},
        "url": f"{settings.BASE_URL}{list_path(figure.name, period)}",
    }


def list_path(name: str, period: Period) -> str:
    """The page with the deployments behind a figure."""
    words = {"service": period.service, "team": period.team}
    query = {
        "figure": name,
        **{word: value for word, value in words.items() if value},
        "from": f"{period.start:%Y-%m-%dT%H:%M:%SZ}",
        "to": f"{period.end:%Y-%m-%dT%H:%M:%SZ}",
    }
    return f"/dashboards/deployments/?{urlencode(query)}"


def _told(period: Period) -> dict[str, Any]:
    return {"service": period.service or None, "team": period.team or None, "from": period.start, "to": period.end}


def _wait(row: Wait) -> dict[str, Any]:
    return {
        "signatures": row.signatures,
        "median_hours": hours(row.median),
        "p90_hours": hours(row.p90),
        "deployments": row.deployments,
        "failing": row.failing,
        "change_fail_rate": row.fail_rate,
    }


def _cadence(row: Cadence) -> dict[str, Any]:
    names = ("name", "team", "weeks", "weeks_with", "patches", "patches_in_time", "is_weekly", "is_daily_for_patches")
    return {name: getattr(row, name) for name in names}
