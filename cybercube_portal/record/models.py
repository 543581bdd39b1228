"""Evidence packs that are too large to be made while their reader waits."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from cybercube_portal.record.manifest import Cut, Span
from cybercube_portal.record.states import PackState


class EvidencePack(models.Model):
    """One that was asked for. `numbers`: of the changes it is about, as they were when it was asked for; `done` of them are gathered.

    It stands for one moment: `created_at`, when the audit chain held `as_of_sequence` events, the last of which has the hash `as_of_hash`.
    It stands in the database, so that whoever made it and whoever sends it need no folder in common; it is dropped after `expires_at`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    asked_by = models.CharField(max_length=150)
    start = models.DateTimeField()
    end = models.DateTimeField()
    service = models.CharField(max_length=64, blank=True)
    numbers = ArrayField(models.CharField(max_length=24))
    count = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    as_of_sequence = models.PositiveBigIntegerField(null=True)
    as_of_hash = models.CharField(max_length=64, blank=True, db_default="")
    finished_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)
    size = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["asked_by", "start", "end", "service"],
                condition=Q(finished_at__isnull=True, failed_at__isnull=True),
                name="evidence_pack_being_made_once",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["-created_at", "id"], name="evidence_pack_newest")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def state(self) -> PackState:
        """How far it is."""
        if self.failed_at is not None:
            return PackState.FAILED
        return PackState.BEING_MADE if self.finished_at is None else PackState.READY

    @property
    def cut(self) -> Cut:
        """What it stands for."""
        return Cut(at=self.created_at, sequence=self.as_of_sequence or 0, head=self.as_of_hash)

    @property
    def span(self) -> Span:
        """What it is about."""
        return Span(start=self.start, end=self.end, service=self.service)

    @property
    def last_day(self) -> datetime:
        """Of the half-open period, a moment of its last day."""
        return self.end - timedelta(microseconds=1)

    @property
    def file_name(self) -> str:
        """As it is sent."""
        return f"{self.start:%Y-%m-%d}-{self.end:%Y-%m-%d}-evidence.zip"


class EvidencePart(models.Model):
    """While a pack is made: the files of some of its changes; once it is ready: a piece of the zip, in the order of `place`."""

    pack = models.ForeignKey(EvidencePack, on_delete=models.CASCADE, related_name="parts")
    place = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["pack", "place"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["pack", "place"], name="evidence_part_once")]

    def __str__(self) -> str:
        return f"{self.pack_id} {self.place}"


class ChainWatch(models.Model):
    """How far the portal's own walk over the audit chain is, one row: the walk goes on where it was and begins again at the end.

    `position` is the last event that held in this round, 0 before its first part; `whole_at` when a round last reached the end. `known_sequence`, `known_hash`: the
    furthest event that ever held, which must stay. `broken_sequence` and `finding` say what does not fit, since `broken_at`.
    """

    position = models.PositiveBigIntegerField(default=0)
    looked_at = models.DateTimeField(null=True)
    whole_at = models.DateTimeField(null=True)
    known_sequence = models.PositiveBigIntegerField(default=0)
    known_hash = models.CharField(max_length=64, blank=True)
    broken_sequence = models.PositiveBigIntegerField(null=True)
    finding = models.TextField(blank=True)
    broken_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(pk=1), name="chain_watch_is_one")]

    def __str__(self) -> str:
        return f"{self.position}, broken at {self.broken_sequence}" if self.broken_sequence else str(self.position)
