"""Addresses of the pages of flags. Words come before keys: every key has an underscore."""

from __future__ import annotations

from django.urls import path

from flags.views import facts, flags, lists, moves, segments, serving

VERBS = ("kill", "expose", "restore", "ramp", "approve", "reshuffle", "withdraw", "archive")

urlpatterns = [
    path("flags/", flags.flags, name="flags"),
    path("flags/new/", flags.flag_new, name="flag-new"),
    path("flags/unknown/", facts.unknown_flags, name="flags-unknown"),
    path("flags/segments/", segments.segments, name="segments"),
    path("flags/segments/new/", segments.segment_new, name="segment-new"),
    path("flags/segments/<str:slug>/", segments.segment, name="segment"),
    path("flags/segments/<str:slug>/lists/<str:digest>/", lists.segment_list, name="segment-list"),
    path("flags/<str:key>/", flags.flag, name="flag"),
    path("flags/<str:key>/edit/", facts.flag_edit, name="flag-edit"),
    path("flags/<str:key>/history/", moves.flag_history, name="flag-history"),
    path("flags/<str:key>/playground/", moves.flag_playground, name="flag-playground"),
    path("flags/<str:key>/environments/<str:environment>/", serving.flag_serving, name="flag-serving"),
    path("flags/<str:key>/environments/<str:environment>/lists/<str:digest>/", lists.flag_list, name="flag-list"),
    *(path(f"flags/<str:key>/{verb}/", moves.flag_move, {"verb": verb}, name=f"flag-{verb}") for verb in VERBS),
]
