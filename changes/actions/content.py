"""Writing what a change proposes: create, edit, import, comment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from changes import permissions
from changes.actions.numbers import take_number
from changes.actions.recording import record_change
from changes.events import ChangeEvent
from changes.models import ChangeRequest, Comment, ContentVersion, Template
from changes.policy import content, risk
from changes.proposals import Proposal, checked, proposal_of, write_onto
from changes.selectors.changes import get_change, lock_change
from changes.selectors.moves import whole
from changes.selectors.situation import Situation
from changes.states import MATERIAL_STATES, ChangeState, SignatureState, TemplateState
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import Invalid, Stale, refuse, refuse_unless
from cybercube_portal.notices.actions import watch
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import Permission, require

LONGEST_COMMENT = 10_000


@transaction.atomic
def create_change(
    *, proposal: Proposal, actor: Actor, now: datetime, claims: Mapping[str, Any] | None = None
) -> ChangeRequest:
    """File a draft. `claims`: what an imported record says of approvals, kept as words only (reliability.md section 4).

    Raises NotPermitted, Invalid.
    """
    permission = permissions.CREATE if claims is None else permissions.IMPORT
    verb = ChangeEvent.CREATED if claims is None else ChangeEvent.IMPORTED
    change = judged(proposal, permission=permission, actor=actor, now=now).change
    change.claims = dict(claims or {})
    return keep_draft(change, verb=verb, actor=actor, now=now)


def judged(proposal: Proposal, *, permission: Permission, actor: Actor, now: datetime) -> Situation:
    """The change as it would be filed, not kept yet: what is refused is refused before anything is written. Raises NotPermitted, Invalid."""
    proposal = checked(proposal, now=now)
    change = ChangeRequest(requester_id=actor.id, created_at=now, updated_at=now)
    write_onto(change, proposal, template=None)
    situation = Situation(change, now=now)
    require(actor, permission, now=now, teams=situation.teams, services=proposal.services)
    change.template = _template(proposal) if proposal.template else None
    _refuse_lowered(situation)
    _assess(change, situation)
    return situation


def keep_draft(change: ChangeRequest, *, verb: ChangeEvent, actor: Actor, now: datetime) -> ChangeRequest:
    """Give a judged change its number and record it. Within a transaction."""
    change.number = take_number(now=now)
    change.save(force_insert=True)
    keep_version(change, actor=actor, now=now)
    record_change(verb, change, actor=actor, at=now, after=_recorded(change))
    watch(subject=change.number, actor=actor, now=now)
    _announce_emergency(change, was_type="", actor=actor, now=now)
    return get_change(change.number)


@transaction.atomic
def edit_change(*, number: str, version: int, changes: Mapping[str, Any], actor: Actor, now: datetime) -> ChangeRequest:
    """Change fields of a Proposal. Material content supersedes every signature and starts the lead time again.

    What is in review stays whole and of its type. `version` is the one the editor read. Raises NotFound, NotPermitted, MoveRefused, Stale, Invalid.
    """
    change = lock_change(number)
    require(
        actor,
        permissions.EDIT,
        now=now,
        teams=catalog.teams_of(change.services),
        services=change.services,
        owner=change.requester.username,
    )
    _refuse_settled(change, version)
    was = proposal_of(change)
    proposal = checked(replace(was, **changes), now=now, was=was)
    if proposal == was:
        return change
    if frozenset(proposal.services) != frozenset(was.services):
        require(
            actor,
            permissions.EDIT,
            now=now,
            teams=catalog.teams_of(proposal.services),
            services=proposal.services,
            owner=change.requester.username,
        )
    is_handed_in = change.state == ChangeState.IN_REVIEW
    if is_handed_in:
        _refuse_other_type(change, proposal)
    before, before_hash = _recorded(change), change.content_hash
    _write(change, proposal, now=now)
    if is_handed_in:
        refuse_unless(whole(Situation(change, now=now)))
    if actor.username not in change.editors and actor.id != change.requester_id and change.content_hash != before_hash:
        change.editors = [*change.editors, actor.username]
    change.version += 1
    change.updated_at = now
    if change.content_hash != before_hash:
        keep_version(change, actor=actor, now=now)
        if is_handed_in:
            change.submitted_at = now
            supersede_signatures(change, actor=actor, now=now, because="The content was edited.")
    change.save()
    record_change(ChangeEvent.EDITED, change, actor=actor, at=now, before=before, after=_recorded(change))
    _announce_emergency(change, was_type=was.type, actor=actor, now=now)
    return change


def _refuse_settled(change: ChangeRequest, version: int) -> None:
    if change.state not in MATERIAL_STATES:
        raise refuse(
            "change.content_is_settled",
            "§6.3",
            f"{change.number} is {change.state.replace('_', ' ')}: its content can no longer be edited.",
            "Revise it first: its signatures are superseded then.",
        )
    if change.version != version:
        raise Stale(f"{change.number} was changed by somebody else since you read it.", code="change.stale")


def _refuse_other_type(change: ChangeRequest, proposal: Proposal) -> None:
    """Another type is approved in another way: what was handed in for one must not slip into the other."""
    if proposal.type != change.type:
        raise refuse(
            "change.kind_is_settled",
            "§6.1",
            f"{change.number} is in review as a {change.type} change: another type is approved in another way.",
            "Revise it first, then change its type.",
        )


@transaction.atomic
def comment_change(*, number: str, body: str, actor: Actor, now: datetime) -> Comment:
    """Say something on a change. Raises NotFound, NotPermitted, Invalid."""
    change = get_change(number)
    require(actor, permissions.COMMENT, now=now, services=change.services)
    text = body.strip()
    if not text or len(text) > LONGEST_COMMENT:
        raise Invalid.field("/body", "comment.length", f"A comment has 1 to {LONGEST_COMMENT} characters.")
    comment = Comment.objects.create(change=change, author_id=actor.id, body=text, at=now)
    record_change(ChangeEvent.COMMENTED, change, actor=actor, at=now, comment=comment.pk)
    watch(subject=change.number, actor=actor, now=now)
    return comment


def supersede_signatures(change: ChangeRequest, *, actor: Actor, now: datetime, because: str) -> None:
    """End every live signature; they stay visible, struck through."""
    live = change.signatures.filter(state__in=[SignatureState.GIVEN, SignatureState.REFUSED])
    ended = list(live.values_list("signer__username", flat=True))
    live.update(state=SignatureState.SUPERSEDED, ended_at=now, ended_because=because)
    if ended:
        record_change(
            ChangeEvent.SIGNATURE_SUPERSEDED, change, actor=actor, at=now, signers=sorted(ended), because=because
        )


def _write(change: ChangeRequest, proposal: Proposal, *, now: datetime) -> None:
    write_onto(change, proposal, template=_template(proposal) if proposal.template else None)
    situation = Situation(change, now=now)
    _refuse_lowered(situation)
    _assess(change, situation)


def reassess(change: ChangeRequest, *, actor: Actor, now: datetime) -> None:
    """Judge the risk again before it is signed: artifacts may have been registered since it was written (§5.6)."""
    _assess(change, Situation(change, now=now))
    keep_version(change, actor=actor, now=now)


def _assess(change: ChangeRequest, situation: Situation) -> None:
    assessment = risk.assess(situation.risk_facts)
    change.risk_level = assessment.level
    change.risk_factors = list(assessment.factors)
    change.content_hash = content.material_hash(change.material())


def _refuse_lowered(situation: Situation) -> None:
    for reason in risk.is_complete(situation.risk_facts).failures:
        if reason.code == "risk.below_computed":
            raise Invalid.field("/risk_assessment/level", reason.code, f"{reason.message} {reason.remedy}")


def _template(proposal: Proposal) -> Template:
    template = Template.objects.filter(slug=proposal.template).first()
    if template is None or template.state != TemplateState.ACTIVE:
        message = f"There is no active template {proposal.template}."
        raise Invalid.field("/template", "template.not_active", message)
    teams = catalog.teams_of(proposal.services)
    if (template.services and not set(proposal.services) <= set(template.services)) or (
        template.teams and not teams <= set(template.teams)
    ):
        raise Invalid.field("/template", "template.not_for_service", f"{template.slug} is not for these services.")
    return template


def _announce_emergency(change: ChangeRequest, *, was_type: str, actor: Actor, now: datetime) -> None:
    """§6.4 "Notify": an event of its own, for the alert hangs on it."""
    if change.is_emergency and change.type != was_type:
        record_change(ChangeEvent.EMERGENCY_FILED, change, actor=actor, at=now)


def keep_version(change: ChangeRequest, *, actor: Actor, now: datetime) -> None:
    """Keep the content as it stands, once and to the letter: for approvers to see what changed since, for auditors to hash it again."""
    kept = json.loads(content.material_text(change.material()))
    version = ContentVersion(change=change, content_hash=change.content_hash, material=kept, at=now, by_id=actor.id)
    ContentVersion.objects.bulk_create([version], ignore_conflicts=True)


def _recorded(change: ChangeRequest) -> dict[str, Any]:
    return {
        "title": change.title,
        "scheduled_time": change.scheduled_time,
        "content_hash": change.content_hash,
        **change.material(),
    }
