"""How PostgreSQL plans what it is asked: for the values it is asked for, unless somebody says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg import _queries

# From the third time on.
OFTEN = 3
# psycopg reads a longer statement anew for the places of its values each time it is sent; the gate's has 15,000 characters.
_queries.MAX_CACHED_STATEMENT_LENGTH = 20_000


@contextmanager
def prepared() -> Iterator[CursorWrapper]:
    """A cursor; what is sent often by such a one is prepared by the server, and soon planned once, for any values.

    Right for the gate, whose large statement is always asked alike. Elsewhere such a plan can be a hundred times too slow, and it stays
    as long as the connection does.
    """
    with connection.cursor() as cursor:
        inner = cursor.connection
        kept, inner.prepare_threshold = inner.prepare_threshold, OFTEN
        try:
            yield cursor
        finally:
            inner.prepare_threshold = kept
