"""Hold a request until its decision changes, without holding a transaction, and never in so many threads that others wait.

A waiting call keeps one thread of its web process and looks at the database once a second: the clock, a signature, a lifted
freeze or a report may each change the answer, and a look costs one statement. Half of the threads may wait; whoever comes
then is answered at once and told when to come back.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from cybercube_portal import clock
from cybercube_portal.people.actors import Actor
from releases.actions.gate import keep_answer, look_again
from releases.selectors.gate_log import Answer
from releases.states import GateOutcome

LONGEST = 30
EVERY = 1.0
COME_BACK = 5

_places = threading.BoundedSemaphore(settings.GATE_WAITING)


def wait_for(decision_id: uuid.UUID, *, actor: Actor, seconds: int) -> tuple[Answer, bool]:
    """The answer as soon as it waits no more, or after `seconds`; False when there was no place to wait in.

    Raises NotPermitted, NotFound, and what the database raises.
    """
    with _place(wanted=seconds > 0) as has_place:
        until = time.monotonic() + (seconds if has_place else 0)
        while True:
            answer = look_again(decision_id=decision_id, actor=actor, now=clock.now())
            left = until - time.monotonic()
            if answer.outcome is not GateOutcome.WAIT or left <= 0:
                return keep_answer(answer=answer, actor=actor), has_place or seconds == 0
            time.sleep(min(EVERY, left))


@contextmanager
def _place(*, wanted: bool) -> Iterator[bool]:
    has_place = wanted and _places.acquire(blocking=False)
    try:
        yield has_place
    finally:
        if has_place:
            _places.release()
