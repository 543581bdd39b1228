"""Feature flags of a CYBERCUBE portal, evaluated in this process: no request waits for the portal, and nothing here ever raises.

    flags = Flags("https://portal.example.com", token, bootstrap="flags.json", keep="/var/tmp/flags.json")
    if flags.is_enabled("release_new_dashboard", {"targetingKey": user.id}):
        …

What the flags are is read in the background: at the start from the portal, else from `keep` (the last known good), else from `bootstrap`;
then whenever the portal's stream says that something changed, and from time to time in any case. A process that was forked goes on by itself.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Callable

from cybercube.behind import accompany, changed_keys, in_peace, opener
from cybercube.counts import Counts, rows_of
from cybercube.evaluation import DISABLED, FLAG_NOT_FOUND, Environment, Result

DEFINITIONS = "/api/v1/flags/definitions/"
USAGE = "/api/v1/flags/usage/"
LARGEST = 32 * 1024 * 1024
SECONDS, LAST_SECONDS = 10.0, 2.0
LONGEST_APP = 100
# What the portal will never take, however often it is sent.
HOPELESS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})
NO_TEXT = Result(error=FLAG_NOT_FOUND, detail="A key is a text.")
log = logging.getLogger("cybercube.flags")
Changed = Callable[["list[str]"], object]


class Flags:
    """The flags of the environment that `token` is bound to (`manage.py issue_key … --environment ENV`).

    `bootstrap`: a file of definitions that ships with the program. `keep`: where the last known good is written. `refresh`: seconds between
    two looks; a portal with a stream is asked at once when it says so. `app`: who asks, for the portal's counts. `start=False`: no thread.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        bootstrap: str | os.PathLike[str] | None = None,
        keep: str | os.PathLike[str] | None = None,
        refresh: float = 5.0,
        count_every: float = 60.0,
        app: str = "",
        start: bool = True,
    ) -> None:
        self._url, self._token, self._app = str(url or "").rstrip("/"), token, app[:LONGEST_APP]
        self._refresh, self._count_every = refresh, count_every
        self._keep = Path(keep) if keep else None
        self._tag = ""
        self._stream = ""
        self._environment = Environment({})
        self._written: Mapping[str, Any] = {}
        self._overrides: dict[str, Any] = {}
        self._told_of_changes: list[Changed] = []
        self._is_away = False
        self._ready = threading.Event()
        self._begin_anew()
        for path in (self._keep, Path(bootstrap) if bootstrap else None):
            if path is not None and self._take_file(path):
                break
        if start:
            self._start()
            accompany(self)

    def __enter__(self) -> Flags:  # noqa: PYI034 - `Self` is not in Python 3.9
        """Closed at the end of the `with`."""
        return self

    def __exit__(self, *_what: object) -> None:
        self.close()

    # What programs ask.

    def is_enabled(self, key: str, context: Mapping[str, Any] | None = None, *, default: bool = False) -> bool:
        """Whether a boolean flag is on; `default` when it is unknown, of another type or left to the code."""
        found = self.value(key, context, default)
        return found if isinstance(found, bool) else default

    def value(self, key: str, context: Mapping[str, Any] | None, default: Any) -> Any:
        """What the flag answers; `default` when it is unknown or left to the code."""
        found = self.details(key, context).value
        return default if found is None else found

    def details(self, key: str, context: Mapping[str, Any] | None = None) -> Result:
        """The answer with variant, reason and error. Counted."""
        try:
            if key in self._overrides:
                return Result(value=self._overrides[key], variant="override", reason="STATIC")
            result = self._environment.evaluate(key, _context(context))
            if result.error and not isinstance(key, str):
                return NO_TEXT  # type: ignore[unreachable]  # not everybody's callers are checked
            self._counts.note(key, result.variant or "")
        except Exception:  # noqa: BLE001 - a key that is no text must not stop the caller either
            return NO_TEXT
        return result

    @contextlib.contextmanager
    def override(self, values: Mapping[str, Any]) -> Iterator[None]:
        """For tests: these flags answer these values inside the `with`."""
        before = self._overrides
        self._overrides = {**before, **values}
        try:
            yield
        finally:
            self._overrides = before

    @property
    def version(self) -> int:
        """The version of the environment that answers; 0 while nothing is known."""
        return int(self._environment.version or 0)

    def wait_until_ready(self, seconds: float) -> bool:
        """Whether definitions were there within `seconds`. Nobody has to: what is unknown answers the default."""
        return self._ready.wait(seconds)

    def on_change(self, tell: Changed) -> None:
        """Call `tell` with the keys of the flags whose definitions changed, in the background, whenever some did."""
        self._told_of_changes.append(tell)

    def close(self) -> None:
        """Stop the threads and hand over the last counts: a few seconds at most. Done at the end of the program in any case."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._wanted.set()
        for thread in self._threads[:1]:
            thread.join(LAST_SECONDS)
        self.send_counts(seconds=LAST_SECONDS)

    # What happens behind.

    def refresh(self) -> bool:
        """Ask the portal once; True when it answered. What cannot be read changes nothing."""
        headers = {"If-None-Match": self._tag} if self._tag else {}
        try:
            with self._open(DEFINITIONS, headers=headers) as answer:
                body = answer.read(LARGEST)
                tag = answer.headers.get("ETag", "")
        except Exception as error:  # noqa: BLE001 - a portal that is away must not stop the program
            if getattr(error, "code", None) == HTTPStatus.NOT_MODIFIED:
                return True
            # Said once, not every few seconds as long as it lasts.
            log.log(logging.DEBUG if self._is_away else logging.WARNING, "flags not refreshed: %s", error)
            self._is_away = True
            return False
        if self._is_away:
            log.warning("flags are refreshed again")
            self._is_away = False
        if self._take(body):
            self._tag = tag
            self._keep_file(body)
        return True

    def send_counts(self, *, seconds: float = SECONDS) -> None:
        """Tell the portal how often what was answered; kept for the next time when it is away."""
        numbers = self._counts.taken()
        rows = rows_of(numbers, self._environment.flags)
        if not rows:
            return
        try:
            body = json.dumps({"app": self._app, "counts": rows}).encode()
            with self._open(USAGE, headers={"Content-Type": "application/json"}, body=body, seconds=seconds):
                pass
        except Exception as error:  # noqa: BLE001 - counting is not worth an error
            log.info("counts not handed over: %s", error)
            if getattr(error, "code", None) not in HOPELESS:
                self._counts.put_back(numbers)

    def _follow(self) -> None:
        waited = 0.0
        while not self._closed.is_set():
            with in_peace():
                self.refresh()
            pause = self._refresh * random.uniform(0.8, 1.2)  # noqa: S311 - clients should not march in step
            self._wanted.wait(pause)
            self._wanted.clear()
            waited += pause
            if waited >= self._count_every:
                waited = 0.0
                with in_peace():
                    self.send_counts()

    def _listen(self) -> None:
        seen = ""
        while not self._closed.is_set():
            if not self._stream:
                self._closed.wait(0.5)
                continue
            try:
                headers = {"Accept": "text/event-stream", **({"Last-Event-ID": seen} if seen else {})}
                request = urllib.request.Request(self._stream, headers=headers)  # noqa: S310 - the portal named it
                with opener().open(request, timeout=60) as answer:
                    for line in answer:
                        if self._closed.is_set():
                            return
                        if line.startswith(b"id: "):
                            seen = line[4:].decode("ascii", "replace").strip()
                        elif line.startswith((b"data: ", b"retry: ")):
                            # Its first word too: what changed before the stream stood is not told again.
                            self._wanted.set()
            except Exception as error:  # noqa: BLE001 - the next look finds out anyway
                log.info("stream interrupted: %s", error)
            self._wanted.set()
            self._closed.wait(random.uniform(1, 3))  # noqa: S311

    def _take(self, body: bytes) -> bool:
        try:
            written = json.loads(body)
            flags = dict(written["flags"])
            environment = Environment({**written, "flags": flags})
        except Exception as error:  # noqa: BLE001 - what was known goes on answering
            log.warning("definitions cannot be read: %s", error)
            return False
        for problem in environment.problems:
            log.warning("flags: %s", problem)
        stream = written.get("stream")
        self._stream = stream if isinstance(stream, str) and stream.startswith(("http://", "https://")) else ""
        before, self._written = self._written, {"flags": flags, "segments": written.get("segments")}
        self._environment = environment
        self._ready.set()
        changed = changed_keys(before, self._written) if self._told_of_changes else []
        for tell in self._told_of_changes if changed else ():
            with in_peace():
                tell(changed)
        return True

    def _take_file(self, path: Path) -> bool:
        try:
            body = path.read_bytes()
        except OSError:
            return False
        taken = self._take(body)
        self._stream = ""
        return taken

    def _keep_file(self, body: bytes) -> None:
        if self._keep is None:
            return
        try:
            written = json.loads(body)
            written.pop("stream", None)
            beside = self._keep.with_name(f"{self._keep.name}.{os.getpid()}")
            beside.write_text(json.dumps(written), encoding="utf-8")
            beside.replace(self._keep)
        except OSError as error:
            log.warning("the last known good cannot be kept: %s", error)

    def _open(self, path: str, *, headers: dict[str, str], body: bytes | None = None, seconds: float = SECONDS) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the address is the program's own
            f"{self._url}{path}", data=body, headers={"Authorization": f"Bearer {self._token}", **headers}
        )
        return opener().open(request, timeout=seconds)

    def _begin_anew(self) -> None:
        """Without threads, counts and locks of anybody else's."""
        self._counts = Counts()
        self._wanted, self._closed = threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []

    def _start(self) -> None:
        for work in (self._follow, self._listen):
            thread = threading.Thread(target=work, name="cybercube-flags", daemon=True)
            self._threads.append(thread)
            thread.start()

    def go_on(self) -> None:
        """In a process that was forked off: threads stay behind in the other one, and its counts are its own."""
        was_closed = self._closed.is_set()
        self._begin_anew()
        if was_closed:
            self._closed.set()
        else:
            self._start()


def _context(context: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """`{"user": {"id": …}}`, as the standard writes it, names the targeting key too."""
    if not isinstance(context, Mapping):
        return {}
    user = context.get("user")
    if "targetingKey" not in context and isinstance(user, Mapping) and user.get("id") is not None:
        return {**context, "targetingKey": str(user["id"])}
    return context


__all__ = ["DISABLED", "FLAG_NOT_FOUND", "Flags", "Result"]
