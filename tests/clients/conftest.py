"""A portal that speaks the contract, and the command line run against it as a pipeline would: as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.clients.contract import CLIENTS, GATE, KEY, Command, Ran, decision


@pytest.fixture(scope="session")
def servers() -> Iterator[tuple[HTTPServer, HTTPServer]]:
    """Two servers on two hosts, started once: stopping one takes half a second."""
    pair = (HTTPServer(host="127.0.0.1", threaded=True), HTTPServer(host="localhost", threaded=True))
    for server in pair:
        server.start()
    yield pair
    for server in pair:
        server.stop()


@pytest.fixture
def portal(servers: tuple[HTTPServer, HTTPServer]) -> HTTPServer:
    """A portal whose answers a test lays down; what it was not told to answer is a 500."""
    servers[0].clear()
    return servers[0]


@pytest.fixture
def elsewhere(servers: tuple[HTTPServer, HTTPServer]) -> HTTPServer:
    """Another host, which would gladly say allow."""
    servers[1].clear()
    servers[1].expect_request(GATE).respond_with_json(decision("allow"))
    servers[1].expect_request("/login").respond_with_data("<html>Log in</html>", content_type="text/html")
    return servers[1]


@pytest.fixture
def environment(portal: HTTPServer, tmp_path: Path) -> dict[str, str]:
    """What a pipeline's job sets: only this, nothing of the developer's own."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(CLIENTS / "python" / "src"),
        # Compiled once for all of them, where the tests themselves are.
        **({"PYTHONPYCACHEPREFIX": sys.pycache_prefix} if sys.pycache_prefix else {"PYTHONDONTWRITEBYTECODE": "1"}),
        "CYBERCUBE_PORTAL_URL": portal.url_for("").rstrip("/"),
        "CYBERCUBE_API_KEY": KEY,
    }


@pytest.fixture
def cybercube(environment: dict[str, str], tmp_path: Path) -> Command:
    """Run `cybercube ARGUMENTS…`; named arguments change the job's variables, None takes one away."""

    def run(*arguments: str, stdin: str = "", **variables: str | None) -> Ran:
        changed = {**environment, **variables}
        done = subprocess.run(
            [sys.executable, "-m", "cybercube", *arguments],
            env={name: value for name, value in changed.items() if value is not None},
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return Ran(code=done.returncode, out=done.stdout, err=done.stderr)

    return run


@pytest.fixture
def gate(cybercube: Command) -> Command:
    """Run `cybercube gate payments-api v1.4.2 prd …`."""

    def run(*arguments: str, **variables: str | None) -> Ran:
        return cybercube("gate", "payments-api", "v1.4.2", "prd", *arguments, **variables)

    return run
