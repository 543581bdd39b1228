"""The one clock: PostgreSQL's (domain.md section 2). Edges read it once and pass it down as `now`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.db import connection

_fixed: datetime | None = None


def now() -> datetime:
    """The database's wall clock as an aware UTC datetime. Raises django.db.Error when it cannot be read: no clock, no answer."""
    if _fixed is not None:
        return _fixed
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    return moment.astimezone(UTC)  # type: ignore[no-any-return]


def held() -> datetime | None:
    """The moment the clock is held at; None while it runs. For statements that read the clock themselves."""
    return _fixed


@contextmanager
def fixed_at(moment: datetime) -> Iterator[datetime]:
    """Hold the clock still for the whole process (tests and the demo's history)."""
    global _fixed  # noqa: PLW0603 - one clock per process is the point
    if moment.tzinfo is None:
        raise ValueError("the clock needs an aware datetime")
    before, _fixed = _fixed, moment.astimezone(UTC)
    try:
        yield _fixed
    finally:
        _fixed = before
