"""Read events: timelines, the chain's end, and whether the chain holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from cybercube_portal.audit import keys
from cybercube_portal.audit.canonical import canonical, moment
from cybercube_portal.audit.chain import CHECKPOINT_TYPE, GENESIS, Broken, Walk
from cybercube_portal.audit.models import Checkpoint, Event

# Standard Webhooks 1.0 asks for small bodies; a receiver reads the rest by the event's id.
LARGEST_WEBHOOK = 20_000


def timeline(subject: str) -> QuerySet[Event]:
    """Everything that happened to anything: events that name `subject`, newest first."""
    return Event.objects.filter(subjects__contains=[subject]).order_by("-occurred_at", "-id")


def chain_end() -> tuple[int, str]:
    """How many events are sealed, and the hash of the last one (GENESIS while there is none)."""
    last = Event.objects.filter(sequence__isnull=False).order_by("-sequence").values_list("sequence", "hash").first()
    return (int(last[0]), str(last[1])) if last and last[0] is not None else (0, GENESIS)


def public_event(event: Event) -> dict[str, Any]:
    """An event as the API and the webhooks show it."""
    line = event.as_line()
    return {name: line[name] for name in line if name not in {"type", "sealed_at", "previous_hash"}}


def webhook_body(event: Event) -> dict[str, Any]:
    """Standard Webhooks' {type, timestamp, data}; `before`, `after` and `data` are left out of what would grow too large."""
    data = public_event(event)
    if len(canonical(data)) > LARGEST_WEBHOOK:
        data = {**data, "before": None, "after": None, "data": {}, "shortened": True}
    return {"type": event.verb, "timestamp": moment(event.occurred_at), "data": data}


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


def verify_chain() -> ChainVerdict:
    """Walk the whole chain in the database, comparing it with every checkpoint on the way."""
    walk = Walk()
    seen = 0
    try:
        for checkpoint in Checkpoint.objects.order_by("size", "id").iterator():
            for event in sealed_events(after=walk.size, until=checkpoint.size):
                walk.event(event.as_line(), event.hash)
            _check_signature(checkpoint)
            walk.checkpoint(size=checkpoint.size, head_hash=checkpoint.head_hash)
            seen += 1
        for event in sealed_events(after=walk.size, until=chain_end()[0]):
            walk.event(event.as_line(), event.hash)
    except Broken as broken:
        return ChainVerdict(size=walk.size, head=walk.head, checkpoints=seen, broken=broken)
    return ChainVerdict(size=walk.size, head=walk.head, checkpoints=seen)


def _check_signature(checkpoint: Checkpoint) -> None:
    try:
        signed = keys.verify_jws(checkpoint.signature, typ=CHECKPOINT_TYPE)
    except keys.SignatureRefused as error:
        raise Broken(checkpoint.size, f"the checkpoint over it was not signed by this portal ({error})") from error
    if signed != checkpoint.claims():
        raise Broken(checkpoint.size, "the checkpoint over it says something else than what was signed")
