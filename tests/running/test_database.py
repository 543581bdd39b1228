"""A kept connection is looked at before it is used, without asking the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections
from django.db.backends.utils import CursorWrapper

from cybercube_portal.database.base import DatabaseWrapper

pytestmark = pytest.mark.django_db


@contextmanager
def opened() -> Iterator[DatabaseWrapper]:
    """One more connection, as another thread keeps one."""
    other = connections.create_connection("default")
    assert isinstance(other, DatabaseWrapper)
    other.connect()
    try:
        yield other
    finally:
        other.close()


@pytest.fixture
def kept() -> Iterator[DatabaseWrapper]:
    with opened() as other:
        yield other


def one(cursor: CursorWrapper, statement: str, *parameters: Any) -> object:
    cursor.execute(statement, parameters)
    (value,) = cursor.fetchone()
    return value


def test_connection__idle__is_usable_without_a_word_to_the_server(kept: DatabaseWrapper) -> None:
    with kept.cursor() as cursor, connection.cursor() as watcher:
        pid = one(cursor, "SELECT pg_backend_pid()")
        assert kept.is_usable()
        assert one(watcher, "SELECT query FROM pg_stat_activity WHERE pid = %s", pid) == "SELECT pg_backend_pid()"


def test_connection__ended_by_the_server__is_noticed_and_made_anew(kept: DatabaseWrapper) -> None:
    with kept.cursor() as cursor, connection.cursor() as killer:
        pid = one(cursor, "SELECT pg_backend_pid()")
        assert one(killer, "SELECT pg_terminate_backend(%s, 10000)", pid) is True

    assert not kept.is_usable()
    kept.close_if_unusable_or_obsolete()
    with kept.cursor() as cursor:
        assert one(cursor, "SELECT pg_backend_pid()") != pid


def test_connection__that_the_server_spoke_to__is_asked(kept: DatabaseWrapper) -> None:
    """Another session's NOTIFY is no reason to leave."""
    with kept.cursor() as cursor:
        cursor.execute("LISTEN tests")
    with opened() as other, other.cursor() as cursor:
        cursor.execute("NOTIFY tests")
    assert kept.is_usable()
