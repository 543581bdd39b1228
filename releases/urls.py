"""Addresses of the pages of the gate and of deployments."""

from __future__ import annotations

from django.urls import path

from releases.views import ask, change, decision, deployment_moves, deployments, log, watching

urlpatterns = [
    path("gate/", log.gate, name="gate"),
    path("gate/ask/", ask.gate_ask, name="gate-ask"),
    path("gate/changes/<str:number>/", change.gate_change, name="gate-change"),
    path("gate/<uuid:decision_id>/", decision.gate_decision, name="gate-decision"),
    path("deployments/", deployments.deployments, name="deployments"),
    path("deployments/<str:reference>/", deployments.deployment, name="deployment"),
    path("deployments/<str:reference>/watch/", watching.deployment_watch, name="deployment-watch"),
    *deployment_moves.move_routes(),
]
