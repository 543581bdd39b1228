"""One event beside the state it speaks of, in the same transaction (reliability.md section 5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from cybercube_portal.audit.actions import record
from cybercube_portal.audit.actors import SYSTEM, SystemActor
from cybercube_portal.audit.apps import reactions_are_handled
from cybercube_portal.audit.models import Event, Intent
from cybercube_portal.audit.registry import register_intent, register_reactions
from cybercube_portal.audit.requests import request_id_bound
from cybercube_portal.audit.selectors.events import timeline
from cybercube_portal.errors import Invalid
from tests.audit.conftest import Happen

AT = datetime(2026, 1, 17, 14, 5, tzinfo=UTC)


def door(**facts: Any) -> Event:
    given = {"object_type": "door", "object_id": "front", "subjects": ["hall"], "actor": SYSTEM, "at": AT, **facts}
    return record("door.opened", **given)


@pytest.mark.django_db
def test_record__inside_a_transaction__one_insert_with_every_fact() -> None:
    actor = SystemActor("sealer", on_behalf_of="alice")
    with CaptureQueriesContext(connection) as queries, request_id_bound("request-0001"):
        event = door(
            actor=actor,
            subjects=["hall", "front", "hall"],
            before={"open": False},
            after={"open": True},
            data={"by": {"b", "a"}},
        )
    assert len(queries) == 1
    event.refresh_from_db()
    assert event.subjects == ["front", "hall"]
    assert (event.before, event.after, event.data) == ({"open": False}, {"open": True}, {"by": ["a", "b"]})
    assert event.actor == {"kind": "system", "id": "sealer", "key": None, "on_behalf_of": "alice"}
    assert (event.occurred_at, event.request_id, event.sequence) == (AT, "request-0001", None)
    assert abs(event.recorded_at - datetime.now(tz=UTC)) < timedelta(minutes=1)


@pytest.mark.django_db
def test_record__actor_that_does_not_name_itself_whole__refused() -> None:
    class Nameless:
        def audit_identity(self) -> dict[str, Any]:
            return {"id": "alice"}

    with pytest.raises(ValueError, match="names itself"):
        door(actor=Nameless())


@pytest.mark.django_db(transaction=True)
def test_record__outside_a_transaction__refused() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        door()
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_record__action_rolled_back__event_and_its_intents_go_with_it(own_registry: None) -> None:
    register_reactions({"door.opened": ("ring_the_bell",)})

    def open_and_fail() -> None:
        with transaction.atomic():
            door()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        open_and_fail()
    assert not Event.objects.exists()
    assert not Intent.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fact",
    [{"data": {"n": 2**60}}, {"after": {"text": "a\0b"}}, {"object_id": "\ud800"}, {"before": {"x": float("nan")}}],
)
def test_record__value_nobody_could_check__invalid_and_nothing_written(fact: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="cannot be recorded"):
        door(**fact)
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_record__verb_with_reactions__opens_one_intent_each(own_registry: None) -> None:
    register_reactions({"door.opened": ("ring_the_bell", "count_guests")})
    register_reactions({"door.opened": ("ring_the_bell",), "door.closed": ("never",)})
    event = door()
    opened = Intent.objects.order_by("kind").values_list("kind", "subject", "payload", "state")
    payload = {"event": str(event.event_id), "verb": "door.opened", "object_type": "door", "object_id": "front"}
    assert list(opened) == [
        ("count_guests", "front", payload, "waiting"),
        ("ring_the_bell", "front", payload, "waiting"),
    ]


def test_check__reaction_nobody_handles__named_before_the_portal_starts(own_registry: None) -> None:
    register_reactions({"door.opened": ("ring_the_bell",)})
    (error,) = reactions_are_handled()
    assert (error.id, "ring_the_bell" in error.msg) == ("audit.E001", True)
    register_intent("ring_the_bell", lambda _task, _now: None)
    assert reactions_are_handled() == []


def test_register__kind_of_somebody_else__refused(own_registry: None) -> None:
    register_intent("ring_the_bell", lambda _task, _now: None)
    with pytest.raises(ValueError, match="two handlers"):
        register_intent("ring_the_bell", lambda _task, _now: None)


def test_timeline__subject_of_many_events__newest_first_by_one_query(happen: Happen) -> None:
    first = happen(object_id="front", at=AT)
    happen(object_id="back", at=AT - timedelta(hours=1))
    last = happen(object_id="front", at=AT + timedelta(hours=1))
    with CaptureQueriesContext(connection) as queries:
        assert list(timeline("front")) == [last, first]
        assert timeline("hall").count() == 3
    assert len(queries) == 2
    assert not timeline("nowhere").exists()
