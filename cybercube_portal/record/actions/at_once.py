"""Evidence packs that are made while their reader waits: of one change, and of a period with few."""

from __future__ import annotations

from datetime import datetime
from typing import IO

from changes.selectors.changes import changes_numbered
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from cybercube_portal.record.actions.cut import take_cut
from cybercube_portal.record.evidence import change_files, register_file, register_read, register_rows
from cybercube_portal.record.evidence_pages import index_page
from cybercube_portal.record.manifest import CONTENTS, Span, manifest_file, moved_on
from cybercube_portal.record.packs import CHANGE_CONTENTS, contents_of_period, pack_of, period_words
from cybercube_portal.record.permissions import READ_RECORD
from cybercube_portal.record.selectors import numbers_at_once, sequences_in
from cybercube_portal.record.stash import File


def pack_of_change(*, number: str, actor: Actor, now: datetime) -> IO[bytes]:
    """The zip, as the chain stands now. Raises NotPermitted, NotFound."""
    require(actor, READ_RECORD, now=now)
    cut, about = take_cut(now=now), f"change {number}"
    found = change_files(number, actor=actor, cut=cut)
    moved = [moved_on(number, found.later, at=now)] if found.later else []
    _, register = register_file(register_rows(changes_numbered([number])))
    index = index_page(register_read(register), cut=cut, about=about, reader=actor.name, span=None, moved=moved)
    return pack_of(
        [("index.html", index), manifest_file(cut, numbers=[number], moved=moved), *found.files],
        about=about,
        contents=CONTENTS + CHANGE_CONTENTS,
        reader=actor.name,
        sequences=found.sequences,
        now=now,
    )


def pack_of_period(*, start: datetime, end: datetime, service: str | None, actor: Actor, now: datetime) -> IO[bytes]:
    """The zip, as the chain stands now. Raises NotPermitted, NotFound for a service, Invalid for a period that is none or too full."""
    require(actor, READ_RECORD, now=now)
    numbers_at_once(start, end, service)
    cut, span = take_cut(now=now), Span(start=start, end=end, service=service or "")
    numbers = numbers_at_once(start, end, service, until=cut.sequence)
    name, register = register_file(register_rows(changes_numbered(numbers)))
    files: list[File] = [(name, register)]
    moved = []
    for number in numbers:
        found = change_files(number, actor=actor, cut=cut)
        files += [(f"changes/{number}/{path}", content) for path, content in found.files]
        if found.later:
            moved.append(moved_on(number, found.later, at=now))
    about = period_words(span)
    index = index_page(register_read(register), cut=cut, about=about, reader=actor.name, span=span, moved=moved)
    return pack_of(
        [("index.html", index), manifest_file(cut, numbers=numbers, moved=moved, span=span), *files],
        about=about,
        contents=contents_of_period(),
        reader=actor.name,
        sequences=sequences_in(start, end, until=cut.sequence),
        now=now,
    )
