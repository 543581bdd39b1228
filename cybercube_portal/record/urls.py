"""Addresses of the pages for auditors."""

from __future__ import annotations

from django.urls import path

from cybercube_portal.record.views import chain, events, packs

urlpatterns = [
    path("audit/", events.events, name="audit"),
    path("audit/events.csv", events.events_csv, name="audit-events-csv"),
    path("audit/events/<uuid:event_id>/", events.event, name="audit-event"),
    path("audit/chain/", chain.chain, name="audit-chain"),
    path("audit/packs/", packs.packs, name="audit-packs"),
]
