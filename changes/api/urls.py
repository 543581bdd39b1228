"""Routes of changes under `/api/v1/`."""

from __future__ import annotations

from changes.api import moves, views
from cybercube_portal.api import path_both

urlpatterns = [
    path_both("changes/", views.ChangesView.as_view(), name="api-changes"),
    path_both("changes/<str:number>/", views.ChangeView.as_view(), name="api-change"),
    path_both("changes/<str:number>/comments/", views.CommentsView.as_view(), name="api-change-comments"),
    *moves.move_routes(),
]
