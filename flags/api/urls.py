"""Routes of flags under `/api/v1/`. Words come before keys: no key is `import`, every key has an underscore."""

from __future__ import annotations

from importlib import import_module

from cybercube_portal.api import path_both
from flags.api import segments, serving, transfer, usage, views

import_module("flags.api.schema")

urlpatterns = [
    path_both("flags/", views.FlagsView.as_view(), name="api-flags"),
    path_both("flags/import/", transfer.ImportView.as_view(), name="api-flags-import"),
    path_both("flags/definitions/", transfer.DefinitionsView.as_view(), name="api-flags-definitions"),
    path_both("flags/references/", transfer.ReferencesView.as_view(), name="api-flags-references"),
    path_both("flags/usage/", usage.UsageView.as_view(), name="api-flags-usage"),
    path_both("flags/unknown/", usage.UnknownFlagsView.as_view(), name="api-flags-unknown"),
    path_both("flags/segments/", segments.SegmentsView.as_view(), name="api-flags-segments"),
    path_both("flags/segments/<str:slug>/", segments.SegmentView.as_view(), name="api-flags-segment"),
    path_both("flags/<str:key>/", views.FlagView.as_view(), name="api-flag"),
    path_both("flags/<str:key>/archive/", views.ArchiveView.as_view(), name="api-flag-archive"),
    path_both(
        "flags/<str:key>/environments/<str:environment>/", serving.ServedView.as_view(), name="api-flag-environment"
    ),
    path_both("flags/<str:key>/kill/", serving.KillView.as_view(), name="api-flag-kill"),
    path_both("flags/<str:key>/restore/", serving.RestoreView.as_view(), name="api-flag-restore"),
    path_both("flags/<str:key>/ramp/", serving.RampView.as_view(), name="api-flag-ramp"),
    path_both("flags/<str:key>/approve/", serving.ApproveRampView.as_view(), name="api-flag-approve"),
    path_both("flags/<str:key>/reshuffle/", serving.ReshuffleView.as_view(), name="api-flag-reshuffle"),
    path_both("flags/<str:key>/withdraw/", serving.WithdrawView.as_view(), name="api-flag-withdraw"),
    path_both("flags/<str:key>/versions/", serving.VersionsView.as_view(), name="api-flag-versions"),
    path_both("flags/<str:key>/usage/", usage.FlagUsageView.as_view(), name="api-flag-usage"),
    path_both("flags/<str:key>/evaluate/", serving.EvaluateView.as_view(), name="api-flag-evaluate"),
]
