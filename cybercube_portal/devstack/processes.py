"""Child processes that never outlive their supervisor."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 20
LOG_LINES = 25
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Failure(Exception):
    """Something the person at the terminal must know; the message says what to do."""


class Stopped(BaseException):
    """Ctrl-C or a termination signal: unwinds through every `finally`, is no error."""


def stop_on_signals() -> None:
    """Turn the first Ctrl-C, SIGTERM or SIGHUP into Stopped; later ones are ignored while everything stops."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def die_with_parent() -> None:
    """In the child, before its program starts: signals are as usual again, and the kernel ends it when we are killed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(slots=True)
class Child:
    """A program that runs until it is told to stop, and the file its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals


class Supervisor:
    """Starts children in order, notices when one dies, stops them in reverse order and leaves nothing behind."""

    def __init__(self, *, logs: Path) -> None:
        """Keep one log file per child in the folder `logs`."""
        logs.mkdir(parents=True, exist_ok=True)
        self.logs = logs
        self.children: list[Child] = []

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        user: str | None = None,
        output: IO[bytes] | None = None,
    ) -> Child:
        """Start a child in a session of its own, so that the terminal's Ctrl-C reaches only us.

        What it prints goes to its log, or its standard output to the open file `output`.
        """
        log = self.logs / f"{name}.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [str(part) for part in command],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output or errors,
                stderr=errors,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - we start no threads
                user=user,
                extra_groups=[] if user else None,
            )
        child = Child(name, process, log, stop_signal)
        self.children.append(child)
        return child

    def run(
        self, name: str, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, user: str | None = None
    ) -> str:
        """Run a program to its end and return what it printed, kept nowhere. Raises Failure with the end of its log."""
        with tempfile.TemporaryFile() as printed:
            child = self.start(name, command, env=env, user=user, output=printed)
            while child.process.poll() is None:
                self.watch(besides=child)
                time.sleep(0.02)
            self.children.remove(child)
            printed.seek(0)
            text = printed.read().decode("utf-8", errors="replace")
        if child.process.returncode:
            told = text[-2000:] + end_of(child.log)
            raise Failure(f"{name} failed with exit code {child.process.returncode}:\n{told}")
        return text

    def watch(self, *, besides: Child | None = None) -> None:
        """Raise Failure with the end of its log when any child has died."""
        for child in self.children:
            if child is not besides and child.process.poll() is not None:
                raise Failure(f"{child.name} stopped with exit code {child.process.returncode}:\n{end_of(child.log)}")

    def wait_until(self, ready: Callable[[], bool], *, what: str, seconds: float = 60) -> None:
        """Wait until `ready()`. Raises Failure when a child dies meanwhile or the time is over."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.watch()
            if time.monotonic() > deadline:
                raise Failure(f"{what} was not ready within {seconds:.0f} s:\n{end_of(self.children[-1].log)}")
            time.sleep(0.05)

    def stay(self) -> None:
        """Watch the children until one dies (Failure) or a signal comes (Stopped)."""
        while True:
            self.watch()
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop in reverse order, 20 s each, then end what is left of the child's group."""
        while self.children:
            child = self.children.pop()
            end(child.process, child.stop_signal)


def end(process: subprocess.Popen[bytes], by: signal.Signals) -> None:
    """Ask the leader of a session to stop, wait 20 s, then end what is left of its group."""
    if process.poll() is None:
        process.send_signal(by)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end_of(log: Path) -> str:
    """The last lines of a log, indented."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        return "".join(f"    {line.rstrip()}\n" for line in deque(lines, LOG_LINES)).rstrip("\n")
