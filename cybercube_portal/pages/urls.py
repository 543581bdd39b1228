"""Addresses of the pages that gather from several apps."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from cybercube_portal.pages import saved_views, services, views
from cybercube_portal.pages.dashboards import approvals, cadence, compare, compliance, delivery, files, freezes, lists

urlpatterns = [
    path("", views.home, name="home"),
    path("services/", services.services, name="services"),
    path("go/", views.go, name="go"),
    path("services/<slug:slug>/", services.service, name="service"),
    path("services/<slug:slug>/watch/", services.service_watch, name="service-watch"),
    path("dashboards/", delivery.dashboards, name="dashboards"),
    path("dashboards/compare/", compare.comparison, name="dashboard-compare"),
    path("dashboards/approvals/", approvals.approvals, name="dashboard-approvals"),
    path("dashboards/cadence/", cadence.cadence, name="dashboard-cadence"),
    path("dashboards/freezes/", freezes.freezes, name="dashboard-freezes"),
    path("dashboards/compliance/", compliance.compliance, name="dashboard-compliance"),
    path("dashboards/deployments/", lists.dashboard_deployments, name="dashboard-deployments"),
    path("dashboards/signatures/", lists.dashboard_signatures, name="dashboard-signatures"),
    path("dashboards/<slug:table>.csv", files.dashboard_csv, name="dashboard-csv"),
    path("views/", saved_views.views, name="saved-views"),
    path("views/new/", saved_views.view_new, name="saved-view-new"),
    path("views/<int:view_id>/edit/", saved_views.view_edit, name="saved-view-edit"),
    path("views/<int:view_id>/delete/", saved_views.view_delete, name="saved-view-delete"),
    path("views/<int:view_id>/prefer/", saved_views.view_prefer, name="saved-view-prefer"),
    path("waiting/count/", views.waiting_count, name="waiting-count"),
    path("notifications/count/", views.unread_count, name="unread-count"),
    path("preferences/", login_not_required(views.set_preferences), name="preferences"),
]
