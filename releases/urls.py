"""Addresses of the pages of the gate and of deployments."""

from __future__ import annotations

from django.urls import path

from releases.views import (
    ask,
    change,
    decision,
    deployment_moves,
    deployments,
    incidents,
    log,
    rollback,
    watching,
)

urlpatterns = [
    path("gate/", log.gate, name="gate"),
    path("gate/ask/", ask.gate_ask, name="gate-ask"),
    path("gate/changes/<str:number>/", change.gate_change, name="gate-change"),
    path("gate/<uuid:decision_id>/", decision.gate_decision, name="gate-decision"),
    path("deployments/", deployments.deployments, name="deployments"),
    path("deployments/<str:reference>/", deployments.deployment, name="deployment"),
    path("deployments/<str:reference>/watch/", watching.deployment_watch, name="deployment-watch"),
    *deployment_moves.move_routes(),
    path("deployments/<str:reference>/roll_back/", rollback.roll_back, name="deployment-roll_back"),
    path("deployments/<str:reference>/report_corruption/", rollback.corruption, name="deployment-report_corruption"),
    path("deployments/<str:reference>/notice/", rollback.notice, name="deployment-notice"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/new/", incidents.incident_new, name="incident-new"),
    path("incidents/<str:reference>/resolve/", incidents.incident_resolve, name="incident-resolve"),
]
