"""The catalogue of standard changes (§6.2): propose, edit, and CAB's seats to activate or retire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from changes import permissions
from changes.actions.recording import record_thing, written
from changes.events import TemplateEvent
from changes.models import Template, TemplateSignature
from changes.policy import approvals, content
from changes.policy.approvals import FilledSeat, SignatureFact
from changes.policy.standard import TemplateKind
from changes.states import TemplateState
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import Conflict, FieldError, Invalid, NotFound, refuse, refuse_unless
from cybercube_portal.people import selectors as people
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import Permission, require
from cybercube_portal.people.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePlan:
    """A template as somebody writes it. `bounds` by kind: scale `replicas`, log-level `hours`, each [lowest, highest]."""

    slug: str
    kind: str
    title: str
    description: str = ""
    rollback_plan: str = ""
    bounds: Mapping[str, Any] = field(default_factory=dict)
    services: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()


BOUNDS: dict[str, tuple[str, ...]] = {TemplateKind.SCALE: ("replicas",), TemplateKind.LOG_LEVEL: ("hours",)}


def plan_of(template: Template) -> TemplatePlan:
    """The template as it could have been written."""
    return TemplatePlan(**written(template, TemplatePlan))


@transaction.atomic
def propose_template(*, plan: TemplatePlan, actor: Actor, now: datetime) -> Template:
    """Propose a kind of standard change. Raises NotPermitted, Invalid, Conflict for a slug that is taken."""
    require(actor, permissions.PROPOSE_TEMPLATE, now=now)
    plan = _checked(plan)
    if Template.objects.filter(slug=plan.slug).exists():
        raise Conflict(f"There is a template {plan.slug} already.", code="template.exists")
    template = Template(proposed_by_id=actor.id, proposed_at=now)
    _write(template, plan)
    template.save(force_insert=True)
    _record(TemplateEvent.PROPOSED, template, actor=actor, at=now, after=asdict(plan))
    return template


@transaction.atomic
def edit_template(*, slug: str, changes: Mapping[str, Any], actor: Actor, now: datetime) -> Template:
    """Edit one's own proposal: given signatures cover other words then and count no more.

    Raises NotFound, NotPermitted, MoveRefused, Invalid.
    """
    template = lock_template(slug)
    proposer = template.proposed_by.username if template.proposed_by else None
    require(actor, permissions.EDIT_TEMPLATE, now=now, owner=proposer)
    if template.state != TemplateState.PROPOSED:
        raise refuse("template.is_settled", "§6.2", f"{slug} is {template.state}.", "Propose another template.")
    was = plan_of(template)
    plan = _checked(replace(was, **changes))
    _write(template, plan)
    template.save()
    _record(TemplateEvent.EDITED, template, actor=actor, at=now, before=asdict(was), after=asdict(plan))
    return template


@transaction.atomic
def activate_template(*, slug: str, actor: Actor, now: datetime) -> Template:
    """Sign for CAB; the last of its seats activates the template. Raises NotFound, NotPermitted, MoveRefused."""
    return _sign(
        slug,
        permission=permissions.ACTIVATE_TEMPLATE,
        verb="activate",
        move=lambda template: template.activate(at=now),
        event=TemplateEvent.ACTIVATED,
        needed=TemplateState.PROPOSED,
        actor=actor,
        now=now,
    )


@transaction.atomic
def retire_template(*, slug: str, actor: Actor, now: datetime) -> Template:
    """Sign for CAB; the last of its seats retires the template. Raises NotFound, NotPermitted, MoveRefused."""
    return _sign(
        slug,
        permission=permissions.RETIRE_TEMPLATE,
        verb="retire",
        move=lambda template: template.retire(at=now),
        event=TemplateEvent.RETIRED,
        needed=TemplateState.ACTIVE,
        actor=actor,
        now=now,
    )


def seats_of(template: Template, *, verb: str) -> tuple[FilledSeat, ...]:
    """CAB's seats with who signed for `verb` of the template as it is now."""
    return approvals.fill(approvals.TEMPLATE_SEATS, _signatures(template, verb=verb))


