"""A week with hours as rows: slots as blocks at their time, freezes and windows as shades behind them.

Places are counted in quarters of an hour of the clock on the wall and become classes: a page carries no styles of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from changes.models import ChangeRequest
from changes.policy.conflicts import Conflict
from changes.policy.spans import Span
from changes.selectors.calendar import CalendarRange, Happening
from changes.views.calendar_days import ONE, Day, conflicts_by_number, midnight, work_of
from cybercube_portal.web.badges import badge_of

QUARTERS = 4
QUARTER = timedelta(minutes=15)
DAY_QUARTERS = 24 * QUARTERS
# Shown in any case; what lies outside widens it.
MORNING, EVENING = 7, 19
# Half an hour is the least that can be read and hit.
LEAST = 2
MOST_LANES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A change in a column: from row `at`, `rows` long, in lane `lane` of `lanes`. `goes_on` and `goes_further`: over midnight."""

    change: ChangeRequest
    at: int
    rows: int
    lane: int
    lanes: int
    conflicts: tuple[Conflict, ...]
    goes_on: bool
    goes_further: bool

    @property
    def icon(self) -> str:
        """That of its state: colour alone says nothing."""
        return badge_of("change_state", self.change.state).icon


@dataclass(frozen=True, slots=True, kw_only=True)
class Shade:
    """What lies behind the blocks: `kind` is `freeze` or `window`, `titles` what it is of."""

    kind: str
    at: int
    rows: int
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One hour of a column that is still ahead, and where a new change at that time is filed."""

    at: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One day; `more` are changes that found no lane, by the row where they begin."""

    day: Day
    blocks: tuple[Block, ...]
    shades: tuple[Shade, ...]
    hours: tuple[Hour, ...]
    more: tuple[tuple[int, int], ...]
    now_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The week. `hours` are (row, words) from the first to the last that is shown, `rows` how many quarters that is."""

    columns: tuple[Column, ...]
    hours: tuple[tuple[int, str], ...]
    rows: int


@dataclass(frozen=True, slots=True)
class _Placed:
    """A span of one day in quarters of its wall clock."""

    start: int
    end: int


def grid_of(found: CalendarRange, days: Sequence[Day], *, now: datetime, new_url: Callable[[str], str]) -> Grid:
    """The days of a week as columns over the hours that are used; `new_url` leads to a new change at a wall time."""
    work = {
        day.date: [(change, placed) for change in found.changes if (placed := _placed(work_of(change), day.date))]
        for day in days
    }
    spans = [placed for rows in work.values() for _change, placed in rows]
    first = min([MORNING, *(placed.start // QUARTERS for placed in spans)])
    last = max([EVENING, *(-(-placed.end // QUARTERS) for placed in spans)])
    conflicts = conflicts_by_number(found)
    columns = [
        _column(found, day, work[day.date], conflicts, hours=(first, last), now=now, new_url=new_url) for day in days
    ]
    return Grid(
        columns=tuple(columns),
        hours=tuple(((hour - first) * QUARTERS, f"{hour:02}:00") for hour in range(first, last)),
        rows=(last - first) * QUARTERS,
    )


def _column(
    found: CalendarRange,
    day: Day,
    work: Sequence[tuple[ChangeRequest, _Placed]],
    conflicts: dict[str, tuple[Conflict, ...]],
    *,
    hours: tuple[int, int],
    now: datetime,
    new_url: Callable[[str], str],
) -> Column:
    first, last = (hour * QUARTERS for hour in hours)
    blocks, more = _blocks(work, day.date, conflicts, first=first, last=last)
    here = timezone.localtime(now)
    now_at = here.hour * QUARTERS + here.minute // 15 - first if day.is_today else None
    return Column(
        day=day,
        blocks=tuple(blocks),
        shades=(
            *_shades("freeze", found.freezes, day.date, first=first, last=last),
            *_shades("window", found.windows, day.date, first=first, last=last),
        ),
        hours=tuple(
            Hour(at=hour * QUARTERS - first, url=new_url(f"{day.date:%Y-%m-%d}T{hour:02}:00"))
            for hour in range(*hours)
            if midnight(day.date) + timedelta(hours=hour) > now
        ),
        more=tuple(more),
        now_at=now_at if now_at is not None and 0 <= now_at < last - first else None,
    )


def _placed(span: Span, day: date) -> _Placed | None:
    """Where it lies on that day; None where it does not."""
    begins, ends = midnight(day), midnight(day + ONE)
    if not span.overlaps(Span(begins, ends)):
        return None
    start = 0 if span.start <= begins else _quarter(span.start)
    end = DAY_QUARTERS if span.end >= ends else _quarter(span.end + QUARTER - timedelta(microseconds=1))
    return _Placed(start, min(max(end, start + LEAST), DAY_QUARTERS))


def _quarter(moment: datetime) -> int:
    """Of the clock on the wall, which on some days skips an hour or shows one twice."""
    local = timezone.localtime(moment)
    return local.hour * QUARTERS + local.minute // 15


def _blocks(
    work: Sequence[tuple[ChangeRequest, _Placed]],
    day: date,
    conflicts: dict[str, tuple[Conflict, ...]],
    *,
    first: int,
    last: int,
) -> tuple[list[Block], list[tuple[int, int]]]:
    """Blocks beside each other where they meet; what finds no lane is counted where the first of it begins."""
    blocks: list[Block] = []
    more: list[tuple[int, int]] = []
    begins, ends = midnight(day), midnight(day + ONE)
    for group in _groups(sorted(work, key=lambda pair: (pair[1].start, -pair[1].end))):
        lanes = _lanes(group)
        width = min(len(lanes), MOST_LANES)
        room = width if len(lanes) <= MOST_LANES else MOST_LANES - 1
        for number, lane in enumerate(lanes[:room]):
            for change, placed in lane:
                span = work_of(change)
                blocks.append(
                    Block(
                        change=change,
                        at=placed.start - first,
                        rows=min(placed.end, last) - placed.start,
                        lane=number,
                        lanes=width,
                        conflicts=conflicts.get(change.number, ()),
                        goes_on=span.start < begins,
                        goes_further=span.end > ends,
                    )
                )
        left = [placed for lane in lanes[room:] for _change, placed in lane]
        if left:
            more.append((min(placed.start for placed in left) - first, len(left)))
    return sorted(blocks, key=lambda block: (block.at, block.lane)), more


def _groups(
    work: Iterable[tuple[ChangeRequest, _Placed]],
) -> list[list[tuple[ChangeRequest, _Placed]]]:
    """Rows that meet, directly or by others between them."""
    groups: list[list[tuple[ChangeRequest, _Placed]]] = []
    end = -1
    for change, placed in work:
        if not groups or placed.start >= end:
            groups.append([])
            end = placed.end
        groups[-1].append((change, placed))
        end = max(end, placed.end)
    return groups


def _lanes(
    group: Iterable[tuple[ChangeRequest, _Placed]],
) -> list[list[tuple[ChangeRequest, _Placed]]]:
    """As few lanes as keep them apart."""
    lanes: list[list[tuple[ChangeRequest, _Placed]]] = []
    for change, placed in group:
        free = next((lane for lane in lanes if lane[-1][1].end <= placed.start), None)
        if free is None:
            lanes.append([(change, placed)])
        else:
            free.append((change, placed))
    return lanes


def _shades(kind: str, rows: Iterable[Happening], day: date, *, first: int, last: int) -> list[Shade]:
    """One shade for as long as any of them goes on."""
    placed = [(where, one.row.title) for one in rows if (where := _placed(one.span, day))]
    shades: list[Shade] = []
    for where, title in sorted(placed, key=lambda pair: (pair[0].start, pair[0].end)):
        start, end = max(where.start, first) - first, min(where.end, last) - first
        if end <= start:
            continue
        before = shades[-1] if shades else None
        if before is not None and start <= before.at + before.rows:
            titles = before.titles if title in before.titles else (*before.titles, title)
            rows_ = max(before.rows, end - before.at)
            shades[-1] = Shade(kind=kind, at=before.at, rows=rows_, titles=titles)
        else:
            shades.append(Shade(kind=kind, at=start, rows=end - start, titles=(title,)))
    return shades
