"""The identity of a flag: define it, describe it, take it out of use (§7.2, §7.3, §7.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import Conflict, FieldError, Invalid, NotFound, Stale, refuse, refuse_unless
from cybercube_portal.people import selectors as people
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import Permission, require
from flags import permissions
from flags.actions.keeping import keep
from flags.actions.recording import ENVIRONMENTS, bump, record_flag
from flags.actions.stopping import stop_open_step
from flags.events import FlagEvent
from flags.models import Flag, FlagEnvironment
from flags.policy import lifecycle
from flags.policy.naming import FlagType, ValueType, default_expiry, expiry_errors, is_extended, key_errors
from flags.policy.serving import first_content
from flags.policy.variants import BOOLEAN, added_only, settled, variant_errors
from flags.selectors.facts import archiving_facts
from flags.selectors.flags import lock_flag, lock_served_everywhere
from flags.states import VersionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagPlan:
    """A flag as somebody writes it. `service` empty: of no one service; `team` empty: the service's, else the writer's."""

    key: str
    name: str
    type: str
    description: str = ""
    value_type: str = ValueType.BOOLEAN
    variants: tuple[Mapping[str, Any], ...] = ()
    safe_variant: str | None = ""
    service: str = ""
    team: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    client_visible: bool = False
    expires_at: datetime | None = None
    permanent_reason: str = ""


@transaction.atomic
def create_flag(*, plan: FlagPlan, actor: Actor, now: datetime) -> Flag:
    """Define a flag, off everywhere (§7.5 "Default: off"). Raises NotPermitted, Invalid, Conflict for a key that is taken."""
    service = _service(plan.service)
    team = _team(plan.team or (service.team.slug if service else actor.team or _no_team()))
    flag = Flag(
        key=plan.key,
        name=plan.name.strip() or plan.key,
        description=plan.description,
        type=plan.type,
        value_type=plan.value_type,
        service=service,
        team=team,
        owner=_person(plan.owner),
        tags=list(dict.fromkeys(plan.tags)),
        client_visible=plan.client_visible,
        expires_at=plan.expires_at or (None if plan.permanent_reason else default_expiry(plan.type, now=now)),
        permanent_reason=plan.permanent_reason,
        created_at=now,
        created_by_id=actor.id or None,
    )
    _permit(flag, permissions.CREATE_FLAG, actor=actor, now=now)
    _permit_service(flag, permissions.CREATE_FLAG, actor=actor, now=now)
    _write_variants(flag, plan)
    _refuse_wrong(flag, now=now)
    if Flag.objects.filter(key=plan.key).exists():
        raise Conflict(f"There is a flag {plan.key} already; keys are never used twice.", code="flag.exists")
    bump(*ENVIRONMENTS, now=now)
    flag.save(force_insert=True)
    for environment in ENVIRONMENTS:
        row = FlagEnvironment.objects.create(
            flag=flag, environment=environment, content=first_content(flag.facts), changed_at=now
        )
        keep(row, kind=VersionKind.CREATE, reason="Defined.", by=actor.id or None, now=now)
    record_flag(FlagEvent.CREATED, flag, actor=actor, at=now, after=_recorded(flag))
    return flag


@transaction.atomic
def edit_flag(
    *, key: str, version: int, changes: Mapping[str, Any], actor: Actor, now: datetime, reason: str = ""
) -> Flag:
    """Change fields of a FlagPlan but key, types and safe variant; variants are only added to, and a later expiry needs a reason (§7.6).

    Raises NotFound, NotPermitted, Stale, Invalid.
    """
    bump(*ENVIRONMENTS, now=now)
    flag = lock_flag(key)
    _permit(flag, permissions.EDIT_FLAG, actor=actor, now=now)
    if flag.version != version:
        raise Stale(f"{key} was changed by somebody else since you read it.", code="flag.stale")
    refuse_archived(flag)
    before = _recorded(flag)
    _write(flag, changes)
    _permit(flag, permissions.EDIT_FLAG, actor=actor, now=now)
    if _recorded(flag)["service"] != before["service"]:
        _permit_service(flag, permissions.EDIT_FLAG, actor=actor, now=now)
    _refuse_wrong(flag, now=now, expiry_was=before["expires_at"])
    if not reason.strip() and is_extended(before["expires_at"], flag.expires_at):
        message = "Say why it lives longer: temporary flags are removed after their rollout (§7.6)."
        raise Invalid.field("/reason", "flag.extension_reason", message)
    if flag.expires_at != before["expires_at"]:
        flag.noticed_at = None
    flag.version += 1
    flag.save()
    after = _recorded(flag)
    changed = [name for name in after if after[name] != before[name]]
    record_flag(
        FlagEvent.EDITED,
        flag,
        actor=actor,
        at=now,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        reason=reason,
    )
    return flag


@transaction.atomic
def archive_flag(*, key: str, reason: str = "", actor: Actor, now: datetime) -> Flag:
    """Take it out of use for good (§7.6 "Remove flag from configuration").

    While code names it, programs ask for it or flags need it, only with a reason. Raises NotFound, NotPermitted, MoveRefused.
    """
    bump(*ENVIRONMENTS, now=now)
    flag = lock_flag(key)
    _permit(flag, permissions.ARCHIVE_FLAG, actor=actor, now=now)
    refuse_archived(flag)
    refuse_unless(lifecycle.may_archive(archiving_facts(flag), now=now, reason=reason))
    for row in lock_served_everywhere(flag):
        stop_open_step(row, because="The flag was archived.", actor=actor, now=now)
    flag.archived_at, flag.archived_because = now, reason
    flag.version += 1
    flag.save()
    record_flag(FlagEvent.ARCHIVED, flag, actor=actor, at=now, reason=reason)
    return flag


def refuse_archived(flag: Flag) -> None:
    """Raises MoveRefused for a flag that is out of use."""
    if flag.archived_at is not None:
        raise refuse(
            "flag.archived", "§7.6", f"{flag.key} is archived.", "Define another flag: keys are never used twice."
        )


def _permit(flag: Flag, permission: Permission, *, actor: Actor, now: datetime) -> None:
    require(
        actor,
        permission,
        now=now,
        teams=[flag.team.slug],
        services=[flag.service.slug] if flag.service else (),
        owner=flag.owner.username if flag.owner else None,
    )


def _permit_service(flag: Flag, permission: Permission, *, actor: Actor, now: datetime) -> None:
    """A flag's service says who signs for it and which freezes hold: nobody puts one under a service of a team that is not theirs."""
    if flag.service is not None:
        team, slug = flag.service.team.slug, flag.service.slug
        require(actor, permission, now=now, teams=[team], services=[slug])


