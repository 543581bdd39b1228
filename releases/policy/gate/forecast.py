"""When would it pass? The slots that time leaves open, and what else stands in the way (api.md "The gate"). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from changes.policy.spans import Span
from cybercube_portal.decisions import Reason
from releases.policy.gate.facts import GateFacts
from releases.policy.gate.rules import ABOUT_TIME, decide
from releases.policy.gate.schedule import open_spans

MOST_SLOTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`slots` are the spans that freezes, windows, slot and lead time leave; `blockers` what blocks at the beginning.

    `conditions` are those of the blockers that no time takes away: the slots hold once they are settled.
    """

    slots: tuple[Span, ...]
    blockers: tuple[Reason, ...]
    conditions: tuple[Reason, ...]


def forecast(facts: GateFacts, *, until: datetime) -> Forecast:
    """The next slots from `facts.at` up to `until`; none while a freeze or a window cannot be read."""
    blockers = decide(facts, lifetime=until - facts.at).blockers
    return Forecast(
        slots=() if facts.unreadable else open_spans(facts, until=until)[:MOST_SLOTS],
        blockers=blockers,
        conditions=tuple(reason for reason in blockers if not reason.code.startswith(ABOUT_TIME)),
    )
