"""What upper apps hang on the record: which intents an event opens, who works an intent of a kind, what subscribers are told.

Lower apps never import upper ones, so each app registers from its `AppConfig.ready`, in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cybercube_portal.audit.doorbell import INSIDE, OUTSIDE

if TYPE_CHECKING:
    from cybercube_portal.audit.models import Event

WebhookBody = Callable[["Event"], dict[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a handler sees of the intent it works. `attempt` is its fence; `failures` counts errors in a row."""

    id: int
    kind: str
    subject: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1
    failures: int = 0
    deadline: datetime | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """A handler's wish: not finished, call me once more at `at`."""

    at: datetime


class UnknownKind(LookupError):
    """Nobody works intents of this kind here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentKind:
    """How intents of one kind are worked, see `register_intent`."""

    handle: Callable[..., Again | None]
    gather: Callable[[Task, datetime], Any] | None
    give_up: Callable[[Task, datetime, str], None] | None
    lease: timedelta
    tries: int


_reactions: dict[str, tuple[str, ...]] = {}
_kinds: dict[str, IntentKind] = {}
_bodies: list[WebhookBody] = []


def register_reactions(table: Mapping[str, tuple[str, ...]]) -> None:
    """Add rows verb -> kinds of intents. An event with such a verb opens one intent of each kind in its own transaction.

    The intent's subject is the event's object; its payload is {"event": event_id, "verb", "object_type", "object_id"}.
    """
    for verb, kinds in table.items():
        known = _reactions.get(str(verb), ())
        _reactions[str(verb)] = known + tuple(kind for kind in kinds if kind not in known)


def reactions_to(verb: str) -> tuple[str, ...]:
    """The kinds of intents that an event with `verb` opens."""
    return _reactions.get(verb, ())


def register_intent(
    kind: str,
    handle: Callable[..., Again | None],
    *,
    gather: Callable[[Task, datetime], Any] | None = None,
    give_up: Callable[[Task, datetime, str], None] | None = None,
    lease: timedelta = timedelta(seconds=60),
    tries: int = 8,
) -> None:
    """Say how intents of `kind` are worked. Every callable takes `now` (UTC) and reads no clock.

    handle(task, now) or, with `gather`, handle(task, now, gathered): runs in one transaction that also settles the intent,
    with the intent's row locked and its fence checked, so what it writes is committed exactly once. Returns None (done) or
    `Again(at)`. gather(task, now): runs before, in no transaction, may take up to `lease`, may run more than once: it talks
    to the outside and writes nothing. give_up(task, now, error): runs in the transaction that fails the intent after
    `tries` errors in a row or past its deadline, so that the subject reaches a final state. Raises ValueError for a kind
    that somebody else registered.
    """
    known = _kinds.get(kind)
    if known is not None and known.handle is not handle:
        raise ValueError(f"two handlers for intents of kind {kind}")
    _kinds[kind] = IntentKind(handle=handle, gather=gather, give_up=give_up, lease=lease, tries=tries)


def kind_of(kind: str) -> IntentKind:
    """How intents of `kind` are worked. Raises UnknownKind when nobody registered it in this process."""
    try:
        return _kinds[kind]
    except KeyError:
        raise UnknownKind(kind) from None


def queue_of(kind: str) -> str:
    """Whose workers are rung for: a kind with a `gather` talks to the outside."""
    known = _kinds.get(kind)
    return OUTSIDE if known is not None and known.gather is not None else INSIDE


def register_webhook_body(write: WebhookBody) -> None:
    """Say what subscribers are told of a sealed event: `write(event)` gives the body as JSON, or None for what stays inside."""
    _bodies[:] = [write]


def webhook_body(event: Event) -> dict[str, Any] | None:
    """What subscribers are told of `event`; None: nothing."""
    return next((write(event) for write in _bodies), None)


def unhandled_reactions() -> list[tuple[str, str]]:
    """Each (verb, kind) that nobody would work: a mistake in a table."""
    return [(verb, kind) for verb, kinds in sorted(_reactions.items()) for kind in kinds if kind not in _kinds]
