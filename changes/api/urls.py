"""Routes of changes under `/api/v1/`."""

from __future__ import annotations

from changes.api import cab, calendar, freezes, moves, records, templates, views, windows
from cybercube_portal.api import path_both

urlpatterns = [
    path_both("changes/", views.ChangesView.as_view(), name="api-changes"),
    path_both("changes/import/", records.ImportView.as_view(), name="api-changes-import"),
    path_both("changes/<str:number>/", views.ChangeView.as_view(), name="api-change"),
    path_both("changes/<str:number>/comments/", views.CommentsView.as_view(), name="api-change-comments"),
    path_both("changes/<str:number>/record/", records.RecordView.as_view(), name="api-change-record"),
    *moves.move_routes(),
    path_both("templates/", templates.TemplatesView.as_view(), name="api-templates"),
    path_both("templates/<str:slug>/", templates.TemplateView.as_view(), name="api-template"),
    *templates.template_verb_routes(),
    path_both("freezes/", freezes.FreezesView.as_view(), name="api-freezes"),
    path_both("freezes/<str:reference>/", freezes.FreezeView.as_view(), name="api-freeze"),
    path_both("freezes/<str:reference>/exceptions/", freezes.ExceptionsView.as_view(), name="api-freeze-exceptions"),
    *freezes.freeze_verb_routes(),
    path_both("deployment-windows/", windows.WindowsView.as_view(), name="api-deployment-windows"),
    path_both("deployment-windows/<str:reference>/", windows.WindowView.as_view(), name="api-deployment-window"),
    *windows.window_verb_routes(),
    path_both("cab-meetings/", cab.MeetingsView.as_view(), name="api-cab-meetings"),
    path_both("cab-meetings/<str:reference>/", cab.MeetingView.as_view(), name="api-cab-meeting"),
    *cab.meeting_verb_routes(),
    path_both("calendar/", calendar.CalendarView.as_view(), name="api-calendar"),
    path_both("calendar/feed/", calendar.FeedView.as_view(), name="api-calendar-feed"),
]
