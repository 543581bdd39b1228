"""A real Celery worker on the test's own database and Valkey, as a process that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from django.db import connection

ROOT = Path(__file__).parents[2]


def database_url() -> str:
    """Where this test's tables are, as CYBERCUBE_DATABASE_URL."""
    given = connection.settings_dict
    word = f":{quote(given['PASSWORD'])}" if given["PASSWORD"] else ""
    return f"postgresql://{quote(given['USER'])}{word}@:{given['PORT']}/{given['NAME']}?host={quote(given['HOST'], safe='')}"


class Worker:
    """`start()` it, `kill()` it (SIGKILL, its pool included), `stop()` it (SIGTERM)."""

    def __init__(self, *, include: str, **variables: str) -> None:
        self.command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "cybercube_portal.celery",
            "worker",
            "-c",
            "1",
            "-I",
            include,
        ]
        self.environment = {**os.environ, "CYBERCUBE_DATABASE_URL": database_url(), **variables}
        self.environment["DJANGO_SETTINGS_MODULE"] = "cybercube_portal.settings.test"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *more: str) -> None:
        flags = ["--without-gossip", "--without-mingle", "--without-heartbeat", *more]
        self.process = subprocess.Popen([*self.command, *flags], cwd=ROOT, env=self.environment, start_new_session=True)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def until(self, holds: Callable[[], object], *, within: float = 60.0) -> None:
        """Wait for what the worker shall bring about; fail after `within` seconds or when it ended."""
        deadline = time.monotonic() + within
        while not holds():
            assert self.process is not None
            assert self.process.poll() is None, "the worker ended"
            assert time.monotonic() < deadline, "it never came to pass"
            time.sleep(0.05)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, number)
            self.process.wait(timeout=30)
            self.process = None
