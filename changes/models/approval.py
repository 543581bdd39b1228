"""Signatures, content versions and comments. Seats are derived, never stored."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from changes.states import SignatureState
from cybercube_portal.stateful import append_only_triggers, choices_of


class ContentVersion(models.Model):
    """Material content as it stood: lets an approver see what changed since their signature."""

    change = models.ForeignKey("changes.ChangeRequest", on_delete=models.PROTECT, related_name="content_versions")
    content_hash = models.CharField(max_length=64)
    material = models.JSONField(encoder=DjangoJSONEncoder)
    at = models.DateTimeField()
    by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["id"]
        triggers = append_only_triggers()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["change", "content_hash"], name="content_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.change_id}:{self.content_hash[:8]}"


class Signature(models.Model):
    """A person's yes or no to one content. `state` is what it is now.

    One that fills a `seat` keeps what it was waited for: `waited` since the change was handed in, and the `risk` it had then.
    """

    change = models.ForeignKey("changes.ChangeRequest", on_delete=models.PROTECT, related_name="signatures")
    signer = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="signatures")
    state = models.CharField(max_length=16, choices=choices_of(SignatureState))
    content_hash = models.CharField(max_length=64)
    seat = models.CharField(max_length=64, blank=True)
    comment = models.TextField(blank=True)
    via = models.CharField(max_length=16, default="page")
    # The reference of the meeting of the CAB it was given in, if any.
    meeting = models.CharField(max_length=24, blank=True, default="", db_default="")
    signed_at = models.DateTimeField()
    waited = models.DurationField(null=True)
    risk = models.CharField(max_length=16, blank=True, default="", db_default="")
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["signed_at", "id"]
        constraints: ClassVar = [
            # One person counts once (reliability.md section 4).
            models.UniqueConstraint(
                fields=["change", "signer"],
                condition=Q(state__in=[SignatureState.GIVEN, SignatureState.REFUSED]),
                name="signature_one_live_per_person",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["signer", "-signed_at"], name="signature_by_signer"),
            models.Index(fields=["signed_at"], name="signature_waited_for", condition=Q(waited__isnull=False)),
            models.Index(fields=["meeting"], name="signature_by_meeting", condition=~Q(meeting="")),
        ]
        triggers: ClassVar = [
            # Four eyes hold in SQL too: no door writes a requester's or an editor's signature.
            pgtrigger.Trigger(
                name="four_eyes",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("change_row", "RECORD"), ("signer_name", "TEXT"), ("signer_kind", "TEXT")],
                func="""
                    SELECT requester_id, editors INTO change_row FROM changes_changerequest WHERE id = NEW.change_id;
                    SELECT username, kind INTO signer_name, signer_kind FROM people_user WHERE id = NEW.signer_id;
                    IF NEW.signer_id = change_row.requester_id OR signer_name = ANY(change_row.editors)
                        OR signer_kind <> 'person' THEN
                        RAISE EXCEPTION 'four eyes: % may not sign this change', signer_name
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="words_kept",
                operation=pgtrigger.Update,
                condition=(
                    pgtrigger.Q(old__change_id__df=pgtrigger.F("new__change_id"))
                    | pgtrigger.Q(old__signer_id__df=pgtrigger.F("new__signer_id"))
                    | pgtrigger.Q(old__content_hash__df=pgtrigger.F("new__content_hash"))
                    | pgtrigger.Q(old__comment__df=pgtrigger.F("new__comment"))
                    | pgtrigger.Q(old__meeting__df=pgtrigger.F("new__meeting"))
                    | pgtrigger.Q(old__signed_at__df=pgtrigger.F("new__signed_at"))
                    | pgtrigger.Q(old__waited__df=pgtrigger.F("new__waited"))
                    | pgtrigger.Q(old__risk__df=pgtrigger.F("new__risk"))
                    | pgtrigger.Q(new__state=SignatureState.GIVEN)
                    | pgtrigger.Q(old__state__in=[SignatureState.WITHDRAWN, SignatureState.SUPERSEDED])
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.signer_id} {self.state} {self.change_id}"


class Comment(models.Model):
    """A word on a change."""

    change = models.ForeignKey("changes.ChangeRequest", on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="change_comments")
    body = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["at", "id"]
        triggers = append_only_triggers()

    def __str__(self) -> str:
        return f"{self.change_id}: {self.body[:40]}"


class TemplateSignature(models.Model):
    """A CAB seat's yes to activating or retiring a template."""

    template = models.ForeignKey("changes.Template", on_delete=models.PROTECT, related_name="signatures")
    signer = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="template_signatures")
    verb = models.CharField(max_length=16)
    signer_roles = ArrayField(models.CharField(max_length=32))
    content_hash = models.CharField(max_length=64)
    signed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["signed_at"]
        triggers: ClassVar = [
            *append_only_triggers(),
            # As of a change: whoever worded the proposal does not agree to it for CAB, by no door.
            pgtrigger.Trigger(
                name="four_eyes",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("proposer", "BIGINT"), ("signer_name", "TEXT"), ("signer_kind", "TEXT")],
                func="""
                    SELECT proposed_by_id INTO proposer FROM changes_template WHERE id = NEW.template_id;
                    SELECT username, kind INTO signer_name, signer_kind FROM people_user WHERE id = NEW.signer_id;
                    IF (NEW.verb = 'activate' AND NEW.signer_id = proposer) OR signer_kind <> 'person' THEN
                        RAISE EXCEPTION 'four eyes: % may not sign this template', signer_name
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["template", "signer", "verb", "content_hash"], name="template_signature_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.signer_id} {self.verb} {self.template_id}"
