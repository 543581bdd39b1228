"""Signatures: approve, refuse, withdraw. The change's row is locked first, so two at once are judged one after the other."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from changes.actions.recording import record_change
from changes.events import ChangeEvent
from changes.models import ChangeRequest, Signature
from changes.selectors.changes import lock_change
from changes.selectors.moves import offer_for, permit
from changes.selectors.situation import Situation
from changes.states import ChangeState, SignatureState
from cybercube_portal.errors import Invalid, Stale
from cybercube_portal.people.actors import Actor

LONGEST_COMMENT = 10_000


@transaction.atomic
def approve_change(
    *,
    number: str,
    actor: Actor,
    now: datetime,
    comment: str = "",
    content_hash: str | None = None,
    via: str = "page",
    meeting: str = "",
) -> ChangeRequest:
    """Sign the content as it is; the last open seat approves the change.

    `content_hash`: what the approver read; another content by now is refused. `meeting`: the CAB's meeting it is given in. Raises NotFound, NotPermitted, MoveRefused,
    Stale, Invalid.
    """
    change = lock_change(number)
    situation = Situation(change, now=now)
    permit(change, "approve", actor=actor, situation=situation)
    _same_content(change, content_hash)
    _fits(comment)
    offer = offer_for(situation, actor=actor)
    signature = Signature.objects.create(
        change=change,
        signer_id=actor.id,
        state=SignatureState.GIVEN,
        content_hash=change.content_hash,
        seat=offer.seat.label if offer else "",
        comment=comment.strip(),
        via=via,
        meeting=meeting,
        signed_at=now,
        waited=now - change.submitted_at if offer and change.submitted_at else None,
        risk=change.risk_level,
    )
    record_change(
        ChangeEvent.SIGNED,
        change,
        actor=actor,
        at=now,
        seat=signature.seat,
        content_hash=change.content_hash,
        comment=signature.comment,
    )
    if Situation(change, now=now).seat_decision.allowed:
        change.approve(at=now)
        record_change(ChangeEvent.APPROVED, change, actor=actor, at=now)
    change.updated_at = now
    change.save()
    return change


@transaction.atomic
def refuse_change(
    *,
    number: str,
    comment: str,
    actor: Actor,
    now: datetime,
    content_hash: str | None = None,
    via: str = "page",
    meeting: str = "",
) -> ChangeRequest:
    """One refusal stops the change until it is revised; it needs a comment. Raises as approve_change."""
    change = lock_change(number)
    permit(change, "refuse", actor=actor, situation=Situation(change, now=now))
    _same_content(change, content_hash)
    if not comment.strip():
        raise Invalid.field("/comment", "approval.comment_missing", "A refusal says why.")
    _fits(comment)
    change.signatures.filter(signer_id=actor.id, state=SignatureState.GIVEN).update(
        state=SignatureState.WITHDRAWN, ended_at=now, ended_because="Refused instead."
    )
    Signature.objects.create(
        change=change,
        signer_id=actor.id,
        state=SignatureState.REFUSED,
        content_hash=change.content_hash,
        comment=comment.strip(),
        via=via,
        meeting=meeting,
        signed_at=now,
    )
    change.refuse(at=now)
    change.save()
    record_change(ChangeEvent.REFUSED, change, actor=actor, at=now, comment=comment.strip())
    return change


@transaction.atomic
def withdraw_approval(*, number: str, actor: Actor, now: datetime) -> ChangeRequest:
    """Take one's own approval back; an approved change goes back to review when a seat opens by it.

    Raises NotFound, NotPermitted, MoveRefused.
    """
    change = lock_change(number)
    permit(change, "withdraw", actor=actor, situation=Situation(change, now=now))
    change.signatures.filter(signer_id=actor.id, state=SignatureState.GIVEN).update(
        state=SignatureState.WITHDRAWN, ended_at=now, ended_because="Withdrawn."
    )
    record_change(ChangeEvent.SIGNATURE_WITHDRAWN, change, actor=actor, at=now)
    if change.state == ChangeState.APPROVED and not Situation(change, now=now).seat_decision.allowed:
        change.reopen(at=now)
        record_change(ChangeEvent.REOPENED, change, actor=actor, at=now, because="An approval was withdrawn.")
    change.updated_at = now
    change.save()
    return change


def _same_content(change: ChangeRequest, content_hash: str | None) -> None:
    if content_hash is not None and content_hash != change.content_hash:
        raise Stale(f"{change.number} was edited since you read it. Read it again.", code="approval.content_changed")


def _fits(comment: str) -> None:
    if len(comment) > LONGEST_COMMENT:
        raise Invalid.field("/comment", "comment.length", f"A comment has at most {LONGEST_COMMENT} characters.")
