"""Feature flags of a CYBERCUBE portal, evaluated in this process: no request waits for the portal, and nothing here ever raises.

    flags = Flags("https://portal.example.com", token, bootstrap="flags.json", keep="/var/tmp/flags.json")
    if flags.is_enabled("release_new_dashboard", {"targetingKey": user.id}):
        …

What the flags are is read in the background: at the start from the portal, else from `keep` (the last known good), else from `bootstrap`;
then whenever the portal's stream says that something changed, and from time to time in any case.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from cybercube.evaluation import DISABLED, FLAG_NOT_FOUND, Environment, Result

DEFINITIONS = "/api/v1/flags/definitions/"
USAGE = "/api/v1/flags/usage/"
LARGEST = 32 * 1024 * 1024
SECONDS = 10.0
MOST_UNKNOWN = 200
log = logging.getLogger("cybercube.flags")


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
        self._url, self._token, self._app = url.rstrip("/"), token, app
        self._refresh, self._count_every = refresh, count_every
        self._keep = Path(keep) if keep else None
        self._tag = ""
        self._stream = ""
        self._environment = Environment({})
        self._overrides: dict[str, Any] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._wanted = threading.Event()
        self._closed = threading.Event()
        self._ready = threading.Event()
        self._threads: list[threading.Thread] = []
        for path in (self._keep, Path(bootstrap) if bootstrap else None):
            if path is not None and self._take_file(path):
                break
        if start:
            self._run(self._follow)
            self._run(self._listen)

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
            self._counts[key, result.variant or ""] += 1
        except Exception:  # noqa: BLE001 - a key that is no text must not stop the caller either
            return Result(error=FLAG_NOT_FOUND, detail="A key is a text.")
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

    def close(self) -> None:
        """Stop the threads and hand over the last counts."""
        self._closed.set()
        self._wanted.set()
        for thread in self._threads[:1]:
            thread.join(2)
        self.send_counts()

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
            log.warning("flags not refreshed: %s", error)
            return False
        if self._take(body):
            self._tag = tag
            self._keep_file(body)
        return True

    def send_counts(self) -> None:
        """Tell the portal how often what was answered; kept for the next time when it is away."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        known = self._environment.flags
        rows = [
            {"flag": key[:100], "variant": name, "count": number}
            for (key, name), number in counts.items()
            if key in known
        ]
        rows += [
            {"flag": key[:100], "variant": "", "count": number}
            for (key, _), number in counts.items()
            if key not in known
        ][:MOST_UNKNOWN]
        try:
            body = json.dumps({"app": self._app, "counts": rows[:5000]}).encode()
            with self._open(USAGE, headers={"Content-Type": "application/json"}, body=body):
                pass
        except Exception as error:  # noqa: BLE001 - counting is not worth an error
            log.info("counts not handed over: %s", error)
            self._counts.update(counts)

    def _follow(self) -> None:
        waited = 0.0
        while not self._closed.is_set():
            self.refresh()
            pause = self._refresh * random.uniform(0.8, 1.2)  # noqa: S311 - clients should not march in step
            self._wanted.wait(pause)
            self._wanted.clear()
            waited += pause
            if waited >= self._count_every:
                waited = 0.0
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
                with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
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
            environment = Environment({**written, "flags": dict(written["flags"])})
        except Exception as error:  # noqa: BLE001 - what was known goes on answering
            log.warning("definitions cannot be read: %s", error)
            return False
        for problem in environment.problems:
            log.warning("flags: %s", problem)
        stream = written.get("stream")
        self._stream = stream if isinstance(stream, str) and stream.startswith(("http://", "https://")) else ""
        self._environment = environment
        self._ready.set()
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

    def _open(self, path: str, *, headers: dict[str, str], body: bytes | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the address is the program's own
            f"{self._url}{path}", data=body, headers={"Authorization": f"Bearer {self._token}", **headers}
        )
        return urllib.request.urlopen(request, timeout=SECONDS)  # noqa: S310

    def _run(self, work: Any) -> None:
        thread = threading.Thread(target=work, name="cybercube-flags", daemon=True)
        self._threads.append(thread)
        thread.start()


def _context(context: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """`{"user": {"id": …}}`, as the standard writes it, names the targeting key too."""
    if not isinstance(context, Mapping):
        return {}
    user = context.get("user")
    if "targetingKey" not in context and isinstance(user, Mapping) and user.get("id") is not None:
        return {**context, "targetingKey": str(user["id"])}
    return context


__all__ = ["DISABLED", "FLAG_NOT_FOUND", "Flags", "Result"]
