"""What upper apps add to a change's page: panels below its merge box, and lines of its one timeline.

An upper app registers when it is loaded; changes knows nothing of it (house.md section 2). Whatever they read is read in one
statement with the record (`hear`), so a page costs the same however many speak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db.models import Func, IntegerField, QuerySet, Subquery
from django.utils.safestring import SafeString

from changes.models import ChangeRequest
from cybercube_portal.audit.selectors.events import timeline
from cybercube_portal.database.together import together
from cybercube_portal.web import Entry, Look, PageRequest

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event

# The newest ones; all of them are in the audit trail.
MOST_EVENTS = 200

Rows = list[Any]
# What somebody reads of a change: lists as `database.together` takes them, handed on to its callable in this order.
Asks = Callable[[ChangeRequest], tuple[QuerySet[Any], ...]]
# Answers the panel's HTML, or an empty text when it has nothing to say of this change; the rows of its Asks come last.
Panel = Callable[..., SafeString]
# Lines of the timeline that no event of the record tells, from the rows of its Asks.
Lines = Callable[..., Iterable[Entry]]
# All rows such lines are made of, by a change's number: as many as there were last time means nothing new.
Counted = Callable[[str], QuerySet[Any]]

PANELS: dict[Panel, Asks | None] = {}
LINES: dict[Lines, tuple[Asks, Counted]] = {}
# How the verbs of the record read, what was said with them, and where the things they happened to have their page, by object type.
LOOKS: dict[str, Look] = {}
SAID: dict[str, Callable[[Event], str]] = {}
PAGES: dict[str, Callable[[str], str]] = {}


def register_panel(panel: Panel, *, asks: Asks | None = None) -> Panel:
    """Show `panel(change, request, *rows)` on every change's page, after those registered before. Usable as a decorator."""
    PANELS.setdefault(panel, asks)
    return panel


def register_lines(lines: Lines, *, asks: Asks, counted: Counted) -> None:
    """Add `lines(*rows)` to every change's timeline."""
    LINES.setdefault(lines, (asks, counted))


def register_looks(
    looks: Mapping[str, Look], *, said: Callable[[Event], str], pages: Mapping[str, Callable[[str], str]]
) -> None:
    """Say how verbs of the record read on a change's timeline; a link to the thing they happened to follows the words."""
    LOOKS.update(looks)
    SAID.update(dict.fromkeys(looks, said))
    PAGES.update(pages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """`events` newest first, `mark` as of `mark_of`; the rest is what registered callables asked."""

    events: list[Event]
    mark: str
    panels: dict[Panel, tuple[Rows, ...]] = field(default_factory=dict)
    lines: dict[Lines, tuple[Rows, ...]] = field(default_factory=dict)


def hear(change: ChangeRequest) -> Heard:
    """Everything that the record and upper apps have to say of a change. One query."""
    panels = {panel: asks(change) if asks else () for panel, asks in PANELS.items()}
    lines = {line: asks(change) for line, (asks, _) in LINES.items()}
    asked = [rows for lists in (*panels.values(), *lines.values()) for rows in lists]
    events, [marks], *found = together(timeline(change.number)[:MOST_EVENTS], _marks(change.number), *asked)
    rest = iter(found)
    return Heard(
        events=events,
        mark=_mark(marks),
        panels={panel: tuple(islice(rest, len(lists))) for panel, lists in panels.items()},
        lines={line: tuple(islice(rest, len(lists))) for line, lists in lines.items()},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One panel as it is drawn. `moves`: it tells what may be different in a minute."""

    name: str
    html: SafeString
    moves: bool


def panels_of(change: ChangeRequest, request: PageRequest, heard: Heard) -> list[Shown]:
    """What every registered panel says of this change; those that may say something later keep a place."""
    shown = [
        Shown(name=panel.__name__, html=panel(change, request, *rows), moves=PANELS[panel] is not None)
        for panel, rows in heard.panels.items()
    ]
    return [one for one in shown if one.html or one.moves]


def mark_of(number: str) -> str:
    """How much the page has to tell: another text as soon as something happened to the change. One query.

    Nothing of it is ever deleted, so counting is enough. Empty for a change that is not there.
    """
    found = _marks(number).first()
    return _mark(found) if found else ""


def _marks(number: str) -> QuerySet[ChangeRequest]:
    told = [timeline(number), *(counted(number) for _, counted in LINES.values())]
    counts = {f"told_{place}": Subquery(_count(rows)) for place, rows in enumerate(told)}
    return ChangeRequest.objects.filter(number=number).only("pk", "version").annotate(**counts)


def _mark(row: ChangeRequest) -> str:
    return "-".join(str(getattr(row, f"told_{place}")) for place in range(len(LINES) + 1)) + f"-{row.version}"


def _count(rows: QuerySet[Any]) -> QuerySet[Any, Any]:
    count = Func("pk", function="COUNT", output_field=IntegerField())
    counted: QuerySet[Any, Any] = rows.order_by().annotate(counted=count).values("counted")
    return counted
