"""How long a kill takes until a connected client of ours answers otherwise."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.flag_parts.servers import NAME
from cybercube_portal import clock
from cybercube_portal.people.selectors import actor_named
from flags.actions.serving import change_flag, kill_flag
from flags.selectors.flags import get_served

KEY = f"{NAME}0"
WHO = {"targetingKey": "user-17", "plan": "pro"}
PATIENCE = 30.0


def seconds_to_kill(port: int, token: str, *, times: int, by: str) -> list[float]:
    """From the call of `kill_flag` to the first other answer of a client that listens to the stream, each time anew."""
    sys.path.insert(0, str(Path("clients/python/src").resolve()))
    flags: Any = import_module("cybercube.flags").Flags(f"http://127.0.0.1:{port}", token, refresh=300)
    try:
        if not flags.wait_until_ready(PATIENCE):
            raise RuntimeError("the client got no definitions")
        return [_once(flags, by=by) for _ in range(times)]
    finally:
        flags.close()


def _once(flags: Any, *, by: str) -> float:  # noqa: ANN401 - found on a path of its own
    actor = actor_named(by)
    _until(flags, wanted=True)
    began = time.perf_counter()
    kill_flag(key=KEY, environment="dev", reason="Measured", actor=actor, now=clock.now())
    _until(flags, wanted=False)
    took = time.perf_counter() - began
    row = get_served(KEY, "dev")
    change_flag(
        key=KEY, environment="dev", version=row.version, changes={"enabled": True}, actor=actor, now=clock.now()
    )
    return took


def _until(flags: Any, *, wanted: bool) -> None:  # noqa: ANN401 - found on a path of its own
    last = time.monotonic() + PATIENCE
    while flags.is_enabled(KEY, WHO) is not wanted:
        if time.monotonic() > last:
            raise RuntimeError("the client heard of nothing")
        time.sleep(0.001)
