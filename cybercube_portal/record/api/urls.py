"""Routes of the record under `/api/v1/`."""

from __future__ import annotations

from cybercube_portal.api import path_both
from cybercube_portal.record.api import audit, evidence, feed, packs, webhooks

urlpatterns = [
    path_both("audit/events/", audit.EventsView.as_view(), name="api-audit-events"),
    path_both("audit/events/<uuid:event_id>/", audit.EventView.as_view(), name="api-audit-event"),
    path_both("audit/checkpoints/", audit.CheckpointsView.as_view(), name="api-audit-checkpoints"),
    path_both("audit/export/", audit.ExportView.as_view(), name="api-audit-export"),
    path_both("audit/verify/", audit.VerifyView.as_view(), name="api-audit-verify"),
    path_both("audit/evidence/", evidence.PeriodEvidenceView.as_view(), name="api-audit-evidence"),
    path_both("audit/packs/", packs.PacksView.as_view(), name="api-audit-packs"),
    path_both("audit/packs/<uuid:pack_id>/", packs.PackView.as_view(), name="api-audit-pack"),
    path_both("audit/packs/<uuid:pack_id>/file/", packs.PackFileView.as_view(), name="api-audit-pack-file"),
    path_both("changes/<str:number>/evidence/", evidence.ChangeEvidenceView.as_view(), name="api-change-evidence"),
    path_both("events/", feed.FeedView.as_view(), name="api-events"),
    path_both("webhooks/", webhooks.WebhooksView.as_view(), name="api-webhooks"),
    path_both("webhooks/<uuid:webhook>/", webhooks.WebhookView.as_view(), name="api-webhook"),
    path_both("webhooks/<uuid:webhook>/ping/", webhooks.PingView.as_view(), name="api-webhook-ping"),
    path_both("webhooks/<uuid:webhook>/rotate/", webhooks.RotateView.as_view(), name="api-webhook-rotate"),
    path_both("webhooks/<uuid:webhook>/deliveries/", webhooks.DeliveriesView.as_view(), name="api-webhook-deliveries"),
]
