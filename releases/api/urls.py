"""Routes of the gate under `/api/v1/`."""

from __future__ import annotations

from cybercube_portal.api import path_both
from releases.api import gate

urlpatterns = [
    path_both("gate/decisions/", gate.short_way(gate.DecisionsView), name="api-gate-decisions"),
    path_both("gate/decisions/<uuid:decision_id>/", gate.DecisionView.as_view(), name="api-gate-decision"),
    path_both("gate/forecast/", gate.ForecastView.as_view(), name="api-gate-forecast"),
]
