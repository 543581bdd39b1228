"""`POST /integrations/alerts/`: Alertmanager's webhook, version 4, with `authorization: {credentials: <API key>}`.

The key is verified before the body is read. Members this version does not know are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cybercube_portal import clock
from cybercube_portal.api import MomentField, idempotent
from cybercube_portal.catalog.states import EnvironmentCode
from cybercube_portal.errors import FieldError, Invalid
from cybercube_portal.people.authentication import actor_of
from cybercube_portal.people.guard import require
from releases import permissions
from releases.actions.alerts import Alert, Taken, take_alerts

MOST_ALERTS = 500
# What an incident has room for; a longer word of a severity or address says nothing to anybody.
LONGEST_SEVERITY, LONGEST_URL = 8, 1000
OUTCOMES = ["opened", "known", "resolved", "nothing_open", "refused"]
SERVICE, ENVIRONMENTS = "service", ("environment", "env")


class AlertSerializer(serializers.Serializer[Any]):
    """One alert. Its label `service` is a slug, `environment` or `env` dev, stg or prd (none: prd); `flag`, if it has one, is killed there."""

    status = serializers.ChoiceField(["firing", "resolved"])
    labels = serializers.DictField(child=serializers.CharField(max_length=2000, allow_blank=True))
    annotations = serializers.DictField(
        child=serializers.CharField(max_length=10_000, allow_blank=True), required=False
    )
    startsAt = MomentField()  # noqa: N815 - Alertmanager's name
    endsAt = serializers.CharField(max_length=64, required=False)  # noqa: N815 - year 1 while it fires
    generatorURL = serializers.CharField(max_length=10_000, required=False, allow_blank=True)  # noqa: N815
    fingerprint = serializers.CharField(max_length=200)


class AlertsBody(serializers.Serializer[Any]):
    """What Alertmanager sends."""

    version = serializers.ChoiceField(["4"])
    alerts = serializers.ListField(child=AlertSerializer(), min_length=1, max_length=MOST_ALERTS)


class TakenSerializer(serializers.Serializer[Any]):
    """What became of one alert."""

    fingerprint = serializers.CharField()
    outcome = serializers.ChoiceField(OUTCOMES)
    incident = serializers.CharField(allow_null=True)
    message = serializers.CharField(allow_null=True, help_text="Why it was refused, or its flag was not switched off.")
    flag = serializers.CharField(allow_null=True, help_text="Switched off by it.")


class TakenAlertsSerializer(serializers.Serializer[Any]):
    """What became of each."""

    results = TakenSerializer(many=True)


class AlertsView(generics.GenericAPIView[Any]):
    """Alerts in."""

    serializer_class = TakenAlertsSerializer
    # It may switch a flag off, and Alertmanager sends again what was refused: nobody is told to wait.
    throttle_classes = ()

    @extend_schema(operation_id="integrations_alerts", request=AlertsBody, responses={200: TakenAlertsSerializer})
    @idempotent
    def post(self, request: Request) -> HttpResponse:
        """Firing opens an incident and kills the flag it names, resolved ends it; 422 when none of the alerts could be understood."""
        actor, now = actor_of(request), clock.now()
        require(actor, permissions.RECEIVE_ALERTS, now=now, services=actor.key.services if actor.key else ())
        body = AlertsBody(data=request.data)
        body.is_valid(raise_exception=True)
        results = take_alerts(alerts=map(_alert, body.validated_data["alerts"]), actor=actor, now=now)
        if all(taken.outcome == "refused" for taken in results):
            raise Invalid(_refusals(results), message=results[0].message)
        shown = [
            {
                "fingerprint": taken.fingerprint,
                "outcome": taken.outcome,
                "incident": taken.incident or None,
                "message": taken.message or None,
                "flag": taken.flag or None,
            }
            for taken in results
        ]
        return Response(TakenAlertsSerializer({"results": shown}).data)


def _alert(sent: Mapping[str, Any]) -> Alert:
    labels, annotations = sent["labels"], sent.get("annotations", {})
    url = sent.get("generatorURL", "")
    severity = labels.get("severity", "")
    is_over = sent["status"] == "resolved"
    return Alert(
        fingerprint=sent["fingerprint"],
        service=labels.get(SERVICE, ""),
        environment=next((labels[name] for name in ENVIRONMENTS if labels.get(name)), EnvironmentCode.PRD.value),
        title=annotations.get("summary") or labels.get("alertname") or "Alert",
        severity=severity if len(severity) <= LONGEST_SEVERITY else "",
        url=url if url.startswith(("https://", "http://")) and len(url) <= LONGEST_URL else "",
        starts_at=sent["startsAt"],
        flag=labels.get("flag", ""),
        ends_at=MomentField().run_validation(sent.get("endsAt", "")) if is_over else None,
    )


def _refusals(results: list[Taken]) -> list[FieldError]:
    return [
        FieldError(f"/alerts/{index}/labels/{SERVICE}", "alert.not_understood", taken.message)
        for index, taken in enumerate(results)
    ]
