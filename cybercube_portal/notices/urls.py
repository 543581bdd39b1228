"""Addresses of the pages about notices."""

from __future__ import annotations

from django.urls import path

from cybercube_portal.notices.views import channels, choices, history

urlpatterns = [
    path("notifications/", history.notifications, name="notifications"),
    path("notifications/read/", history.notifications_read, name="notifications-read"),
    path("profile/notifications/", choices.notification_choices, name="notification-choices"),
    path("profile/notifications/chat/", choices.own_channel_new, name="own-channel-new"),
    path("profile/notifications/unwatch/", choices.watch_remove, name="watch-remove"),
    path("channels/", channels.channels, name="channels"),
    path("channels/new/", channels.channel_new, name="channel-new"),
    path("channels/<uuid:channel_id>/", channels.channel, name="channel"),
    *(
        path(f"channels/<uuid:channel_id>/{verb}/", channels.channel_move, {"verb": verb}, name=f"channel-{verb}")
        for verb in channels.VERBS
    ),
]
