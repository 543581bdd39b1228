"""A range of days: freezes as bands, changes as bars, each on the days it touches. Local days of the person's zone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from changes.models import ChangeRequest
from changes.policy.conflicts import Conflict
from changes.policy.spans import Span
from changes.selectors.calendar import CalendarRange, Happening
from cybercube_portal.web.badges import badge_of

ONE = timedelta(days=1)
# A cell says how many more there are; the agenda names them. Saying that takes the place of one.
MOST_A_DAY = 4
MOST_BANDS = 3
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """A change on a day. `conflicts` are those with others that work at the same time; `goes_on` when it began before."""

    change: ChangeRequest
    conflicts: tuple[Conflict, ...]
    goes_on: bool

    @property
    def clashes(self) -> bool:
        """Whether another one gets in its way."""
        return bool(self.conflicts)

    @property
    def against(self) -> tuple[str, ...]:
        """The numbers of those it clashes with, each once."""
        return tuple(dict.fromkeys(conflict.number for conflict in self.conflicts))

    @property
    def icon(self) -> str:
        """That of its state: colour alone says nothing."""
        return badge_of("change_state", self.change.state).icon

    @property
    def unsaid(self) -> str:
        """The service where the title does not name it, and how many besides."""
        first, *others = self.change.services or [""]
        return "" if first in self.change.title else first + (f" +{len(others)}" if others else "")


@dataclass(slots=True)
class Day:
    """One day. `is_past` when it is over, `in_month` when it belongs to the month that is shown; `new_url` "" when it is over."""

    date: date
    in_month: bool
    is_today: bool
    is_past: bool
    frozen: list[Happening] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    agenda_url: str = ""
    week_url: str = ""
    new_url: str = ""

    @property
    def shown(self) -> list[Bar]:
        """As many as a cell holds."""
        return self.bars if len(self.bars) <= MOST_A_DAY else self.bars[: MOST_A_DAY - 1]

    @property
    def more(self) -> int:
        """How many it does not."""
        return len(self.bars) - len(self.shown)

    @property
    def is_weekend(self) -> bool:
        """A day on which most people rest."""
        return self.date.weekday() >= SATURDAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A freeze across the days of a week: from column `first` (0 is Monday), `days` long; `begins` and `ends` inside it."""

    happening: Happening
    first: int
    days: int
    begins: bool
    ends: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A piece of a lane: a band over some days, or the one `day` that stays empty."""

    band: Band | None = None
    day: Day | None = None
    days: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Seven days, the lanes of freezes above them, and how many freezes found no lane."""

    days: tuple[Day, ...]
    lanes: tuple[tuple[Cell, ...], ...]
    more: int

    @property
    def monday(self) -> date:
        """Its first day."""
        return self.days[0].date


def midnight(day: date) -> datetime:
    """The beginning of a local day."""
    return timezone.make_aware(datetime.combine(day, time.min))


def work_of(change: ChangeRequest) -> Span:
    """The planned time, without the hour of grace."""
    return Span(change.scheduled_time, change.scheduled_time + change.estimated_duration)


def days_of(found: CalendarRange, dates: Iterable[date], *, today: date, month: int | None = None) -> list[Day]:
    """Each date with what happens on it."""
    conflicts = conflicts_by_number(found)
    days = []
    for day in dates:
        span = Span(midnight(day), midnight(day + ONE))
        days.append(
            Day(
                day,
                in_month=month is None or day.month == month,
                is_today=day == today,
                is_past=day < today,
                frozen=[one for one in found.freezes if one.span.overlaps(span)],
                bars=[
                    Bar(change, conflicts.get(change.number, ()), goes_on=change.scheduled_time < span.start)
                    for change in found.changes
                    if work_of(change).overlaps(span)
                ],
            )
        )
    return days


def conflicts_by_number(found: CalendarRange) -> dict[str, tuple[Conflict, ...]]:
    """Each change with its clashes, seen from its own side."""
    by_number: dict[str, tuple[Conflict, ...]] = {}
    for clash in found.conflicts:
        conflict = clash.conflict
        mirrored = Conflict(
            number=clash.number,
            service=conflict.other_service,
            other_service=conflict.service,
            environment=conflict.environment,
            span=conflict.span,
            kind=conflict.kind,
        )
        by_number[clash.number] = (*by_number.get(clash.number, ()), conflict)
        by_number[conflict.number] = (*by_number.get(conflict.number, ()), mirrored)
    return by_number


def week_of(days: Sequence[Day], freezes: Iterable[Happening]) -> Week:
    """Seven days with their freezes as bands, the longest in the first lane."""
    start, end = midnight(days[0].date), midnight(days[-1].date + ONE)
    edges = [midnight(day.date) for day in days] + [end]
    bands = []
    for one in freezes:
        if one.span.start < end and start < one.span.end:
            touched = [n for n in range(7) if one.span.start < edges[n + 1] and edges[n] < one.span.end]
            bands.append(
                Band(
                    happening=one,
                    first=touched[0],
                    days=len(touched),
                    begins=one.span.start >= start,
                    ends=one.span.end <= end,
                )
            )
    lanes: list[list[Band]] = []
    more = 0
    for band in sorted(bands, key=lambda band: (band.first, -band.days, band.happening.span.start)):
        free = next((lane for lane in lanes if lane[-1].first + lane[-1].days <= band.first), None)
        if free is not None:
            free.append(band)
        elif len(lanes) < MOST_BANDS:
            lanes.append([band])
        else:
            more += 1
    return Week(days=tuple(days), lanes=tuple(_cells(lane, days) for lane in lanes), more=more)


def _cells(lane: Iterable[Band], days: Sequence[Day]) -> tuple[Cell, ...]:
    """A lane as cells that fill the week."""
    cells: list[Cell] = []
    column = 0
    for band in lane:
        cells += [Cell(day=day) for day in days[column : band.first]]
        cells.append(Cell(band=band, days=band.days))
        column = band.first + band.days
    return (*cells, *(Cell(day=day) for day in days[column:]))
