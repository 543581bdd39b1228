"""Every table of the dashboards as a CSV file, of the same period and services."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpResponseBase
from django.views.decorators.http import require_safe

from cybercube_portal.errors import NotFound
from cybercube_portal.pages.dashboards.frame import Frame, frame_of
from cybercube_portal.web import PageRequest
from cybercube_portal.web.csv_files import csv_answer


@dataclass(frozen=True, slots=True)
class File:
    """Names of the columns, and the rows."""

    heads: Iterable[str]
    rows: Iterable[Iterable[object]]


Write = Callable[[Frame], File]
TABLES: dict[str, Write] = {}


def table(name: str) -> Callable[[Write], Write]:
    """Offer what the function writes as `/dashboards/<name>.csv`."""

    def offered(write: Write) -> Write:
        TABLES[name] = write
        return write

    return offered


@require_safe
def dashboard_csv(request: PageRequest, table: str) -> HttpResponseBase:
    """One table as a file. Raises NotFound."""
    if table not in TABLES:
        raise NotFound("There is no such table.", code="dashboard.table_unknown")
    frame = frame_of(request)
    file = TABLES[table](frame)
    name = f"{table}-{frame.period.start:%Y-%m-%d}-{frame.period.end:%Y-%m-%d}.csv"
    return csv_answer(name, file.heads, file.rows)
