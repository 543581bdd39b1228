"""The database itself refuses to rewrite the record (reliability.md section 5)."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from cybercube_portal import clock
from cybercube_portal.audit.actions import record
from cybercube_portal.audit.actors import SYSTEM
from cybercube_portal.audit.models import Event

SEAL = "sequence = 1, previous_hash = repeat('a', 64), hash = repeat('b', 64), sealed_at = now()"


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def event(transactional_db: None) -> Event:
    with transaction.atomic():
        return record(
            "door.opened",
            object_type="door",
            object_id="front",
            subjects=["hall"],
            actor=SYSTEM,
            at=clock.now(),
            data={"width": 1.5},
        )


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_event SET verb = 'door.closed'",
        "UPDATE audit_event SET occurred_at = occurred_at - interval '1 hour'",
        "UPDATE audit_event SET subjects = '{}'",
        "UPDATE audit_event SET request_id = request_id",
        f"UPDATE audit_event SET {SEAL}, data = '{{\"width\": 1.50}}'",
        "UPDATE audit_event SET sequence = 1",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "TRUNCATE audit_event CASCADE",
        (
            "INSERT INTO audit_event (event_id, verb, object_type, object_id, subjects, occurred_at, actor, data, request_id,"
            " sequence, previous_hash, hash, sealed_at) SELECT gen_random_uuid(), verb, object_type, object_id, subjects,"
            " occurred_at, actor, data, request_id, 1, repeat('a', 64), repeat('b', 64), now() FROM audit_event"
        ),
    ],
)
def test_rewrite_event__any_sql__refused(event: Event, sql: str) -> None:
    written = Event.objects.values().get(pk=event.pk)
    with pytest.raises(DatabaseError):
        run(sql)
    assert list(Event.objects.values()) == [written]


def test_seal_event__already_sealed__refused(event: Event) -> None:
    run(f"UPDATE audit_event SET {SEAL}")
    for sql in (
        f"UPDATE audit_event SET {SEAL}",
        "UPDATE audit_event SET sealed_at = now()",
        "UPDATE audit_event SET verb = 'x'",
    ):
        with pytest.raises(DatabaseError, match="append-only"):
            run(sql)


@pytest.mark.parametrize(
    "sql", ["UPDATE audit_checkpoint SET size = 0", "DELETE FROM audit_checkpoint", "TRUNCATE audit_checkpoint"]
)
def test_rewrite_checkpoint__any_sql__refused(transactional_db: None, sql: str) -> None:
    run(
        "INSERT INTO audit_checkpoint (size, head_hash, at, key_id, signature) VALUES (1, repeat('a', 64), now(), 'k', 's')"
    )
    with pytest.raises(DatabaseError):
        run(sql)
