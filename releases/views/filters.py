"""Filters of a list: one word of each kind at most, kept in the address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from django.http import QueryDict
from django.utils.functional import Promise

from cybercube_portal.web import Chip

Filters = Mapping[str, str]


def typed(sent: QueryDict, longest: Mapping[str, int]) -> dict[str, str]:
    """What was typed, cut to its longest."""
    return {name: sent.get(name, "").replace("\x00", "").strip()[:most] for name, most in longest.items()}


def choices(filters: Filters, name: str, values: Iterable[tuple[str, str | Promise]]) -> Iterator[Chip]:
    """One of these at most; following the active one takes it away."""
    for value, label in values:
        active = filters[name] == value
        query = QueryDict(mutable=True)
        query.update({key: kept for key, kept in {**filters, name: "" if active else value}.items() if kept})
        yield Chip(label=str(label), url=f"?{query.urlencode()}", active=active)
