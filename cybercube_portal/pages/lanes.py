"""Which version stood in which environment since when, as numbers for inline SVG: a lane for each place. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LANE, GAP = 20, 6
WIDTH, LEFT = 360, 30
LEAST = 1.5
# What a letter of a label needs, at the size that a phone shows it in.
LETTER = 7.0


class Stage(StrEnum):
    """How far a version came: production runs it, it came after that one, or it came before."""

    PRODUCTION = "production"
    AHEAD = "ahead"
    PAST = "past"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """`version` stood in `environment` from `start` until `end`, which is None while it does. `is_cut`: it began before what is shown."""

    environment: str
    version: str
    start: datetime
    end: datetime | None
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A stay in the coordinates of the chart; `label` is "" where it would not fit."""

    x: float
    y: float
    width: float
    height: float
    label: str
    stage: Stage
    stay: Stay


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """`names` are the places with the height their word stands at; `stays` the same as a table, the newest first."""

    boxes: tuple[Box, ...]
    names: tuple[tuple[str, float], ...]
    stays: tuple[Stay, ...]
    start: datetime
    end: datetime
    width: int
    height: int
    left: int = LEFT


def lanes(
    rows: Iterable[tuple[str, str, datetime]], *, places: Sequence[str], now: datetime, span: timedelta, production: str
) -> Lanes:
    """`rows`: (environment, version, since when), the oldest first. `production`: the place whose version is marked."""
    start = now - span
    stays = [stay for place in places for stay in _stays((row for row in rows if row[0] == place), start=start)]
    stages = _stages(stays, production)
    boxes = tuple(
        _box(stay, lane=places.index(stay.environment), start=start, now=now, stage=stages[stay.version])
        for stay in stays
    )
    return Lanes(
        boxes=boxes,
        names=tuple((place, index * (LANE + GAP) + LANE * 0.7) for index, place in enumerate(places)),
        stays=tuple(sorted(stays, key=lambda stay: stay.start, reverse=True)),
        start=start,
        end=now,
        width=WIDTH,
        height=len(places) * (LANE + GAP) - GAP,
    )


def _stays(rows: Iterable[tuple[str, str, datetime]], *, start: datetime) -> list[Stay]:
    """Of one place. The same version again is the same stay."""
    found: list[Stay] = []
    for where, version, at in rows:
        last = found[-1] if found else None
        if last is not None and last.version == version:
            continue
        if last is not None:
            found[-1] = Stay(environment=where, version=last.version, start=last.start, end=at, is_cut=last.is_cut)
        found.append(Stay(environment=where, version=version, start=at, end=None, is_cut=at < start))
    return [stay for stay in found if stay.end is None or stay.end > start]


def _stages(stays: Sequence[Stay], production: str) -> Mapping[str, Stage]:
    first: dict[str, datetime] = {}
    for stay in stays:
        first[stay.version] = min(stay.start, first.get(stay.version, stay.start))
    runs = next((stay.version for stay in stays if stay.environment == production and stay.end is None), None)
    return {
        version: Stage.PRODUCTION
        if version == runs
        else Stage.AHEAD
        if runs is None or since > first[runs]
        else Stage.PAST
        for version, since in first.items()
    }


def _box(stay: Stay, *, lane: int, start: datetime, now: datetime, stage: Stage) -> Box:
    per_second = (WIDTH - LEFT) / (now - start).total_seconds()
    begin = LEFT + (max(stay.start, start) - start).total_seconds() * per_second
    end = LEFT + ((stay.end or now) - start).total_seconds() * per_second
    width = max(LEAST, end - begin)
    return Box(
        x=round(min(begin, WIDTH - width), 2),
        y=lane * (LANE + GAP),
        width=round(width, 2),
        height=LANE,
        label=stay.version if len(stay.version) * LETTER + 6 <= width else "",
        stage=stage,
        stay=stay,
    )
