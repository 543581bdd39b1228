"""Every address. Each app brings its own lists; the API's routes answer with and without the trailing slash."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from changes.api.calendar import calendar_feed
from cybercube_portal import health, metrics
from cybercube_portal.api import path_both
from flags.api import unleash
from releases.api.alerts import AlertsView
from releases.api.gate import key_set

handler400 = "cybercube_portal.api.handlers.bad_request"
handler403 = "cybercube_portal.api.handlers.permission_denied"
handler404 = "cybercube_portal.api.handlers.not_found"
handler500 = "cybercube_portal.api.handlers.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path_both("health/", health.detailed, name="health"),
    path_both("health/live/", health.live, name="health-live"),
    path_both("health/ready/", health.ready, name="health-ready"),
    path_both("metrics/", metrics.metrics, name="metrics"),
    path_both("api/v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path_both("api/v1/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("api/v1/", include("cybercube_portal.people.api.urls")),
    path("api/v1/", include("cybercube_portal.catalog.api.urls")),
    path("api/v1/", include("releases.api.urls")),
    path_both("integrations/alerts/", AlertsView.as_view(), name="integrations-alerts"),
    path(".well-known/jwks.json", key_set, name="jwks"),
    path("api/v1/", include("flags.api.urls")),
    path_both("api/unleash/client/features/", unleash.FeaturesView.as_view(), name="unleash-features"),
    path_both("api/unleash/client/register/", unleash.RegisterView.as_view(), name="unleash-register"),
    path_both("api/unleash/client/metrics/", unleash.MetricsView.as_view(), name="unleash-metrics"),
    path("api/v1/", include("changes.api.urls")),
    path("api/v1/", include("cybercube_portal.record.api.urls")),
    path("api/v1/", include("cybercube_portal.notices.api")),
    path("calendar/<str:token>.ics", calendar_feed, name="calendar-feed"),
    path("", include("changes.urls")),
    path("", include("flags.urls")),
    path("", include("cybercube_portal.catalog.urls")),
    path("", include("releases.urls")),
    path("", include("cybercube_portal.record.urls")),
    path("admin/", admin.site.urls),
    path("", include("cybercube_portal.notices.urls")),
    path("", include("cybercube_portal.people.urls")),
    path("", include("cybercube_portal.pages.urls")),
]
