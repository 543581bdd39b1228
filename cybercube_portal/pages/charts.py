"""Bar charts as numbers for inline SVG: no script, no style, legible in print. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 360, 96
GAP = 0.2
LEAST = 1.5
MOST_LABELS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar in the coordinates of its chart; `title` is read out and shown when pointed at."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A word under the chart."""

    x: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars over a base line. `top` is what the highest stands for; None when there is nothing to draw."""

    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    top: float | None
    width: int = WIDTH
    height: int = HEIGHT


def bar_chart(values: Sequence[tuple[str, float | None, str]]) -> Chart:
    """`values`: (label, value or None for nothing there, title) from left to right."""
    most = max((value for _, value, _ in values if value is not None), default=0.0)
    step = WIDTH / max(1, len(values))
    bars = tuple(
        Bar(
            x=round(index * step + step * GAP / 2, 2),
            y=round(HEIGHT - _height(value, most), 2),
            width=round(step * (1 - GAP), 2),
            height=round(_height(value, most), 2),
            title=title,
        )
        for index, (_label, value, title) in enumerate(values)
        if value is not None
    )
    every = max(1, -(-len(values) // MOST_LABELS))
    labels = tuple(
        Label(x=round(index * step + step / 2, 2), text=label)
        for index, (label, _value, _title) in enumerate(values)
        if index % every == 0
    )
    return Chart(bars=bars, labels=labels, top=most if bars else None)


def _height(value: float, most: float) -> float:
    return max(LEAST, HEIGHT * value / most) if most and value else (LEAST if value == 0 else 0.0)