def _service(slug: str) -> Any:  # noqa: ANN401 - the catalogue's row, whose type lives below
    try:
        return catalog.get_service(slug) if slug else None
    except NotFound as error:
        raise Invalid.field("/service", "service.unknown", str(error)) from error


def _team(slug: str) -> Any:  # noqa: ANN401 - the team's row, whose type lives below
    try:
        return people.team_named(slug)
    except NotFound as error:
        raise Invalid.field("/team", "team.unknown", str(error)) from error


def _person(username: str) -> Any:  # noqa: ANN401 - the user's row, whose type lives below
    try:
        return people.user_named(username) if username else None
    except NotFound as error:
        raise Invalid.field("/owner", "user.unknown", str(error)) from error


def _no_team() -> str:
    raise Invalid.field("/team", "flag.team_missing", "Say which team owns the flag.")


def _write_variants(flag: Flag, plan: FlagPlan) -> None:
    if plan.value_type not in set(ValueType) or plan.type not in set(FlagType):
        wrong = "type" if plan.type not in set(FlagType) else "value_type"
        raise Invalid.field(
            f"/{wrong}",
            "flag.type_unknown",
            f"A {wrong} is one of {', '.join(FlagType if wrong == 'type' else ValueType)}.",
        )
    given = plan.variants or (BOOLEAN if plan.value_type == ValueType.BOOLEAN else ())
    flag.variants = [{"name": row["name"], "value": settled(row["value"], plan.value_type)} for row in given]
    safe = plan.safe_variant
    if safe == "":
        safe = "off" if plan.value_type == ValueType.BOOLEAN else None
    if safe is not None and safe not in {row["name"] for row in flag.variants}:
        raise Invalid.field("/safe_variant", "flag.variant_unknown", f"{safe} is not among the variants.")
    flag.safe_variant = safe


def _write(flag: Flag, changes: Mapping[str, Any]) -> None:
    for name in ("name", "description", "client_visible", "expires_at", "permanent_reason"):
        if name in changes:
            setattr(flag, name, changes[name])
    if "tags" in changes:
        flag.tags = list(dict.fromkeys(changes["tags"]))
    if "variants" in changes:
        flag.variants = _added(flag, changes["variants"])
    _write_owners(flag, changes)


def _write_owners(flag: Flag, changes: Mapping[str, Any]) -> None:
    if "team" in changes:
        flag.team = _team(changes["team"])
    if "owner" in changes:
        flag.owner = _person(changes["owner"])
    if "service" in changes:
        flag.service = _service(changes["service"])


def _added(flag: Flag, variants: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    written = [{"name": row["name"], "value": settled(row["value"], flag.value_type)} for row in variants]
    if not added_only(flag.variants, written):
        message = "A variant's value never changes and is never taken away: add another and let the rules name it."
        raise Invalid.field("/variants", "flag.variants_are_kept", message)
    return written


def _refuse_wrong(flag: Flag, *, now: datetime, expiry_was: datetime | None = None) -> None:
    errors: list[FieldError] = list(key_errors(flag.key, flag.type))
    if not flag.name.strip():
        errors.append(FieldError("/name", "flag.no_name", "Give the flag a name."))
    errors += variant_errors(flag.variants, flag.value_type)
    if expiry_was is None or flag.expires_at != expiry_was:
        errors += expiry_errors(flag.type, flag.expires_at, flag.permanent_reason, now=now)
    if errors:
        raise Invalid(errors, message=" ".join(error.message for error in errors))


def _recorded(flag: Flag) -> dict[str, Any]:
    return {
        "name": flag.name,
        "description": flag.description,
        "type": flag.type,
        "value_type": flag.value_type,
        "variants": flag.variants,
        "safe_variant": flag.safe_variant,
        "service": flag.service.slug if flag.service else "",
        "team": flag.team.slug,
        "owner": flag.owner.username if flag.owner else "",
        "tags": flag.tags,
        "client_visible": flag.client_visible,
        "expires_at": flag.expires_at,
        "permanent_reason": flag.permanent_reason,
    }
