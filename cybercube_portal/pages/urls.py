"""Addresses of the pages that gather from several apps."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from cybercube_portal.pages import dashboards, services, views

urlpatterns = [
    path("", views.home, name="home"),
    path("services/", services.services, name="services"),
    path("services/<slug:slug>/", services.service, name="service"),
    path("dashboards/", dashboards.dashboards, name="dashboards"),
    path("dashboards/deployments/", dashboards.dashboard_deployments, name="dashboard-deployments"),
    path("waiting/count/", views.waiting_count, name="waiting-count"),
    path("preferences/", login_not_required(views.set_preferences), name="preferences"),
]
