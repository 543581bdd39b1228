"""Import of the standard's own flags (§7.3) into one environment: all of them or none, in production under one change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from cybercube_portal.errors import FieldError, Invalid, NotFound, refuse_unless
from cybercube_portal.people import selectors as people
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from flags import permissions
from flags.actions.binding import Draft, file_steps
from flags.actions.carrying import carry_out
from flags.actions.flags import FlagPlan, create_flag, edit_flag, refuse_archived
from flags.actions.keeping import checked, serve
from flags.actions.recording import lock_environment
from flags.actions.stopping import stop_open_step
from flags.models import Flag, FlagEnvironment
from flags.policy.exposure import Direction, direction_of
from flags.policy.naming import key_errors
from flags.policy.standard import definition_of
from flags.policy.variants import named_by_value
from flags.selectors.flags import lock_served
from flags.selectors.freezes import freezes_over
from flags.states import VersionKind

PRODUCTION = "prd"
MOST_FLAGS = 500


@dataclass(slots=True)
class Imported:
    """Keys by what became of them; `change` when production waits for one."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    change: str = ""
    state: str = ""


@transaction.atomic
def import_flags(*, environment: str, flags: Sequence[Mapping[str, Any]], actor: Actor, now: datetime) -> Imported:
    """Define what is new and serve what is written. Raises NotPermitted, MoveRefused, Invalid with every error at `/flags/<n>/…`."""
    if len(flags) > MOST_FLAGS:
        raise Invalid.field("/flags", "flag.too_many", f"At most {MOST_FLAGS} flags at once.")
    done = Imported()
    drafts = [draft for draft in _drafts(flags, environment, done, actor=actor, now=now) if draft is not None]
    waiting = []
    for draft in drafts:
        rises = _direction(draft) is Direction.RAISE
        if rises and environment == PRODUCTION:
            waiting.append(draft)
            continue
        if rises:
            refuse_unless(freezes_over(draft.row, now=now))
        _serve(draft, actor=actor, now=now)
    if waiting:
        _by_change(waiting, done, actor=actor, now=now)
    return done


def _drafts(
    flags: Sequence[Mapping[str, Any]], environment: str, done: Imported, *, actor: Actor, now: datetime
) -> Iterable[Draft | None]:
    places: dict[str, int] = {}
    for place, written in enumerate(flags):
        first = places.setdefault(written["key"], place)
        if first != place:
            message = f"{written['key']} is there twice: as number {first + 1} too."
            raise Invalid.field(f"/flags/{place}/key", "flag.twice", message)
        try:
            yield _one(written, environment, done, actor=actor, now=now)
        except Invalid as error:
            inner = [
                FieldError(f"/flags/{place}{_standard(one.pointer)}", one.code, one.message) for one in error.errors
            ]
            raise Invalid(inner, message=f"{written.get('key', place)}: {error}") from error


def _serve(draft: Draft, *, actor: Actor, now: datetime) -> None:
    stop_open_step(draft.row, because="Replaced by an import.", actor=actor, now=now)
    by = actor.id or None
    kind = VersionKind.IMPORT
    serve(draft.row, draft.contents[0], kind=kind, reason="Imported.", actor=actor, by=by, now=now)


def _by_change(drafts: list[Draft], done: Imported, *, actor: Actor, now: datetime) -> None:
    for draft in drafts:
        stop_open_step(draft.row, because="Replaced by an import.", actor=actor, now=now)
    steps = file_steps(drafts, reason="", due=None, needs_change=True, actor=actor, now=now)
    done.change = steps[0].change
    if all(step.standard for step in steps):
        for step, draft in zip(steps, drafts, strict=True):
            carry_out(step=step, row=draft.row, actor=actor, now=now, strict=True)
        done.state = "applied"
    else:
        done.state = "in_review"


def _direction(draft: Draft) -> Direction:
    return direction_of(draft.row.content, draft.contents[0], draft.row.flag.safe_variant)


def _one(written: Mapping[str, Any], environment: str, done: Imported, *, actor: Actor, now: datetime) -> Draft | None:
    key = written["key"]
    try:
        definition = definition_of(written)
    except ValueError as error:
        raise Invalid.field("/defaultValue", "flag.value_type", str(error)) from error
    flag = Flag.objects.filter(key=key).select_related("team", "service", "owner").first()
    was_there = flag is not None
    wrong = list(key_errors(key, written["type"]))
    if wrong:
        raise Invalid(wrong, message=wrong[0].message)
    if flag is None:
        flag = create_flag(plan=_plan(written, definition, done, actor=actor), actor=actor, now=now)
        done.created.append(key)
    refuse_archived(flag)
    edited = was_there and _add_variants(flag, definition, actor=actor, now=now)
    lock_environment(environment, now=now)
    row = lock_served(key, environment)
    require(
        actor,
        permissions.CHANGE_FLAG,
        now=now,
        teams=[flag.team.slug],
        services=[flag.service.slug] if flag.service else (),
        owner=flag.owner.username if flag.owner else None,
    )
    content = checked(row, _content(row, definition))
    _lint(written, done)
    if was_there:
        _compare(flag, written, done)
    if content == row.content:
        if was_there:
            (done.updated if edited else done.unchanged).append(key)
        return None
    if was_there:
        done.updated.append(key)
    return Draft(row=row, contents=[content], version_kind=VersionKind.IMPORT)


