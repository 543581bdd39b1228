"""Event and Checkpoint: what happened, and what was signed about it. Both can only grow."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from cybercube_portal.audit.canonical import moment
from cybercube_portal.stateful import append_only_triggers

SEALING = ("sequence", "previous_hash", "hash", "sealed_at")
WITHIN_THE_CHAIN = Q(**{f"{column}__isnull": False for column in SEALING})
UNSEALED = Q(**{f"{column}__isnull": True for column in SEALING})


class ClockTimestamp(models.Func):
    """The database's clock when the row is written, not when its transaction began."""

    function = "clock_timestamp"
    arity = 0
    output_field: ClassVar[models.Field[Any, Any]] = models.DateTimeField()


class Event(models.Model):
    """One accepted command. `subjects` names everything whose timeline it belongs to; plain ids, no foreign keys.

    `occurred_at` is the moment the command was judged at, `recorded_at` the database's clock at the insert. The four
    sealing columns are empty until the sealer links the row into the chain (`audit.chain`), and are set exactly once.
    """

    event_id = models.UUIDField(default=uuid.uuid4, unique=True)
    verb = models.TextField()
    object_type = models.TextField()
    object_id = models.TextField()
    subjects = ArrayField(models.TextField())
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=ClockTimestamp())
    actor = models.JSONField()
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    data = models.JSONField(default=dict)
    request_id = models.TextField(blank=True)

    sequence = models.BigIntegerField(null=True, unique=True)
    previous_hash = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 - null means unsealed
    hash = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 - null means unsealed
    sealed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            GinIndex(fields=["subjects"], name="audit_event_subjects"),
            models.Index(fields=["-occurred_at", "-id"], name="audit_event_newest"),
            models.Index(fields=["verb", "-id"], name="audit_event_verb"),
            models.Index(fields=["id"], condition=Q(sequence__isnull=True), name="audit_event_unsealed"),
        ]
        constraints = [
            models.CheckConstraint(condition=WITHIN_THE_CHAIN | UNSEALED, name="audit_event_sealed_whole"),
            models.CheckConstraint(
                condition=Q(sequence__isnull=True) | Q(sequence__gte=1), name="audit_event_sequence"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="starts_unsealed", operation=pgtrigger.Insert, condition=pgtrigger.Q(new__sequence__isnull=False)
            ),
            # `*<>` compares the stored bytes: with the sealing columns set aside nothing may differ.
            pgtrigger.Trigger(
                name="sealed_once",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                declare=[("bare", "audit_event")],
                func="""
                    bare := NEW;
                    bare.sequence := NULL;
                    bare.previous_hash := NULL;
                    bare.hash := NULL;
                    bare.sealed_at := NULL;
                    IF bare *<> OLD OR NEW.sequence IS NULL THEN
                        RAISE EXCEPTION 'audit events are append-only: only an unsealed event can be sealed, once';
                    END IF;
                    RETURN NEW;
                """,
            ),
            *(trigger for trigger in append_only_triggers() if trigger.operation == pgtrigger.Truncate),
        ]

    def as_line(self) -> dict[str, Any]:
        """The line the chain hashes and the export shows, still without `hash`; plain JSON. The event must be sealed."""
        return {
            "type": "event",
            "sequence": self.sequence,
            "event_id": str(self.event_id),
            "verb": self.verb,
            "object_type": self.object_type,
            "object_id": self.object_id,
            "subjects": self.subjects,
            "occurred_at": moment(self.occurred_at),
            "recorded_at": moment(self.recorded_at),
            "actor": self.actor,
            "before": self.before,
            "after": self.after,
            "data": self.data,
            "request_id": self.request_id,
            "sealed_at": self.sealed_at and moment(self.sealed_at),
            "previous_hash": self.previous_hash,
        }

    def as_sealed(self) -> dict[str, Any]:
        """The line with its hash; sealing members are None before the event is sealed."""
        return {**self.as_line(), "hash": self.hash}


class Checkpoint(models.Model):
    """The portal's signed word that the chain had `size` events and ended in `head_hash` at `at`."""

    size = models.BigIntegerField()
    head_hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    key_id = models.TextField()
    signature = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["size", "id"], name="audit_checkpoint_size")]
        triggers = append_only_triggers()

    def claims(self) -> dict[str, Any]:
        """What the signature is over."""
        return {"size": self.size, "head_hash": self.head_hash, "at": moment(self.at)}

    def as_line(self) -> dict[str, Any]:
        """The line of the export."""
        return {"type": "checkpoint", **self.claims(), "key_id": self.key_id, "signature": self.signature}
