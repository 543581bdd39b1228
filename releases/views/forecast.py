"""The days ahead as stretches: when time lets it pass, and what blocks it until then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from changes.policy.schedule import format_duration
from changes.policy.spans import INSTANT, Span, subtract
from cybercube_portal.decisions import Reason
from releases.policy.gate import GateFacts
from releases.policy.gate.rules import ABOUT_TIME, RULES, blocks, judged
from releases.policy.gate.table import FREEZE, LEAD_TIME, SLOT

TIMED = frozenset({LEAD_TIME, SLOT, FREEZE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A span of the days ahead. `reasons` are what blocks it, and empty while `is_open`."""

    span: Span
    is_open: bool
    reasons: tuple[Reason, ...] = ()

    @property
    def length(self) -> str:
        """`1d2h30m`, in whole minutes."""
        return format_duration(self.span.length - self.span.length % timedelta(minutes=1))


def stretches(facts: GateFacts, slots: Iterable[Span], *, until: datetime) -> tuple[Stretch, ...]:
    """`[facts.at, until)` without a gap, in order: `slots` are open, between them something stands in the way."""
    slots = tuple(slots)
    found = [Stretch(span=span, is_open=True) for span in slots]
    found += [
        Stretch(span=span, is_open=False, reasons=_blocking(facts, span))
        for span in subtract([Span(facts.at, until)], slots)
    ]
    return tuple(sorted(found, key=lambda stretch: stretch.span.start))


def _blocking(facts: GateFacts, span: Span) -> tuple[Reason, ...]:
    """What blocks when it begins, and what still does when it ends: one freeze may follow upon another."""
    moments = (span.start, span.end - INSTANT)
    found = (reason for at in moments for reason in _about_time(replace(facts, at=at)))
    return tuple({reason.message: reason for reason in found}.values())


def _about_time(facts: GateFacts) -> Iterable[Reason]:
    for rule in RULES:
        if rule.row in TIMED:
            yield from (one for one in judged(rule, facts) if blocks(one) and one.code.startswith(ABOUT_TIME))
