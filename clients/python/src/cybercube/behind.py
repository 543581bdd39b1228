"""What the client of flags needs behind the program it serves: nothing there may stop, wait or follow a stranger."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import urllib.request
import weakref
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from cybercube.wire import NoRedirects

log = logging.getLogger("cybercube.flags")


class Running(Protocol):
    """What has threads and counts."""

    def close(self) -> None:
        """The program ends."""

    def go_on(self) -> None:
        """The process was forked off another one."""


_running: weakref.WeakSet[Running] = weakref.WeakSet()


def accompany(one: Running) -> None:
    """Close it when the program ends, and let it go on where the process is forked."""
    _running.add(one)


def _go_on() -> None:
    for one in list(_running):
        one.go_on()


def _close() -> None:
    for one in list(_running):
        one.close()


atexit.register(_close)
if hasattr(os, "register_at_fork"):
    # Servers that load the program once and fork their workers off would never hear of a change.
    os.register_at_fork(after_in_child=_go_on)


@contextlib.contextmanager
def in_peace() -> Iterator[None]:
    """Whatever goes wrong behind, what asks again goes on asking."""
    try:
        yield
    except Exception:
        log.exception("flags: something went wrong behind")


def opener() -> urllib.request.OpenerDirector:
    """Follows no redirect: the portal sends none, and whoever does must not see the token."""
    return urllib.request.build_opener(NoRedirects)


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The keys of flags that came, went or are defined otherwise; all of them where a segment changed."""
    had, has = before.get("flags", {}), after["flags"]
    keys = {**had, **has}
    if before.get("segments") != after["segments"]:
        return list(keys)
    return [key for key in keys if had.get(key) != has.get(key)]
