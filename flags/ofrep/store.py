"""What a web process knows of flags without asking the database: a snapshot of each environment, and the keys it has met.

A thread looks every 200 ms whether an environment has a new version and builds its snapshot beside the one that is served. It starts with
the first request, so a process that answers none costs nothing. While PostgreSQL is away the last snapshot goes on answering.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.db import close_old_connections, connection
from prometheus_client import Counter as Figure

from cybercube_portal import clock
from cybercube_portal.people.keys import digest_of, is_well_formed
from cybercube_portal.people.scopes import Scope
from cybercube_portal.people.selectors import live_key
from flags.evaluation import Compiled, Environment, Result
from flags.ofrep.budget import Budget
from flags.ofrep.counting import Counts
from flags.ofrep.sharing import Exchange
from flags.selectors.flags import definitions, versions_now

LOOK_EVERY = 0.2
KEYS_EVERY = 2.0
SHARE_EVERY = 1.0
COUNT_EVERY = 5.0
MOST_STRANGERS = 1000
MOST_TOLD = 10
log = structlog.get_logger(__name__)

PROBLEMS = Figure(
    "portal_flag_problems",
    "Definitions and conditions that could not be read when a process learned them: they match nobody.",
    ("environment",),
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The key that a request came with. `reason` is why it may not evaluate; empty: it may. `budget` is what is left of its questions."""

    environment: str
    client: bool
    budget: Budget
    reason: str = ""


class Snapshot:
    """One version of an environment, compiled, with what browsers may see of it apart."""

    def __init__(self, written: dict[str, Any]) -> None:
        self.environment: str = written["environment"]
        self.version: int = written["version"]
        self.compiled = Environment(written)
        everything = tuple(self.compiled.flags.values())
        self._visible = {False: everything, True: tuple(flag for flag in everything if flag.client_visible)}
        # A nested attribute is read from its root, a dotted one also by its literal name.
        names = self.compiled.attributes
        self.attributes = tuple(sorted({*names, *(name.partition(".")[0] for name in names)}))
        self._endings: dict[str, bytes] = {}

    def visible(self, *, client: bool) -> tuple[Compiled, ...]:
        """The flags that a key of this kind may see."""
        return self._visible[client]

    def ending(self, stream: str) -> bytes:
        """What a bulk answer says behind its flags, of the set as a whole, and where changes are told of."""
        known = self._endings.get(stream)
        if known is None:
            metadata = {"flagSetId": self.environment, "version": self.version}
            streams = {"eventStreams": [{"type": "sse", "url": stream}]} if stream else {}
            known = self._endings[stream] = b"]," + orjson.dumps({"metadata": metadata, **streams})[1:]
        return known


class Store:
    """Snapshots by environment and callers by key. Threads read it without a lock: every entry is replaced, none is changed."""

    def __init__(self) -> None:
        self._snapshots: dict[str, Snapshot] = {}
        self._versions: dict[str, int] = {}
        self._callers: dict[str, Caller] = {}
        # Keys nobody knows, apart: inventing some makes the portal forget no key that is one, nor what is left of its budget.
        self._strangers: set[str] = set()
        self._counts = Counts()
        self._exchange = Exchange()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    def snapshot(self, environment: str) -> Snapshot:
        """The newest known; read at once when none is. Raises what the database raises."""
        self._start()
        found = self._snapshots.get(environment)
        return found if found is not None else self._load(environment)

    def snapshot_of(self, environment: str, *, at_least: int) -> Snapshot:
        """The same, read again when the caller was told of a newer version than is known here."""
        found = self.snapshot(environment)
        if found.version >= at_least:
            return found
        close_old_connections()
        newest = versions_now([environment]).get(environment, 0)
        return self._load(environment) if newest > found.version else found

    def version(self, environment: str) -> int:
        """The newest version known, for who only tells of it: no flag is read. Raises what the database raises."""
        self._start()
        found = self._versions.get(environment)
        if found is None:
            close_old_connections()
            found = self._versions[environment] = versions_now([environment]).get(environment, 0)
        return found

    def caller(self, token: str) -> Caller | None:
        """Who the token is for; None for one nobody knows. A key that was revoked is refused within two seconds."""
        known = self._callers.get(token)
        if known is not None or token in self._strangers or not is_well_formed(token):
            return known
        found = _caller(token)
        if found is not None:
            self._callers[token] = found
        elif len(self._strangers) < MOST_STRANGERS:
            self._strangers.add(token)
        return found

    def count(self, environment: str, answers: Iterable[tuple[str, Result]]) -> None:
        """Note what was answered; written down a few seconds later."""
        self._counts.note(environment, answers)

    def stop(self) -> None:
        """End the thread and forget everything: for tests, and for a process that ends."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        Store.__init__(self)

    def _start(self) -> None:
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._watch, name="flags", daemon=True)
                    self._thread.start()

    def _load(self, environment: str) -> Snapshot:
        close_old_connections()
        with self._lock:
            found = Snapshot(definitions(environment))
            if found.compiled.problems:
                PROBLEMS.labels(environment).inc(len(found.compiled.problems))
                log.warning("flags_unreadable", environment=environment, problems=found.compiled.problems[:MOST_TOLD])
            known = self._snapshots.get(environment)
            if known is None or found.version >= known.version:
                self._snapshots[environment] = found
            return self._snapshots[environment]

    def _watch(self) -> None:
        keys_at = counted_at = shared_at = time.monotonic()
        while not self._stopped.wait(LOOK_EVERY):
            self._counts.add_up()
            try:
                self._look()
                if time.monotonic() - shared_at >= SHARE_EVERY:
                    self.share_budgets()
                    shared_at = time.monotonic()
                if time.monotonic() - keys_at >= KEYS_EVERY:
                    self._look_at_keys()
                    keys_at = time.monotonic()
                if time.monotonic() - counted_at >= COUNT_EVERY:
                    self.write_counts()
                    counted_at = time.monotonic()
            except Exception:
                log.exception("flags_not_read")
                close_old_connections()
                self._stopped.wait(1)
        connection.close()

    def _look(self) -> None:
        known, told = dict(self._snapshots), dict(self._versions)
        for environment, version in versions_now({**known, **told}).items():
            if environment in told:
                self._versions[environment] = version
            if environment in known and version != known[environment].version:
                self._load(environment)

    def _look_at_keys(self) -> None:
        self._strangers = set()
        for token, known in list(self._callers.items()):
            found = _caller(token, budget=known.budget)
            if found is not None:
                self._callers[token] = found
            else:
                del self._callers[token]

    def share_budgets(self) -> None:
        """What a key asked here is counted in the other web processes too, and the other way round."""
        if settings.RATES["ofrep"]:
            known = dict(self._callers)
            budgets = {digest_of(token): caller.budget for token, caller in known.items()}
            self._exchange.share(budgets)

    def write_counts(self) -> None:
        """Write down what was answered since the last time."""
        self._counts.write()


def _caller(token: str, *, budget: Budget | None = None) -> Caller | None:
    close_old_connections()
    key = live_key(token, now=clock.now())
    if key is None:
        return None
    reason = ""
    if not key.environment:
        reason = "This key is bound to no environment: issue one with --environment."
    elif Scope.FLAGS_EVALUATE.value not in key.scopes:
        reason = "This key does not have the scope flags:evaluate."
    return Caller(key.environment or "", key.client, budget or Budget(settings.RATES["ofrep"]), reason)


STORE = Store()
