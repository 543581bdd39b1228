"""A list as a CSV file (RFC 4180): the rows that are shown, streamed, and no cell that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from django.http import StreamingHttpResponse

# What spreadsheets read as the beginning of a formula; the full-width forms are taken for the same signs.
FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - they are the point


def csv_answer(name: str, heads: Iterable[str], rows: Iterable[Iterable[object]]) -> StreamingHttpResponse:
    """The file `name`, sent while its rows are read."""
    answer = StreamingHttpResponse(_lines(heads, rows), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


class _Echo:
    """A file whose `write` hands its text back: csv writes one line at a time through it."""

    def write(self, text: str) -> str:
        return text


def _lines(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow([cell_of(head) for head in heads])
    for row in rows:
        yield writer.writerow([cell_of(value) for value in row])


def cell_of(value: object) -> str | int | float:
    """A value as a cell: moments in UTC, several values in one cell, nothing as nothing, text that begins a formula quoted."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    text = " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
