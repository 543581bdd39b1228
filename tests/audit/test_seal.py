"""One chain, whoever writes and however many seal (reliability.md sections 2 and 5)."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from threading import Event as Signal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from cybercube_portal import clock
from cybercube_portal.audit import keys
from cybercube_portal.audit.actions import record
from cybercube_portal.audit.actions.sealing import seal_all, seal_events, write_checkpoint
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.chain import GENESIS
from cybercube_portal.audit.models import Checkpoint, Event
from cybercube_portal.audit.selectors.events import chain_end, verify_chain
from cybercube_portal.audit.selectors.work import events_unsealed
from tests.audit.conftest import Happen

WRITERS = 8
EACH = 25


def in_thread(work: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    return run


@pytest.mark.django_db(transaction=True)
def test_seal__eight_writers_and_two_sealers__no_fork_and_all_sealed_within_five_seconds() -> None:
    start, written = Barrier(WRITERS + 2), Signal()

    def write() -> None:
        start.wait()
        for number in range(EACH):
            with transaction.atomic():
                record(
                    "door.opened", object_type="door", object_id=str(number), subjects=[], actor=SYSTEM, at=clock.now()
                )

    def seal() -> None:
        start.wait()
        while not written.is_set():
            seal_all(now=clock.now)

    with ThreadPoolExecutor(WRITERS + 2) as pool:
        sealers = [pool.submit(in_thread(seal)) for _ in range(2)]
        for writer in [pool.submit(in_thread(write)) for _ in range(WRITERS)]:
            writer.result()
        last_written = time.monotonic()
        while events_unsealed() and time.monotonic() < last_written + 5:
            pass
        unsealed_after_five_seconds = events_unsealed()
        written.set()
        for sealer in sealers:
            sealer.result()

    assert unsealed_after_five_seconds == 0
    links = list(Event.objects.order_by("sequence").values_list("sequence", "previous_hash", "hash"))
    assert [sequence for sequence, _previous, _own in links] == list(range(1, WRITERS * EACH + 1))
    assert [previous for _sequence, previous, _own in links] == [
        GENESIS,
        *(own for _sequence, _previous, own in links[:-1]),
    ]
    verdict = verify_chain()
    assert (verdict.holds, verdict.size) == (True, WRITERS * EACH)


def test_seal__more_than_a_portion__linked_in_the_order_written(happen: Happen) -> None:
    written = [happen(object_id=str(number)).pk for number in range(7)]
    assert seal_events(now=clock.now(), batch=5) == 5
    assert seal_events(now=clock.now(), batch=5) == 2
    assert seal_events(now=clock.now(), batch=5) == 0
    assert list(Event.objects.order_by("sequence").values_list("pk", flat=True)) == written


def test_checkpoint__after_sealing__signs_size_and_head(sealed: list[Event]) -> None:
    checkpoint = write_checkpoint(now=clock.now())
    assert (checkpoint.size, checkpoint.head_hash) == chain_end() == (20, sealed[-1].hash)
    assert keys.verify_jws(checkpoint.signature, typ="audit-checkpoint+jws") == checkpoint.claims()


def behind_the_triggers(sql: str) -> None:
    """What only the owner of the tables can do."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@pytest.mark.parametrize(
    ("sql", "sequence"),
    [
        ("UPDATE audit_event SET data = data || '{\"number\": 99}' WHERE sequence = 7", 7),
        ("UPDATE audit_event SET recorded_at = recorded_at - interval '1 microsecond' WHERE sequence = 9", 9),
        ("UPDATE audit_event SET subjects = subjects || 'garden'::text WHERE sequence = 1", 1),
        ("UPDATE audit_event SET sealed_at = now() + interval '1 day' WHERE sequence = 20", 20),
        ("UPDATE audit_event SET previous_hash = repeat('0', 64) WHERE sequence = 11", 11),
        ("UPDATE audit_event SET hash = repeat('0', 64) WHERE sequence = 11", 11),
        ("DELETE FROM audit_event WHERE sequence = 12", 12),
        ("DELETE FROM audit_event WHERE sequence > 15", 16),
        ("DELETE FROM audit_event", 1),
        ("UPDATE audit_checkpoint SET size = 19", 19),
        ("UPDATE audit_checkpoint SET signature = 'e30.e30.e30'", 20),
    ],
)
def test_verify__rewritten_behind_the_triggers__first_bad_row_named(
    sealed: list[Event], sql: str, sequence: int
) -> None:
    write_checkpoint(now=clock.now())
    assert verify_chain().holds
    behind_the_triggers(sql)
    broken = verify_chain().broken
    assert broken is not None
    assert broken.sequence == sequence
    with pytest.raises(CommandError, match=f"sequence {sequence}:"):
        call_command("audit_verify")


def test_verify__chain_written_anew_from_a_row_on__checkpoint_finds_it(sealed: list[Event]) -> None:
    write_checkpoint(now=clock.now())
    behind_the_triggers(
        "UPDATE audit_event SET sequence = NULL, previous_hash = NULL, hash = NULL, sealed_at = NULL,"
        " verb = 'door.closed' WHERE sequence >= 5"
    )
    seal_all(now=clock.now)
    broken = verify_chain().broken
    assert broken is not None
    assert (broken.sequence, "rewritten" in broken.finding) == (20, True)


def test_verify__untouched__command_says_that_it_holds(sealed: list[Event], capsys: pytest.CaptureFixture[str]) -> None:
    write_checkpoint(now=clock.now())
    write_checkpoint(now=clock.now() + timedelta(hours=1))
    assert Checkpoint.objects.count() == 2
    call_command("audit_verify")
    assert capsys.readouterr().out.startswith("The chain holds: 20 events, 2 checkpoints, head ")
