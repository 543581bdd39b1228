"""States of an intent and of a delivery, and the moves between them. Pure."""

from __future__ import annotations

from enum import StrEnum

from cybercube_portal.moves import Move


class IntentState(StrEnum):
    """Work that was promised in a business transaction (reliability.md section 1)."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class DeliveryState(StrEnum):
    """A mail or webhook on its way out. `failed`: the other side will never take it; `abandoned`: tried often enough."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    ABANDONED = "abandoned"


OPEN_INTENTS = (IntentState.WAITING, IntentState.RUNNING)
OPEN_DELIVERIES = (DeliveryState.WAITING, DeliveryState.SENDING)

# A second claim of a running one is the sweep's: the first worker's lease ran out.
INTENT_MOVES = (
    Move("claim", OPEN_INTENTS, IntentState.RUNNING),
    Move("finish", (IntentState.RUNNING,), IntentState.DONE),
    Move("put_back", (IntentState.RUNNING,), IntentState.WAITING),
    Move("fail", OPEN_INTENTS, IntentState.FAILED),
    Move("retry", (IntentState.FAILED,), IntentState.WAITING),
)
CLAIM, FINISH, PUT_BACK, FAIL, RETRY = INTENT_MOVES

DELIVERY_MOVES = (
    Move("claim", OPEN_DELIVERIES, DeliveryState.SENDING),
    Move("deliver", (DeliveryState.SENDING,), DeliveryState.DELIVERED),
    Move("put_back", (DeliveryState.SENDING,), DeliveryState.WAITING),
    Move("fail", OPEN_DELIVERIES, DeliveryState.FAILED),
    Move("abandon", (DeliveryState.SENDING,), DeliveryState.ABANDONED),
    Move("retry", (DeliveryState.FAILED, DeliveryState.ABANDONED), DeliveryState.WAITING),
)
CLAIM_DELIVERY, DELIVER, PUT_BACK_DELIVERY, FAIL_DELIVERY, ABANDON_DELIVERY, RETRY_DELIVERY = DELIVERY_MOVES