def lock_template(slug: str) -> Template:
    """The template, locked for the transaction. Raises NotFound."""
    template = Template.objects.select_for_update(of=("self",)).select_related("proposed_by").filter(slug=slug).first()
    if template is None:
        raise NotFound(f"There is no template {slug}.", code="template.unknown")
    return template


def _sign(
    slug: str,
    *,
    permission: Permission,
    verb: str,
    move: Callable[[Template], None],
    event: TemplateEvent,
    needed: TemplateState,
    actor: Actor,
    now: datetime,
) -> Template:
    require(actor, permission, now=now)
    template = lock_template(slug)
    if template.state != needed:
        move(template)
    refuse_unless(
        approvals.may_sign(
            person=actor.username,
            roles=actor.roles(at=now),
            requester=template.proposed_by.username if verb == "activate" and template.proposed_by else "",
            editors=frozenset(),
            seats=approvals.TEMPLATE_SEATS,
            signatures=_signatures(template, verb=verb),
            refused=False,
        )
    )
    TemplateSignature.objects.create(
        template=template,
        signer_id=actor.id,
        verb=verb,
        signer_roles=sorted(actor.roles(at=now)),
        content_hash=_hash(template),
        signed_at=now,
    )
    _record(TemplateEvent.SIGNED, template, actor=actor, at=now, signed_for=verb)
    if approvals.missing_seats(seats_of(template, verb=verb)).allowed:
        move(template)
        template.save()
        _record(event, template, actor=actor, at=now)
    return template


def _signatures(template: Template, *, verb: str) -> list[SignatureFact]:
    covered = _hash(template)
    return [
        SignatureFact(person=row.signer.username, roles=_counting(row), at=row.signed_at, id=str(row.pk))
        for row in template.signatures.all()
        if row.verb == verb and row.content_hash == covered
    ]


def _counting(signature: TemplateSignature) -> frozenset[Role]:
    """The roles it was signed with, wherever they are held, without those that were revoked early since."""
    held = [people.grant_fact(grant) for grant in signature.signer.grants.all()]
    teams = frozenset(grant.team for grant in held if grant.team)
    return approvals.counts(grants=held, teams=teams, signed_at=signature.signed_at) & frozenset(signature.signer_roles)


def _hash(template: Template) -> str:
    return content.material_hash(asdict(plan_of(template)))


def _checked(plan: TemplatePlan) -> TemplatePlan:
    errors: list[FieldError] = []
    if plan.kind not in set(TemplateKind):
        errors.append(FieldError("/kind", "template.kind_unknown", f"A kind is one of {', '.join(TemplateKind)}."))
    if not plan.title.strip():
        errors.append(FieldError("/title", "template.no_title", "Give the template a title."))
    wanted = BOUNDS.get(plan.kind, ())
    if set(plan.bounds) != set(wanted) or not all(_is_range(plan.bounds[name]) for name in wanted):
        needs = f"{', '.join(wanted)} as [lowest, highest]" if wanted else "no bounds"
        errors.append(FieldError("/bounds", "template.bounds", f"{plan.kind or 'This kind'} takes {needs}."))
    unknown = [slug for slug in plan.services if slug not in set(catalog.slugs())]
    unknown += [slug for slug in plan.teams if slug not in people.team_slugs()]
    if unknown:
        message = f"{', '.join(unknown)} is not known."
        errors.append(FieldError("/services", "template.scope_unknown", message))
    if errors:
        raise Invalid(errors, message=" ".join(error.message for error in errors))
    return plan


def _is_range(value: object) -> bool:
    if not isinstance(value, list) or not all(type(number) is int and number >= 0 for number in value):
        return False
    return len(value) == len(("lowest", "highest")) and value == sorted(value)


def _write(template: Template, plan: TemplatePlan) -> None:
    for name, value in asdict(plan).items():
        setattr(template, name, list(value) if isinstance(value, tuple) else value)


def _record(verb: TemplateEvent, template: Template, *, actor: Actor, at: datetime, **more: Any) -> None:
    record_thing(verb, kind="template", reference=template.slug, actor=actor, at=at, **more)
