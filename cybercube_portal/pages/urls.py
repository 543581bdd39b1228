"""Addresses of the pages that gather from several apps."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from cybercube_portal.pages import views

urlpatterns = [
    path("", views.home, name="home"),
    path("waiting/count/", views.waiting_count, name="waiting-count"),
    path("preferences/", login_not_required(views.set_preferences), name="preferences"),
]
