"""Addresses of the pages of changes, freezes and templates."""

from __future__ import annotations

from django.urls import path

from changes.views import (
    bulk,
    cab,
    calendar,
    change,
    feeds,
    filing,
    freezes,
    inbox,
    listing,
    moves,
    templates,
    watching,
    windows,
)

urlpatterns = [
    path("changes/", listing.changes, name="changes"),
    path("changes/new/", filing.change_new, name="change-new"),
    path("changes/new/preview/", filing.change_preview, name="change-preview"),
    path("changes/bulk/", bulk.changes_bulk, name="changes-bulk"),
    path("changes/bulk/done/", bulk.changes_bulk_done, name="changes-bulk-done"),
    path("changes/<str:number>/", change.change, name="change"),
    path("changes/<str:number>/live/", change.change_live, name="change-live"),
    path("changes/<str:number>/edit/", filing.change_edit, name="change-edit"),
    path("changes/<str:number>/watch/", watching.change_watch, name="change-watch"),
    path("changes/<str:number>/review/", watching.change_review, name="change-review"),
    *moves.move_routes(),
    path("inbox/", inbox.inbox, name="inbox"),
    path("freezes/", freezes.freezes, name="freezes"),
    path("freezes/new/", freezes.freeze_new, name="freeze-new"),
    path("freezes/<str:reference>/", freezes.freeze, name="freeze"),
    path("freezes/<str:reference>/edit/", freezes.freeze_edit, name="freeze-edit"),
    *(
        path(f"freezes/<str:reference>/{verb}/", freezes.freeze_move, {"verb": verb}, name=f"freeze-{verb}")
        for verb in freezes.VERBS
    ),
    path("windows/", windows.windows, name="windows"),
    path("windows/new/", windows.window_new, name="window-new"),
    path("windows/<str:reference>/edit/", windows.window_edit, name="window-edit"),
    path("windows/<str:reference>/remove/", windows.window_remove, name="window-remove"),
    path("templates/", templates.templates, name="templates"),
    path("templates/new/", templates.template_new, name="template-new"),
    path("templates/<slug:slug>/activate/", templates.template_activate, name="template-activate"),
    path("templates/<slug:slug>/retire/", templates.template_retire, name="template-retire"),
    path("cab/", cab.meetings, name="cab"),
    path("cab/new/", cab.meeting_new, name="cab-new"),
    path("cab/<str:reference>/", cab.meeting, name="cab-meeting"),
    path("cab/<str:reference>/edit/", cab.meeting_edit, name="cab-edit"),
    path("cab/<str:reference>/pack/", cab.meeting_pack, name="cab-pack"),
    path("cab/<str:reference>/minutes.md", cab.meeting_minutes, name="cab-minutes"),
    path("cab/<str:reference>/items/<str:number>/", cab.meeting_item, name="cab-item"),
    *(path(f"cab/<str:reference>/{verb}/", cab.meeting_move, {"verb": verb}, name=f"cab-{verb}") for verb in cab.VERBS),
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/feeds/", feeds.feeds, name="calendar-feeds"),
    path("calendar/feeds/revoke/", feeds.feed_revoke, name="calendar-feed-revoke"),
]
