"""Notice, Choice, Watch, Channel: what was told, how people want to be told, of what, and in which chat."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from cybercube_portal.notices.kinds import Kind, Way

SERVICE = "service:"
# What a watched subject begins with -> where its page is.
PLACES = {SERVICE: "services", "REL-": "releases", "CR-": "changes"}


class Tool(models.TextChoices):
    """Whose chat it is."""

    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"


class Channel(models.Model):
    """A chat that notices are posted to: a team's, with the kinds it wants, or one person's, who chooses like for mail.

    Its address is a secret: it is kept encrypted (`audit.signing`), never shown again, and no delivery holds it.
    """

    channel_id = models.UUIDField(default=uuid.uuid4, unique=True)
    tool = models.CharField(max_length=8, choices=Tool.choices)
    team = models.ForeignKey("people.Team", null=True, on_delete=models.PROTECT, related_name="chat_channels")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="chat_channels"
    )
    name = models.CharField(max_length=80)
    host = models.TextField()
    sealed_url = models.TextField()
    kinds = ArrayField(models.CharField(max_length=32), default=list)
    created_at = models.DateTimeField()
    created_by = models.TextField()
    ended_at = models.DateTimeField(null=True)
    ended_because = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(team__isnull=True) ^ Q(person__isnull=True), name="notices_channel_has_one_owner"
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(ended_at__isnull=True), name="notices_channel_one_of_a_person"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def target(self) -> str:
        """How deliveries name it."""
        return f"channel:{self.channel_id}"

    @property
    def wanted(self) -> list[Kind]:
        """The kinds it is told of, in the table's order."""
        return [kind for kind in Kind if kind in self.kinds]


class Choice(models.Model):
    """Somebody wants a kind by a way, or does not; without a row the table of kinds decides."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_choices")
    kind = models.CharField(max_length=32)
    way = models.CharField(max_length=8)
    wanted = models.BooleanField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "kind", "way"], name="notices_choice_once"),
            models.CheckConstraint(condition=Q(way__in=[way.value for way in Way]), name="notices_choice_way_known"),
        ]


class Watch(models.Model):
    """Somebody wants to hear what becomes of `subject`, named as audit events name it: CR-…, REL-…, `service:<slug>`."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watches")
    subject = models.TextField()
    since = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-since", "-id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "subject"], name="notices_watch_once")]
        indexes: ClassVar = [models.Index(fields=["subject"], name="notices_watch_subject")]

    @property
    def name(self) -> str:
        """What is watched, as people call it."""
        return self.subject.removeprefix(SERVICE)

    @property
    def path(self) -> str:
        """Its page."""
        place = next((place for start, place in PLACES.items() if self.subject.startswith(start)), "changes")
        return f"/{place}/{self.name}/"


class Notice(models.Model):
    """One reader was told once of one `occasion`: a person, or a chat.

    `due_at`: when what carries it goes out (null: it is shown in the portal alone); `sent_at`: when that was queued.
    Between the two it is held back, to go out with what else becomes of `about`.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="notices")
    channel = models.ForeignKey(Channel, null=True, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=32)
    about = models.TextField()
    occasion = models.TextField()
    message = models.JSONField()
    at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(person__isnull=True) ^ Q(channel__isnull=True), name="notices_notice_has_one_reader"
            ),
            models.UniqueConstraint(
                fields=["person", "kind", "about", "occasion"], name="notices_notice_once_for_a_person"
            ),
            models.UniqueConstraint(
                fields=["channel", "kind", "about", "occasion"], name="notices_notice_once_for_a_channel"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "-id"], name="notices_notice_of_person"),
            models.Index(fields=["person"], condition=Q(read_at__isnull=True), name="notices_notice_unread"),
            models.Index(fields=["about", "-id"], name="notices_notice_about"),
            models.Index(fields=["at"], name="notices_notice_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} about {self.about}"
