"""Read events: timelines, the chain's end, and whether the chain holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Q, QuerySet

from cybercube_portal.audit import keys
from cybercube_portal.audit.chain import CHECKPOINT_TYPE, GENESIS, Broken, Walk
from cybercube_portal.audit.models import Checkpoint, Event
from cybercube_portal.errors import NotFound


def timeline(subject: str) -> QuerySet[Event]:
    """Everything that happened to anything: events that name `subject`, newest first."""
    return Event.objects.filter(subjects__contains=[subject]).order_by("-occurred_at", "-id")


def events_about(subjects: Iterable[str]) -> QuerySet[Event]:
    """Events that name any of `subjects`, oldest first, each once."""
    return Event.objects.filter(subjects__overlap=list(subjects)).order_by("occurred_at", "id")


def event_named(event_id: UUID) -> Event:
    """One event by its public id. Raises NotFound."""
    found = Event.objects.filter(event_id=event_id).first()
    if found is None:
        raise NotFound(f"There is no event {event_id}.")
    return found


def events_filtered(
    *,
    subject: str | None = None,
    verb: str | None = None,
    actor: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    sealed: bool | None = None,
    nouns: Iterable[str] | None = None,
    **equal: str,
) -> QuerySet[Event]:
    """Events that fit everything given.

    `verb`: `change.approved` or `change.*`; `nouns`: verbs of these alone; `actor`: the id an event names; `start`, `end`: half-open
    over `occurred_at`; `equal`: object_type, object_id.
    """
    fits = Q(**equal)
    # Every event names its object among its subjects, and these have an index.
    wanted = [name for name in (subject, equal.get("object_id")) if name is not None]
    if wanted:
        fits &= Q(subjects__contains=wanted)
    if verb is not None:
        fits &= Q(verb__startswith=verb[:-1]) if verb.endswith(".*") else Q(verb=verb)
    if nouns is not None:
        fits &= reduce(or_, (Q(verb__startswith=f"{noun}.") for noun in nouns))
    if actor is not None:
        fits &= Q(actor__id=actor)
    if start is not None:
        fits &= Q(occurred_at__gte=start)
    if end is not None:
        fits &= Q(occurred_at__lt=end)
    if sealed is not None:
        fits &= Q(sequence__isnull=not sealed)
    return Event.objects.filter(fits)


def checkpoints_listed() -> QuerySet[Checkpoint]:
    """What was signed."""
    return Checkpoint.objects.all()


def chain_end(*, last: int | None = None) -> tuple[int, str]:
    """How many events are sealed, and the hash of the last one (GENESIS while there is none); `last`: no further than there."""
    rows = Event.objects.filter(sequence__isnull=False)
    if last is not None:
        rows = rows.filter(sequence__lte=last)
    end = rows.order_by("-sequence").values_list("sequence", "hash").first()
    return (int(end[0]), str(end[1])) if end and end[0] is not None else (0, GENESIS)


def sealed_events(*, after: int = 0, until: int) -> Iterator[Event]:
    """Sealed events with `after` < sequence <= `until`, in order, read in portions."""
    while rows := list(Event.objects.filter(sequence__gt=after, sequence__lte=until).order_by("sequence")[:1000]):
        yield from rows
        after = int(rows[-1].sequence or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainVerdict:
    """What a walk over the chain found. `size` events held; `broken` names the first row that does not fit."""

    size: int
    head: str
    checkpoints: int
    broken: Broken | None = None

    @property
    def holds(self) -> bool:
        """True when every row fits and every checkpoint agrees."""
        return self.broken is None


def verify_chain(*, first: int = 1, last: int | None = None) -> ChainVerdict:
    """Walk the chain in the database, comparing it with every checkpoint on the way.

    From sequence `first`, trusting the hash of the row before it, to `last`, or to the end: then a checkpoint over more events than
    there are is found too.
    """
    end = chain_end()[0]
    until = end if last is None else min(last, end)
    checkpoints = Checkpoint.objects.filter(size__gte=first - 1).order_by("size", "id")
    if until < end:
        checkpoints = checkpoints.filter(size__lte=until)
    walk, seen = Walk(size=first - 1), 0
    try:
        walk.head = _hash_before(first)
        for checkpoint in checkpoints.iterator():
            for event in sealed_events(after=walk.size, until=checkpoint.size):
                walk.event(event.as_line(), event.hash)
            _check_signature(checkpoint)
            walk.checkpoint(size=checkpoint.size, head_hash=checkpoint.head_hash)
            seen += 1
        for event in sealed_events(after=walk.size, until=until):
            walk.event(event.as_line(), event.hash)
        walk.reach(until)
    except Broken as broken:
        return ChainVerdict(size=walk.size, head=walk.head, checkpoints=seen, broken=broken)
    return ChainVerdict(size=walk.size, head=walk.head, checkpoints=seen)


def hash_at(sequence: int) -> str | None:
    """The hash of the event with this number; None when there is none."""
    return Event.objects.filter(sequence=sequence).values_list("hash", flat=True).first()


def _hash_before(first: int) -> str:
    if first == 1:
        return GENESIS
    found = hash_at(first - 1)
    if found is None:
        raise Broken(first - 1, "missing")
    return found


def _check_signature(checkpoint: Checkpoint) -> None:
    try:
        signed = keys.verify_jws(checkpoint.signature, typ=CHECKPOINT_TYPE)
    except keys.SignatureRefused as error:
        raise Broken(checkpoint.size, f"the checkpoint over it was not signed by this portal ({error})") from error
    if signed != checkpoint.claims():
        raise Broken(checkpoint.size, "the checkpoint over it says something else than what was signed")
