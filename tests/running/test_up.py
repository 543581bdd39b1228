from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import httpx
import psycopg
import pytest
from django.conf import settings

from cybercube_portal.settings import forms, variables


class Stack:
    """`./portal up` behind the virtual environment, on a data folder and a temporary folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.temporary = folder / "t"
        self.temporary.mkdir()
        self.data.mkdir()
        shutil.copytree(settings.DATA_DIR / "assets", self.data / "assets")
        shutil.copy(settings.DATA_DIR / "assets.stamp", self.data)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(variables.PREFIX)}
        self.env = {
            **kept,
            "CYBERCUBE_DATA_DIR": str(self.data),
            "CYBERCUBE_DEMO": "0",
            "TMPDIR": str(self.temporary),
        }
        self.env.pop("DJANGO_SETTINGS_MODULE", None)
        self.process: subprocess.Popen[str] | None = None

    def start(self, *, port: int) -> str:
        """Start and read until the address is told. Returns what was printed."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cybercube_portal.devstack", "up"],
            cwd=forms.BASE_DIR,
            env={**self.env, "CYBERCUBE_WEB_PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        printed = ""
        for line in self.output:
            printed += line
            if "runs at" in line:
                return printed
        pytest.fail(f"it never ran:\n{printed}")

    @property
    def output(self) -> IO[str]:
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout

    def end(self, *, by: signal.Signals | None = None) -> tuple[int, str]:
        """Wait for the end, after a signal if one is named. Returns the exit code and the rest of the output."""
        assert self.process is not None
        if by is not None:
            self.process.send_signal(by)
        rest, _ = self.process.communicate(timeout=90)
        return self.process.returncode, rest

    def processes(self) -> dict[int, str]:
        """The living processes that were started with our data folder, by id: their command lines."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                started_with = (folder / "environ").read_bytes()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if f"CYBERCUBE_DATA_DIR={self.data}".encode() in started_with and command:
                found[int(folder.name)] = command
        return found

    def assert_nothing_left(self) -> None:
        assert self.processes() == {}
        assert list(self.temporary.iterdir()) == []
        assert not (self.data / variables.ADDRESSES).exists()

    @property
    def database(self) -> str:
        addresses: dict[str, str] = json.loads((self.data / variables.ADDRESSES).read_text(encoding="utf-8"))
        return addresses["CYBERCUBE_DATABASE_URL"]


def reading(address: str) -> float:
    """How many answers of the liveness check `/metrics` tells of, all web processes together."""
    line = re.compile(r'^portal_request_duration_seconds_count\{.*route="health/live/?".*\} (\S+)$', re.MULTILINE)
    return sum(float(number) for number in line.findall(httpx.get(f"{address}/metrics").text))


@pytest.fixture
def stack() -> Iterator[Stack]:
    # A socket's path holds 107 characters: pytest's own folders are too deep.
    with tempfile.TemporaryDirectory(prefix="cc-") as folder:
        stack = Stack(Path(folder))
        yield stack
        if stack.process is not None and stack.process.poll() is None:
            stack.process.terminate()
            stack.process.communicate(timeout=90)


@pytest.mark.long(45)
def test_up__port_taken_stopped_started_again_and_a_child_killed__keeps_data_and_leaves_nothing(stack: Stack) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port: int = other.getsockname()[1]
        printed = stack.start(port=port)
        assert f"Port {port} is taken; using " in printed
        address = re.search(r"http://127\.0\.0\.1:\d+", printed)
        assert address is not None
        assert httpx.get(address[0] + "/health/live").status_code == 200

    before = reading(address[0])
    for _ in range(40):
        httpx.get(address[0] + "/health/live").raise_for_status()
    assert {reading(address[0]) for _ in range(12)} == {before + 40}, "each web process counted for itself"

    # manage.py with the same variables reaches what runs.
    told = subprocess.run(
        [sys.executable, "manage.py", "check_config"],
        cwd=forms.BASE_DIR,
        env=stack.env,
        check=True,
        capture_output=True,
        text=True,
    )
    assert f"{address[0]}  (running stack)" in told.stdout
    with psycopg.connect(stack.database) as connection:
        connection.execute("create table written_before_the_stop ()")
    again = subprocess.run(
        [sys.executable, "-m", "cybercube_portal.devstack", "up"],
        cwd=forms.BASE_DIR,
        env=stack.env,
        check=False,
        capture_output=True,
        text=True,
    )
    assert again.returncode == 1
    assert f"already runs on {stack.data}: {address[0]}" in again.stderr

    code, rest = stack.end(by=signal.SIGINT)
    assert code == 0
    assert "Stopped" in rest
    stack.assert_nothing_left()

    stack.start(port=port)
    with psycopg.connect(stack.database) as connection:
        connection.execute("select from written_before_the_stop")
    worker = next(pid for pid, command in stack.processes().items() if "--beat" in command)
    os.kill(worker, signal.SIGKILL)
    code, rest = stack.end()
    assert code == 1
    assert "worker stopped with exit code -9" in rest
    stack.assert_nothing_left()
