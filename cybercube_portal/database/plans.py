"""How PostgreSQL plans what it is asked: for the values it is asked for, unless somebody says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# From the third time on.
OFTEN = 3


@contextmanager
def prepared() -> Iterator[None]:
    """What is sent often inside is prepared by the server, and soon planned once, for any values.

    Right for the gate, whose large statement is always asked alike. Elsewhere such a plan can be a hundred times too slow, and it stays
    as long as the connection does.
    """
    connection.ensure_connection()
    inner = connection.connection
    kept, inner.prepare_threshold = inner.prepare_threshold, OFTEN
    try:
        yield
    finally:
        inner.prepare_threshold = kept
