"""Segments: people named once for many rules (design/flags.md item 8: an edit is as risky as the riskiest flag that reads it)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from cybercube_portal.errors import Conflict, FieldError, Invalid, NotFound, Stale, refuse, refuse_unless
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from flags import permissions
from flags.actions.recording import ENVIRONMENTS, bump, record_segment
from flags.events import SegmentEvent
from flags.models import Segment, SegmentVersion
from flags.policy.conditions import condition_errors
from flags.policy.serving import MOST_CONDITIONS
from flags.selectors.flags import rows_reading
from flags.selectors.freezes import freezes_over

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MOST_GROUPS = 50
PRODUCTION = "prd"


@transaction.atomic
def create_segment(*, slug: str, name: str, groups: list[Any], actor: Actor, now: datetime) -> Segment:
    """Name a segment. Raises NotPermitted, Invalid with pointers, Conflict for a slug that is taken."""
    require(actor, permissions.EDIT_SEGMENT, now=now)
    errors = list(group_errors(groups))
    if not SLUG.fullmatch(slug):
        errors.append(FieldError("/slug", "segment.slug", "A slug is small letters and digits with hyphens between."))
    if errors:
        raise Invalid(errors, message=" ".join(error.message for error in errors[:3]))
    if Segment.objects.filter(slug=slug).exists():
        raise Conflict(f"There is a segment {slug} already.", code="segment.exists")
    bump(*ENVIRONMENTS, now=now)
    segment = Segment.objects.create(slug=slug, name=name.strip() or slug, groups=groups, changed_at=now)
    _keep(segment, actor=actor, now=now)
    record_segment(SegmentEvent.CREATED, segment, actor=actor, at=now, groups=groups)
    return segment


@transaction.atomic
def change_segment(
    *, slug: str, version: int, actor: Actor, now: datetime, groups: list[Any] | None = None, name: str | None = None
) -> Segment:
    """Change who is in it, unless production reads it, or will: there the rules of a flag are changed instead, by a change.

    Raises NotFound, NotPermitted, Stale, Invalid, MoveRefused.
    """
    require(actor, permissions.EDIT_SEGMENT, now=now)
    bump(*ENVIRONMENTS, now=now)
    segment = Segment.objects.select_for_update().filter(slug=slug).first()
    if segment is None:
        raise NotFound(f"There is no segment {slug:.60}.", code="segment.unknown")
    if segment.version != version:
        raise Stale(f"{slug} was changed by somebody else since you read it.", code="segment.stale")
    if groups is not None and groups != segment.groups:
        errors = list(group_errors(groups))
        if errors:
            raise Invalid(errors, message=" ".join(error.message for error in errors[:3]))
        _refuse_where_read(slug, now=now)
        segment.groups = groups
    segment.name = segment.name if name is None else name.strip() or slug
    segment.version += 1
    segment.changed_at = now
    segment.save()
    _keep(segment, actor=actor, now=now)
    record_segment(SegmentEvent.CHANGED, segment, actor=actor, at=now, groups=segment.groups)
    return segment


def _refuse_where_read(slug: str, *, now: datetime) -> None:
    """In production always: what was signed for there, or waits for its signatures, names the segment and not who is in it."""
    rows = rows_reading(slug)
    reading = [row.flag.key for row in rows if row.environment == PRODUCTION]
    if reading:
        raise refuse(
            "segment.in_production",
            "§6.2",
            f"{', '.join(reading)} reads {slug} in production, now or by what is planned: an edit would change whom it takes in without a change.",
            "Make another segment and let the rules of the flag name it: that opens the change it needs.",
        )
    for row in rows:
        refuse_unless(freezes_over(row, now=now))


def group_errors(groups: Any) -> Iterable[FieldError]:  # noqa: ANN401 - any JSON
    """What is wrong with the groups, each at its place."""
    if not isinstance(groups, list) or not 1 <= len(groups) <= MOST_GROUPS:
        yield FieldError("/groups", "segment.groups", f"A segment has 1 to {MOST_GROUPS} groups of conditions.")
        return
    for place, group in enumerate(groups):
        if not isinstance(group, list) or not 1 <= len(group) <= MOST_CONDITIONS:
            message = f"A group is a list of 1 to {MOST_CONDITIONS} conditions."
            yield FieldError(f"/groups/{place}", "segment.group_form", message)
            continue
        for at, condition in enumerate(group):
            yield from condition_errors(f"/groups/{place}/{at}", condition, segments=None)


def _keep(segment: Segment, *, actor: Actor, now: datetime) -> None:
    SegmentVersion.objects.create(
        segment=segment, number=segment.version, groups=segment.groups, at=now, by_id=actor.id or None
    )
