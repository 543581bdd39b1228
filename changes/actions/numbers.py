"""CR numbers (R9) and the references of freezes and windows."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection


def take_number(*, now: datetime) -> str:
    """The next `CR-YYYY-MMDD-NNN` of the UTC day; past 999 it widens.

    The counter's row stays locked until the caller's transaction ends: a refused change leaves no gap, two never share.
    """
    day = now.astimezone(UTC).date()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO changes_changecounter (day, last) VALUES (%s, 1) "
            "ON CONFLICT (day) DO UPDATE SET last = changes_changecounter.last + 1 RETURNING last",
            [day],
        )
        (last,) = cursor.fetchone()
    return f"CR-{day:%Y-%m%d}-{last:03d}"


def take_reference(prefix: str, *, table: str) -> tuple[int, str]:
    """The next primary key of `table` and the `<prefix>-NNN` that goes with it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
        (number,) = cursor.fetchone()
    return number, f"{prefix}-{number:03d}"