def _plan(written: Mapping[str, Any], definition: Mapping[str, Any], done: Imported, *, actor: Actor) -> FlagPlan:
    team, owner = _owner(written, done, actor=actor)
    expires_at = written.get("expiresAt")
    return FlagPlan(
        key=written["key"],
        name=written["name"],
        description=written["description"],
        type=written["type"],
        value_type=definition["value_type"],
        variants=tuple(definition["variants"]),
        team=team,
        owner=owner,
        tags=tuple(written.get("tags", ())),
        expires_at=expires_at,
    )


def _owner(written: Mapping[str, Any], done: Imported, *, actor: Actor) -> tuple[str, str]:
    """The team and the person that `owner` names; neither: the importer's team, with a warning."""
    name = written["owner"]
    if name in people.team_slugs():
        return name, ""
    try:
        person = people.user_named(name)
    except NotFound:
        done.warnings.append(f"{written['key']}: {name} is neither a team nor a person here; your team owns it.")
        return actor.team or "", ""
    return (person.team.slug if person.team else actor.team or ""), person.username


def _add_variants(flag: Flag, definition: Mapping[str, Any], *, actor: Actor, now: datetime) -> bool:
    """Values the flag cannot answer yet are added under names of their own."""
    if definition["value_type"] != flag.value_type and not (
        definition["value_type"] == "integer" and flag.value_type == "float"
    ):
        message = f"{flag.key} answers values of type {flag.value_type}."
        raise Invalid.field("/defaultValue", "flag.value_type", message)
    taken = {row["name"] for row in flag.variants}
    new = []
    for row in definition["variants"]:
        if named_by_value(flag.variants, row["value"], flag.value_type) is None:
            name = row["name"] if row["name"] not in taken else f"value-{len(taken) + 1}"
            taken.add(name)
            new.append({"name": name, "value": row["value"]})
    if new:
        edited = edit_flag(
            key=flag.key, version=flag.version, changes={"variants": [*flag.variants, *new]}, actor=actor, now=now
        )
        flag.variants, flag.version = edited.variants, edited.version
    return bool(new)


def _content(row: FlagEnvironment, definition: Mapping[str, Any]) -> dict[str, Any]:
    """The imported content in the names of the flag that is there."""
    values = {item["name"]: item["value"] for item in definition["variants"]}
    facts = row.flag.facts

    def name(variant: str | None) -> str | None:
        return None if variant is None else named_by_value(facts.variants, values[variant], facts.value_type)

    return {
        "enabled": True,
        "default_variant": name(definition["default_variant"]),
        "rollout_percentage": definition["rollout_percentage"],
        "rollout_variant": name(definition["rollout_variant"]) or row.content["rollout_variant"],
        "rules": [{**rule, "variant": name(rule["variant"])} for rule in definition["rules"]],
    }


def _lint(written: Mapping[str, Any], done: Imported) -> None:
    if written["rolloutPercentage"] == 100 and written["defaultValue"] is False and not written["rules"]:  # noqa: PLR2004
        done.warnings.append(f"{written['key']}: the default is false at 100 %, so everybody is served false (§7.4).")


def _compare(flag: Flag, written: Mapping[str, Any], done: Imported) -> None:
    """What is written otherwise of a flag that is there is told and left: an import changes what is served, not whose it is or how long it lives."""
    owners = {flag.team.slug, flag.owner.username if flag.owner else flag.team.slug}
    said = {
        "name": written["name"].strip() == flag.name,
        "description": written["description"] == flag.description,
        "owner": written["owner"] in owners,
        "expiresAt": written.get("expiresAt") in {None, flag.expires_at},
        "tags": list(dict.fromkeys(written.get("tags", flag.tags))) == flag.tags,
    }
    other = ", ".join(name for name, is_same in said.items() if not is_same)
    if other:
        done.warnings.append(
            f"{flag.key}: {other} are written otherwise here and stay; an import changes what is served."
        )


def _standard(pointer: str) -> str:
    """Our pointers in the words of §7.3."""
    words = {
        "/expires_at": "/expiresAt",
        "/default_variant": "/defaultValue",
        "/rollout_percentage": "/rolloutPercentage",
    }
    for ours, theirs in words.items():
        if pointer.startswith(ours):
            return theirs + pointer[len(ours) :]
    head, _, tail = pointer.partition("/conditions/0")
    return head + tail if tail else pointer
