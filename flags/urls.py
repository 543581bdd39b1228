"""Addresses of the pages of flags."""

from __future__ import annotations

from django.urls import path

from flags.views import flags, moves

VERBS = ("kill", "restore", "ramp", "withdraw", "archive")

urlpatterns = [
    path("flags/", flags.flags, name="flags"),
    path("flags/new/", flags.flag_new, name="flag-new"),
    path("flags/<str:key>/", flags.flag, name="flag"),
    path("flags/<str:key>/history/", moves.flag_history, name="flag-history"),
    path("flags/<str:key>/playground/", moves.flag_playground, name="flag-playground"),
    path("flags/<str:key>/environments/<str:environment>/", moves.flag_serving, name="flag-serving"),
    *(path(f"flags/<str:key>/{verb}/", moves.flag_move, {"verb": verb}, name=f"flag-{verb}") for verb in VERBS),
]
