"""How PostgreSQL plans what it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def planned_for_values() -> Iterator[None]:
    """Statements inside are planned for the values they carry.

    A statement that is often sent is prepared, and its plan is one for any values: right for the gate, which asks always alike, and
    a hundred times too slow for a list that is asked for something rare.
    """
    connection.ensure_connection()
    inner = connection.connection
    kept, inner.prepare_threshold = inner.prepare_threshold, None
    try:
        yield
    finally:
        inner.prepare_threshold = kept
