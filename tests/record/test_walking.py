"""The portal walks its own audit chain: who tampers with a row by SQL is found and told of, whether anybody looks or not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection

from cybercube_portal.audit.actions.sealing import seal_all
from cybercube_portal.audit.models import Event
from cybercube_portal.notices.models import Notice
from cybercube_portal.record.actions import walking
from cybercube_portal.record.actions.walking import walk_on
from tests.record.conftest import Happen, Session

MINUTE = timedelta(minutes=1)


def tamper(statement: str) -> None:
    """As somebody with the database's own password."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def told() -> list[tuple[str, str]]:
    """Whom, and the news."""
    rows = Notice.objects.filter(kind="chain_broken", person__isnull=False).order_by("person__username")
    return [(row.person.username, row.message["subject"]) for row in rows if row.person]


def test_walk__of_a_chain_that_holds__goes_on_in_parts_and_begins_again(
    history: list[Event], happen: Happen, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "AT_ONCE", 5)
    size = len(history)
    seen = [walk_on(now=now + number * MINUTE) for number in range(3)]
    assert [watch.position for watch in seen] == [5, 10, 0]
    assert [watch.whole_at for watch in seen] == [None, None, now + 2 * MINUTE]
    assert seen[-1].known_sequence == size
    assert walk_on(now=now).position == 5
    assert told() == []


def test_walk__of_a_chain_that_grows_all_the_time__looks_at_old_rows_again(
    history: list[Event], happen: Happen, now: datetime
) -> None:
    walk_on(now=now)
    tamper("UPDATE audit_event SET verb = 'change.approved' WHERE sequence = 2")
    happen("freeze.created", object_id="F-1")
    seal_all(now=lambda: now)
    assert walk_on(now=now).broken_sequence == 2


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE audit_event SET verb = 'change.approved' WHERE sequence = 6", 6),
        ("DELETE FROM audit_event WHERE sequence = 3", 3),
        ("UPDATE audit_event SET occurred_at = occurred_at - interval '1 day' WHERE sequence = 1", 1),
    ],
)
def test_walk__over_a_row_that_was_tampered_with__tells_auditors_and_admins_once(
    browser_session: Session, history: list[Event], now: datetime, statement: str, number: int
) -> None:
    tamper(statement)
    watch = walk_on(now=now)
    assert watch.broken_sequence == number
    for later in (1, 2):
        walk_on(now=now + later * MINUTE)
    subject = f"The audit trail was tampered with at event {number}"
    assert told() == [("admin", subject), ("kim", subject)]
    (event,) = Event.objects.filter(verb="audit_chain.break_found")
    assert event.data["sequence"] == number
    page = " ".join(browser_session("kim").get("/audit/chain/").content.decode().split())
    assert f"Event {number} does not fit:" in page


def test_walk__end_taken_away_before_a_checkpoint_knew_of_it__is_found_all_the_same(
    history: list[Event], happen: Happen, now: datetime
) -> None:
    happen("freeze.created", object_id="F-1")
    seal_all(now=lambda: now)
    size = len(history) + 1
    assert walk_on(now=now).known_sequence == size
    tamper(f"DELETE FROM audit_event WHERE sequence = {size}")
    assert walk_on(now=now).broken_sequence == size
    assert walk_on(now=now).finding == walking.GONE


def test_walk__after_the_row_was_put_back__says_that_it_holds(history: list[Event], now: datetime) -> None:
    verb = history[5].verb
    tamper("UPDATE audit_event SET verb = 'change.approved' WHERE sequence = 6")
    assert walk_on(now=now).broken_at == now
    tamper(f"UPDATE audit_event SET verb = '{verb}' WHERE sequence = 6")
    watch = walk_on(now=now + MINUTE)
    assert (watch.broken_sequence, watch.finding, watch.broken_at) == (None, "", None)
    assert watch.whole_at == now + MINUTE
