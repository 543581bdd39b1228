"""Tables of notices, to read. The address of a chat is a secret and is not shown."""

from __future__ import annotations

from django.contrib import admin

from cybercube_portal.notices.models import Channel, Choice, Notice, Watch
from cybercube_portal.readonly_admin import ReadOnlyAdmin


@admin.register(Channel)
class ChannelAdmin(ReadOnlyAdmin):
    """Chats."""

    exclude = ("sealed_url",)
    list_display = ("name", "tool", "team", "person", "host", "created_at", "ended_at")
    list_select_related = ("team", "person")
    search_fields = ("name", "host")


@admin.register(Choice)
class ChoiceAdmin(ReadOnlyAdmin):
    """Where people differ from the table."""

    list_display = ("person", "kind", "way", "wanted")
    list_select_related = ("person",)
    search_fields = ("person__username", "kind")


@admin.register(Watch)
class WatchAdmin(ReadOnlyAdmin):
    """Who watches what."""

    list_display = ("person", "subject", "since")
    list_select_related = ("person",)
    search_fields = ("person__username", "subject")


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """Who was told what."""

    list_display = ("kind", "about", "person", "channel", "at", "due_at", "sent_at", "read_at")
    list_select_related = ("person", "channel")
    search_fields = ("about", "kind", "person__username")
