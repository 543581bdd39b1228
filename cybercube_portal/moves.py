"""Move: one row of a state table (domain.md section 3). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Move:
    """`verb` takes a thing from any of `sources` to `target`. A verb with two targets is two rows."""

    verb: str
    sources: tuple[str, ...]
    target: str


def targets_of(table: Iterable[Move], *, verb: str, source: str) -> tuple[str, ...]:
    """Where `verb` can lead from `source`; empty when the state cannot go there at all."""
    return tuple(move.target for move in table if move.verb == verb and source in move.sources)


def sources_of(table: Iterable[Move], *, verb: str) -> frozenset[str]:
    """The states `verb` can start from."""
    return frozenset(source for move in table if move.verb == verb for source in move.sources)


def edges(table: Iterable[Move]) -> frozenset[tuple[str, str]]:
    """Every (source, target) pair: what the database may ever see."""
    return frozenset((source, move.target) for move in table for source in move.sources)
