"""What an evidence pack of a period is about, and the packs that were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Max, Min, QuerySet

from cybercube_portal.audit.selectors.events import events_filtered
from cybercube_portal.catalog import selectors as catalog
from cybercube_portal.errors import Conflict, Invalid, NotFound
from cybercube_portal.record.models import ChainWatch, EvidencePack, EvidencePart
from cybercube_portal.record.states import PackState

LONGEST_PERIOD = timedelta(days=366)
MOST_CHANGES = 20_000


def check_period(start: datetime, end: datetime, service: str | None) -> None:
    """Raises Invalid for a period that is none, NotFound for a service that is none."""
    if not start < end <= start + LONGEST_PERIOD:
        raise Invalid.field("/to", "evidence.period", "A period ends after it begins, and within a year.")
    if service:
        catalog.get_service(service)


def numbers_in(start: datetime, end: datetime, service: str | None, *, until: int | None = None) -> list[str]:
    """The numbers of the changes that something happened to in a period, in order; `until`: by this place in the chain.

    Raises as `check_period`, and Invalid for a period that is too full.
    """
    check_period(start, end, service)
    moved = events_filtered(verb="change.*", subject=f"service:{service}" if service else None, start=start, end=end)
    if until is not None:
        moved = moved.filter(sequence__lte=until)
    numbers = sorted(moved.order_by("object_id").values_list("object_id", flat=True).distinct()[: MOST_CHANGES + 1])
    if len(numbers) > MOST_CHANGES:
        message = f"More than {MOST_CHANGES:,} changes: ask for a shorter period, or for one service."
        raise Invalid.field("/to", "evidence.too_many", message)
    return numbers


def numbers_at_once(start: datetime, end: datetime, service: str | None, *, until: int | None = None) -> list[str]:
    """`numbers_in`, if a pack of them can be made while its reader waits. Raises Invalid otherwise too."""
    numbers, most = numbers_in(start, end, service, until=until), settings.EVIDENCE_AT_ONCE
    if len(numbers) > most:
        message = f"{len(numbers):,} changes are more than {most:,}, which is what is made while one waits: let it be made in the background."
        raise Invalid.field("/to", "evidence.too_many", message)
    return numbers


def sequences_in(start: datetime, end: datetime, *, until: int | None = None) -> list[int]:
    """The first and the last place in the chain, no further than `until`, of what was recorded in a period; empty when nothing was sealed."""
    sealed = events_filtered(start=start, end=end, sealed=True)
    if until is not None:
        sealed = sealed.filter(sequence__lte=until)
    places = sealed.aggregate(Min("sequence"), Max("sequence"))
    return [place for place in places.values() if place is not None]


def chain_watch() -> ChainWatch | None:
    """What the portal's own walk found; None before its first step."""
    return ChainWatch.objects.filter(pk=1).first()


def packs_listed() -> QuerySet[EvidencePack]:
    """Every pack that was asked for and is still kept, the newest first."""
    return EvidencePack.objects.defer("numbers")


def get_pack(pack_id: UUID) -> EvidencePack:
    """One of them. Raises NotFound."""
    pack = packs_listed().filter(pk=pack_id).first()
    if pack is None:
        raise NotFound("There is no such evidence pack, or it was dropped since.", code="evidence.no_such_pack")
    return pack


def zip_of(pack: EvidencePack) -> Iterator[bytes]:
    """The file, piece by piece. Raises Conflict unless it is ready."""
    if pack.state is not PackState.READY:
        raise Conflict("The pack is not ready.", code="evidence.not_ready")
    pieces = EvidencePart.objects.filter(pack=pack).order_by("place").values_list("place", flat=True)
    return (
        bytes(EvidencePart.objects.values_list("content", flat=True).get(pack=pack, place=place)) for place in pieces
    )
