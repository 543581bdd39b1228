"""Ticking what no fact decides of a release's checklist (§5.3)."""

from __future__ import annotations

from datetime import datetime
from difflib import get_close_matches

from django.db import transaction

from changes.selectors.changes import get_change
from cybercube_portal.errors import Invalid, refuse_unless
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from releases import permissions
from releases.actions.following import touch
from releases.actions.recording import record_release
from releases.actions.release_content import refuse_over
from releases.events import ReleaseEvent
from releases.models import ChecklistTick, Release
from releases.policy.contents import BY_KEY, Item, may_tick
from releases.selectors.release_documents import Documents
from releases.selectors.release_situation import ReleaseSituation
from releases.selectors.releases import get_release, lock_release
from releases.states import ReleaseState

LONGEST_NOTE = 500
REVIEWED = "changelog_reviewed"


@transaction.atomic
def tick_item(*, reference: str, item: str, ticked: bool, actor: Actor, now: datetime, note: str = "") -> Release:
    """Give or take back one's word for an item. Raises NotFound, NotPermitted, Invalid for an unknown item, MoveRefused for a fact."""
    release = lock_release(reference)
    services = [release.service.slug]
    require(
        actor,
        permissions.TICK_ITEM,
        now=now,
        teams=[release.service.team.slug],
        services=services,
        owner=release.created_by.username,
    )
    known = _item(item)
    if len(note) > LONGEST_NOTE:
        raise Invalid.field("/note", "checklist.note_length", f"A note has at most {LONGEST_NOTE} characters.")
    if known.is_fact:
        stands = next(row for row in ReleaseSituation(release, now=now).checklist if row.item is known)
        refuse_unless(may_tick(known, stands.reason))
    # A released one still owes its cleanup.
    if release.state != ReleaseState.RELEASED:
        refuse_over(release)
    if ticked:
        _tick(release, known, note=note, actor=actor, now=now)
    else:
        untick(release, known, actor=actor, now=now)
    return get_release(reference)


def untick(release: Release, item: Item, *, actor: Actor, now: datetime, because: str = "") -> None:
    """Take a word back; nothing happens where none was given. `release` is locked."""
    deleted, _ = ChecklistTick.objects.filter(release=release, item=item.key).delete()
    if deleted:
        touch(release, now=now)
        record_release(
            ReleaseEvent.ITEM_UNTICKED, release, actor=actor, at=now, item=item.key, text=item.text, because=because
        )


def _tick(release: Release, item: Item, *, note: str, actor: Actor, now: datetime) -> None:
    given = ChecklistTick.objects.filter(release=release, item=item.key).first()
    if given is not None and given.note == note and given.by_id == actor.id:
        return
    if item.key == REVIEWED and not release.changelog:
        # What was reviewed stays what it was, whatever is registered later.
        release.changelog = Documents(release, change=get_change(release.change)).changelog
    ChecklistTick.objects.update_or_create(
        release=release, item=item.key, defaults={"note": note, "at": now, "by_id": actor.id}
    )
    touch(release, now=now)
    record_release(ReleaseEvent.ITEM_TICKED, release, actor=actor, at=now, item=item.key, text=item.text, note=note)


def _item(name: str) -> Item:
    found = BY_KEY.get(name)
    if found is None:
        near = get_close_matches(name, BY_KEY, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise Invalid.field("/item", "checklist.item_unknown", f"There is no item {name}.{hint}")
    return found
