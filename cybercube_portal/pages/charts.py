"""Bar charts as numbers for inline SVG: no script, no style, legible in print. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 360, 96
GAP = 0.2
LEAST = 1.5
MOST_LABELS = 6
# Of a bar that stands in a cell beside its number.
METER = 100
# A few bars stay bars.
LEAST_SLOTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One value of a chart: `words` say it with its unit, `title` in full. `is_part`: of a week that is not whole."""

    label: str
    value: float | None
    words: str
    title: str
    is_part: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar in the coordinates of its chart; `title` is read out and shown when pointed at."""

    x: float
    y: float
    width: float
    height: float
    title: str
    is_part: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A word under the chart. `anchor` as SVG's text-anchor: the first one begins where its bar does."""

    x: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars over a base line. `top` says what the highest stands for; None when there is nothing to draw."""

    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    top: str | None
    width: int = WIDTH
    height: int = HEIGHT


def bar_chart(points: Sequence[Point], *, most: float = 0.0, top: str = "") -> Chart:
    """From left to right; a gap where there is no value. A full bar stands for the highest, or for `most` (`top` in words)."""
    highest = max(
        (point for point in points if point.value is not None), key=lambda point: point.value or 0, default=None
    )
    most = max(most, (highest.value or 0.0) if highest else 0.0)
    step = WIDTH / max(LEAST_SLOTS, len(points))
    bars = tuple(
        Bar(
            x=round(index * step + step * GAP / 2, 2),
            y=round(HEIGHT - _height(point.value, most), 2),
            width=round(step * (1 - GAP), 2),
            height=round(_height(point.value, most), 2),
            title=point.title,
            is_part=point.is_part,
        )
        for index, point in enumerate(points)
        if point.value is not None
    )
    every = max(1, -(-len(points) // MOST_LABELS))
    labels = tuple(
        Label(x=round(index * step + step / 2, 2), text=point.label)
        if index
        else Label(x=0, text=point.label, anchor="start")
        for index, point in enumerate(points)
        if index % every == 0
    )
    return Chart(bars=bars, labels=labels, top=(top or highest.words) if highest else None)


def meter(value: float | None, most: float) -> float | None:
    """How long a bar beside its number is, of METER; None where there is no number."""
    if value is None:
        return None
    return round(METER * value / most, 1) if most else 0.0


def _height(value: float, most: float) -> float:
    return max(LEAST, HEIGHT * value / most) if most and value else (LEAST if value == 0 else 0.0)
