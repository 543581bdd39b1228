"""Writing, publishing and announcing the words of a release (§5.4, §5.5)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from changes.selectors.changes import get_change
from cybercube_portal.errors import Invalid, refuse
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import Permission, require
from releases import permissions
from releases.actions.checklist import untick
from releases.actions.following import touch
from releases.actions.recording import record_release
from releases.actions.release_content import refuse_stale
from releases.actions.release_notices import announce_notes
from releases.events import ReleaseEvent
from releases.models import Release
from releases.policy.changelog import without_heading
from releases.policy.contents import BY_KEY
from releases.selectors.release_documents import Documents
from releases.selectors.releases import get_release, lock_release
from releases.states import ReleaseState

LONGEST = 50_000
# What was taken back or never happened is told to nobody.
UNTOLD: frozenset[str] = frozenset({ReleaseState.CANCELLED, ReleaseState.ROLLED_BACK})


@transaction.atomic
def edit_changelog(*, reference: str, text: str, actor: Actor, now: datetime, version: int | None = None) -> Release:
    """Write its changelog; whoever reviewed it has to look again. Empty: back to what the commits give.

    `version` is the row's that the editor read, if they say. Raises NotFound, NotPermitted, Stale, Invalid.
    """
    release = _locked(reference, permissions.EDIT_RELEASE, actor=actor, now=now)
    if version is not None:
        refuse_stale(release, version)
    wanted = without_heading(_checked(text))
    if wanted == release.changelog:
        return release
    before = release.changelog
    release.changelog = wanted
    touch(release, now=now)
    record_release(
        ReleaseEvent.CHANGELOG_EDITED,
        release,
        actor=actor,
        at=now,
        before={"changelog": before},
        after={"changelog": wanted},
    )
    untick(release, BY_KEY["changelog_reviewed"], actor=actor, now=now, because="The changelog was edited.")
    return get_release(reference)


@transaction.atomic
def edit_notes(*, reference: str, text: str, actor: Actor, now: datetime, version: int | None = None) -> Release:
    """Write its release notes; published ones too, which then say what they say now. Raises NotFound, NotPermitted, Stale, Invalid."""
    release = _locked(reference, permissions.EDIT_RELEASE, actor=actor, now=now)
    if version is not None:
        refuse_stale(release, version)
    return _write_notes(release, _checked(text), actor=actor, now=now)


@transaction.atomic
def draft_notes(*, reference: str, actor: Actor, now: datetime) -> Release:
    """Fill in the template of §5.5 afresh, in place of what was written. Raises NotFound, NotPermitted."""
    release = _locked(reference, permissions.EDIT_RELEASE, actor=actor, now=now)
    drafted = Documents(release, change=get_change(release.change)).drafted_notes
    return _write_notes(release, drafted, actor=actor, now=now)


@transaction.atomic
def publish_notes(*, reference: str, actor: Actor, now: datetime) -> Release:
    """Publish the notes as they stand and announce them by mail, once. Raises NotFound, NotPermitted, MoveRefused."""
    release = _locked(reference, permissions.PUBLISH_RELEASE, actor=actor, now=now)
    if release.state in UNTOLD:
        message = f"{release.reference} is {release.state.replace('_', ' ')}."
        raise refuse("notes.nothing_to_tell", "§5.5", message, "Open another release.")
    if release.notes_published_at is not None:
        message = "The notes are published."
        raise refuse("notes.published_already", "§5.5", message, "Edit them: what is published follows.")
    words = Documents(release, change=get_change(release.change))
    # From now on they stand by themselves, whatever is registered later.
    release.notes, release.changelog = words.notes, words.changelog
    release.notes_published_at = now
    told = announce_notes(release, now=now)
    release.announced_at = now if told else None
    touch(release, now=now)
    record_release(ReleaseEvent.NOTES_PUBLISHED, release, actor=actor, at=now, told=told)
    return get_release(reference)


def _write_notes(release: Release, text: str, *, actor: Actor, now: datetime) -> Release:
    if text == release.notes:
        return release
    before = release.notes
    release.notes = text
    touch(release, now=now)
    record_release(
        ReleaseEvent.NOTES_EDITED, release, actor=actor, at=now, before={"notes": before}, after={"notes": text}
    )
    return get_release(release.reference)


def _locked(reference: str, permission: Permission, *, actor: Actor, now: datetime) -> Release:
    release = lock_release(reference)
    require(
        actor,
        permission,
        now=now,
        teams=[release.service.team.slug],
        services=[release.service.slug],
        owner=release.created_by.username,
    )
    return release


def _checked(text: str) -> str:
    if len(text) > LONGEST:
        raise Invalid.field("/markdown", "release.text_length", f"At most {LONGEST} characters.")
    return text.replace("\r\n", "\n").strip()
