"""Which ways a notice takes to a person: what they chose, within what safety asks (ui.md section 3). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Way = TypeVar("Way", bound=str)


def is_wanted(way: Way, *, chosen: Mapping[Way, bool], usual: frozenset[Way]) -> bool:
    """What somebody chose of a way, else what is usual for the notice."""
    return chosen.get(way, way in usual)


def ways_to(
    *, reachable: tuple[Way, ...], chosen: Mapping[Way, bool], usual: frozenset[Way], kept: bool
) -> tuple[Way, ...]:
    """The ways a notice goes out by, of those that reach the person (the surest first).

    One that is `kept` goes by the first of them when everything is switched off: safety is not a matter of taste.
    """
    wanted = tuple(way for way in reachable if is_wanted(way, chosen=chosen, usual=usual))
    return wanted or (reachable[:1] if kept else ())
