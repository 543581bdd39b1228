"""The portal walks its own audit chain, a part at a time, so that what was tampered with is told and not only found by whoever looks."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from changes.selectors.recipients import holders_of
from cybercube_portal.audit.actions import record
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.chain import Broken
from cybercube_portal.audit.selectors.events import chain_end, hash_at, verify_chain
from cybercube_portal.notices.actions import tell
from cybercube_portal.notices.kinds import Kind
from cybercube_portal.people.roles import Role
from cybercube_portal.record import messages
from cybercube_portal.record.events import ChainEvent
from cybercube_portal.record.models import ChainWatch

AT_ONCE = 20_000
TOLD = (Role.AUDITOR, Role.ADMIN)
CHAIN = "audit-chain"
GONE = "was rewritten or removed since the portal walked over it"


@transaction.atomic
def walk_on(*, now: datetime) -> ChainWatch:
    """The next part of the chain. What does not fit is recorded, and auditors and admins are told, once for each finding."""
    ChainWatch.objects.get_or_create(pk=1)
    watch = ChainWatch.objects.select_for_update().get(pk=1)
    broken = _missing(watch) or _walk(watch, now=now)
    watch.looked_at = now
    is_new = broken is not None and (broken.sequence, broken.finding) != (watch.broken_sequence, watch.finding)
    watch.broken_sequence, watch.finding = (broken.sequence, broken.finding) if broken else (None, "")
    if is_new or broken is None:
        watch.broken_at = now if broken else None
    watch.save()
    if broken is not None and is_new:
        _say(broken, now=now)
    return watch


def _missing(watch: ChainWatch) -> Broken | None:
    """What held once has to stand there still, whatever the checkpoints know of it."""
    if watch.known_sequence and hash_at(watch.known_sequence) != watch.known_hash:
        return Broken(watch.known_sequence, GONE)
    return None


def _walk(watch: ChainWatch, *, now: datetime) -> Broken | None:
    size, _head = chain_end()
    first = watch.position + 1 if watch.position < size else 1
    last = first + AT_ONCE - 1
    # Only a walk to the end also finds a checkpoint over more rows than there are.
    is_last = last >= size
    verdict = verify_chain(first=first, last=None if is_last else last)
    watch.position = verdict.size
    if verdict.size > watch.known_sequence:
        watch.known_sequence, watch.known_hash = verdict.size, verdict.head
    if verdict.holds and is_last:
        # A chain grows all the time: the next part is the first one again, not what came since.
        watch.whole_at, watch.position = now, 0
    return verdict.broken


def _say(broken: Broken, *, now: datetime) -> None:
    said = {"sequence": broken.sequence, "finding": broken.finding}
    event = record(
        ChainEvent.BREAK_FOUND,
        object_type="audit_chain",
        object_id=CHAIN,
        subjects=[],
        actor=SYSTEM,
        at=now,
        data=said,
    )
    tell(
        Kind.CHAIN_BROKEN,
        about=CHAIN,
        occasion=str(event.event_id),
        to=holders_of(TOLD, teams=[], now=now),
        write=partial(messages.chain_broken, sequence=broken.sequence, finding=broken.finding),
        now=now,
    )
