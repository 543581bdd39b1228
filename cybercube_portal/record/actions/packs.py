"""Evidence packs made by a worker, some changes at a time: each step is committed, so that one that dies costs that step and no more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO
from uuid import UUID

from django.db import transaction

from changes.selectors.changes import changes_numbered
from cybercube_portal.audit.actions import open_intent, record
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.errors import NotFound, NotPermitted, refuse
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from cybercube_portal.people.selectors import actor_named
from cybercube_portal.record.actions.cut import take_cut
from cybercube_portal.record.events import PackEvent
from cybercube_portal.record.evidence import change_files, register_file, register_read, register_rows
from cybercube_portal.record.evidence_pages import index_page
from cybercube_portal.record.manifest import manifest_file, moved_on
from cybercube_portal.record.models import EvidencePack, EvidencePart
from cybercube_portal.record.packs import contents_of_period, pack_of, period_words
from cybercube_portal.record.permissions import READ_RECORD
from cybercube_portal.record.selectors import check_period, numbers_in, packs_listed, sequences_in
from cybercube_portal.record.stash import File, one_of, stashed, unstashed

BUILD = "record.build_pack"
DROP = "record.drop_pack"
AT_A_TIME = 50
KEPT = timedelta(days=7)
MOST_OPEN = 3
PIECE = 1024 * 1024
# Beside the files of its changes a part holds what goes into one file of the whole pack.
ROWS, MOVED = ".register.csv", ".moved-on.json"
BROKEN = "Something went wrong while it was made. Ask for it again."


@transaction.atomic
def request_pack(*, start: datetime, end: datetime, service: str | None, actor: Actor, now: datetime) -> EvidencePack:
    """Promise the pack of a period, as the audit chain stands now. The same one that is still being made is answered again.

    What was recorded is sealed first: what the pack stands for is a place in the chain, and it holds nothing that came later. Raises NotPermitted, Invalid for a period that is none or too full, NotFound for a service, MoveRefused while three of theirs are being made.
    """
    require(actor, READ_RECORD, now=now)
    check_period(start, end, service)
    being_made = packs_listed().filter(asked_by=actor.username, finished_at__isnull=True, failed_at__isnull=True)
    same = being_made.filter(start=start, end=end, service=service or "")
    if same.exists():
        return same.get()
    if being_made.count() >= MOST_OPEN:
        raise refuse(
            "evidence.being_made",
            "§6.6",
            f"{MOST_OPEN} packs of yours are being made.",
            "Wait until one of them is ready.",
            (actor.username,),
        )
    cut = take_cut(now=now)
    numbers = numbers_in(start, end, service, until=cut.sequence)
    pack = EvidencePack(
        asked_by=actor.username,
        start=start,
        end=end,
        service=service or "",
        numbers=numbers,
        count=len(numbers),
        created_at=now,
        as_of_sequence=cut.sequence,
        as_of_hash=cut.head,
    )
    EvidencePack.objects.bulk_create([pack], ignore_conflicts=True)
    if same.get() != pack:
        # Asked for twice in the same moment.
        return same.get()
    open_intent(BUILD, str(pack.pk), at=now)
    _record(PackEvent.REQUESTED, pack, actor=actor, now=now)
    return pack


@transaction.atomic
def build_pack(*, pack_id: UUID, now: datetime) -> None:
    """One step: gather some more changes, or put the zip together once all are there."""
    pack = _locked(pack_id)
    if pack is None or pack.failed_at or pack.finished_at:
        return
    try:
        reader = actor_named(pack.asked_by)
        require(reader, READ_RECORD, now=now)
        if pack.done < pack.count:
            _gather(pack, reader=reader, now=now)
        else:
            _finish(pack, reader=reader, now=now)
    except (NotFound, NotPermitted) as refusal:
        _fail(pack, str(refusal), now=now)


@transaction.atomic
def give_up_pack(*, pack_id: UUID, now: datetime) -> None:
    """It broke again and again."""
    pack = _locked(pack_id)
    if pack is not None and not pack.finished_at and not pack.failed_at:
        _fail(pack, BROKEN, now=now)


@transaction.atomic
def drop_pack(*, pack_id: UUID) -> None:
    """Its time is over; the record keeps that it was made, and for whom."""
    EvidencePack.objects.filter(pk=pack_id).delete()


def _gather(pack: EvidencePack, *, reader: Actor, now: datetime) -> None:
    numbers = pack.numbers[pack.done : pack.done + AT_A_TIME]
    content = stashed(_files_of(pack, numbers, reader=reader, now=now))
    EvidencePart.objects.create(pack=pack, place=pack.done // AT_A_TIME, content=content)
    pack.done += len(numbers)
    pack.save(update_fields=["done"])
    open_intent(BUILD, str(pack.pk), at=now)


def _files_of(pack: EvidencePack, numbers: list[str], *, reader: Actor, now: datetime) -> Iterator[File]:
    """Read as of the moment the pack stands for; the rows of the register first, so that `later` is asked after all of them."""
    yield ROWS, register_rows(changes_numbered(numbers))
    moved = []
    for number in numbers:
        found = change_files(number, actor=reader, cut=pack.cut)
        for name, content in found.files:
            yield f"changes/{number}/{name}", content
        if found.later:
            moved.append(moved_on(number, found.later, at=now))
    yield MOVED, json.dumps(moved).encode()


def _finish(pack: EvidencePack, *, reader: Actor, now: datetime) -> None:
    made = pack_of(
        _files(pack, reader=reader.name),
        about=period_words(pack.span),
        contents=contents_of_period(),
        reader=reader.name,
        sequences=sequences_in(pack.start, pack.end, until=pack.as_of_sequence),
        now=now,
    )
    with made:
        pack.parts.all().delete()
        pack.size, pack.sha256 = _keep(pack, made)
    pack.finished_at, pack.expires_at = now, now + KEPT
    pack.save(update_fields=["size", "sha256", "finished_at", "expires_at"])
    open_intent(DROP, str(pack.pk), at=now, not_before=pack.expires_at)
    _record(PackEvent.FINISHED, pack, now=now, size=pack.size, sha256=pack.sha256)


def _files(pack: EvidencePack, *, reader: str) -> Iterator[File]:
    moved = [row for kept in _parts(pack) for row in json.loads(one_of(kept, MOVED))]
    name, register = register_file(b"".join(one_of(kept, ROWS) for kept in _parts(pack)))
    about, rows = period_words(pack.span), register_read(register)
    yield "index.html", index_page(rows, cut=pack.cut, about=about, reader=reader, span=pack.span, moved=moved)
    yield manifest_file(pack.cut, numbers=pack.numbers, moved=moved, span=pack.span)
    yield name, register
    for kept in _parts(pack):
        yield from unstashed(kept, but=(ROWS, MOVED))


def _parts(pack: EvidencePack) -> Iterator[bytes]:
    return (bytes(part.content) for part in pack.parts.order_by("place").iterator(chunk_size=1))


def _keep(pack: EvidencePack, made: IO[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for place, piece in enumerate(iter(lambda: made.read(PIECE), b"")):
        EvidencePart.objects.create(pack=pack, place=place, content=piece)
        size += len(piece)
        digest.update(piece)
    return size, digest.hexdigest()


def _fail(pack: EvidencePack, problem: str, *, now: datetime) -> None:
    pack.parts.all().delete()
    pack.failed_at, pack.problem = now, problem
    pack.save(update_fields=["failed_at", "problem"])
    open_intent(DROP, str(pack.pk), at=now, not_before=now + KEPT)
    _record(PackEvent.FAILED, pack, now=now, problem=problem)


def _locked(pack_id: UUID) -> EvidencePack | None:
    """None of one that was dropped since."""
    return EvidencePack.objects.select_for_update().filter(pk=pack_id).first()


def _record(verb: PackEvent, pack: EvidencePack, *, now: datetime, actor: Actor | None = None, **more: object) -> None:
    record(
        verb,
        object_type="evidence_pack",
        object_id=str(pack.pk),
        subjects=[f"service:{pack.service}"] if pack.service else [],
        actor=actor or SYSTEM,
        at=now,
        data={"for": pack.asked_by, "from": pack.start, "to": pack.end, "changes": pack.count, **more},
    )
