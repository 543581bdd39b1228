"""`cybercube gate`: put the question, and wait for its answer as long as the pipeline allows."""

from __future__ import annotations

import math
import time
import uuid
from datetime import datetime, timezone
from typing import Callable

from cybercube.decision import Decision, Outcome, read_decision
from cybercube.exits import Unreachable
from cybercube.portal import Portal

HOLD_SECONDS = 30
GRACE_SECONDS = 5.0
SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 15.0


def ask_gate(
    portal: Portal,
    question: dict[str, object],
    *,
    wait: float,
    timeout: float,
    tell: Callable[[Decision | Unreachable], None],
) -> Decision:
    """The gate's decision on `question` (the body of POST gate/decisions/), waiting up to `wait` seconds.

    The first answer may take `timeout` seconds; later ones as long as the portal was asked to hold them.

    A decision that still says `wait` at the deadline is returned as it is. Within the deadline transient faults are
    told and tried again; the same Idempotency-Key makes repeating the question harmless. `tell` hears of each
    fault and of each `wait`. Raises Unreachable when the deadline passes without any decision, and at once
    NotAuthenticated, UsageError or Refused.
    """
    deadline = time.monotonic() + wait
    key = str(uuid.uuid4())
    decision: Decision | None = None
    pause = SHORTEST_PAUSE
    while True:
        began = time.monotonic()
        news: Decision | Unreachable
        try:
            if decision is None:
                decision = _put(portal, question, idempotency_key=key, timeout=timeout)
            else:
                decision = _hold(portal, decision, seconds=deadline - began)
        except Unreachable as fault:
            if decision is None and time.monotonic() >= deadline:
                raise
            news, pause = fault, max(fault.retry_after, min(pause * 2, LONGEST_PAUSE))
        else:
            if decision.outcome is not Outcome.WAIT:
                return decision
            news, pause = decision, SHORTEST_PAUSE
        now = time.monotonic()
        if decision is not None and now >= deadline:
            return decision
        tell(news)
        # A portal that does not hold the request must not be asked in a tight loop.
        time.sleep(max(0.0, min(began + pause, deadline) - now))


def _put(portal: Portal, question: dict[str, object], *, idempotency_key: str, timeout: float) -> Decision:
    answer = portal.call("gate/decisions/", body=question, seconds=timeout, idempotency_key=idempotency_key)
    return read_decision(answer, now=_now(), dry_run=bool(question.get("dry_run")))


def _hold(portal: Portal, decision: Decision, *, seconds: float) -> Decision:
    """The decision again, once it changed or after at most `seconds`, however long the portal would hold."""
    hold = max(1, min(HOLD_SECONDS, math.ceil(seconds)))
    answer = portal.call(f"gate/decisions/{decision.id}/?wait={hold}", seconds=hold + GRACE_SECONDS)
    again = read_decision(answer, now=_now())
    if again.id != decision.id:
        raise Unreachable("the portal answered for another decision")
    return again


def _now() -> datetime:
    return datetime.now(timezone.utc)
