"""The portal and the servers of others on this machine, each with so many flags of one rule and a 25 % rollout."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db import connection

from cybercube_portal import clock
from cybercube_portal.devstack.ports import free_port
from cybercube_portal.devstack.up import answers, streams_command, web_command
from cybercube_portal.people.actions import issue_key
from cybercube_portal.people.actors import OPERATOR
from cybercube_portal.people.selectors import actor_named
from flags.actions.flags import FlagPlan, create_flag
from flags.actions.serving import change_flag
from flags.selectors.flags import flags_listed

HERE = Path(__file__).parent
NAME = "release_bench_"
ADMIN, FRONTEND = "*:*.bench-admin", "default:development.bench-frontend"
RULE = {"conditions": [{"attribute": "plan", "operator": "eq", "value": "pro"}], "variant": "on"}
SLOW_START = 60.0
Question = tuple[str, Mapping[str, str], bytes]
# The process behind each port, whose time is counted.
STARTED: dict[int, int] = {}


def define(count: int, *, by: str, service: str) -> None:
    """So many flags, on in dev; those that are there already stay."""
    actor, now = actor_named(by), clock.now()
    for number in range(flags_listed().count(), count):
        key = f"{NAME}{number}"
        create_flag(plan=FlagPlan(key=key, name=key, type="release", service=service), actor=actor, now=now)
        changes = {"enabled": True, "rules": [RULE], "rollout_percentage": 25}
        change_flag(key=key, environment="dev", version=1, changes=changes, actor=actor, now=now)


def evaluation_key(username: str) -> str:
    """A server's key for dev."""
    return issue_key(username=username, environment="dev", actor=OPERATOR, now=clock.now())[1]


def ofrep(key: str, flag: str = "") -> Question:
    """OFREP's bulk question, or that of one flag."""
    body = json.dumps({"context": {"targetingKey": "user-17", "plan": "free"}}).encode()
    path = f"/ofrep/v1/evaluate/flags{f'/{flag}' if flag else ''}"
    return path, {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}, body


@contextlib.contextmanager
def running(command: Sequence[str | Path], port: int, **variables: str) -> Iterator[int]:
    """A server until it is no longer needed. Raises RuntimeError when it does not come up."""
    environment = {**os.environ, "CYBERCUBE_LOG_LEVEL": "WARNING", **variables}
    process = subprocess.Popen([str(part) for part in command], env=environment)
    STARTED[port] = process.pid
    until = time.monotonic() + SLOW_START
    try:
        while not answers(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{command[0]} did not start")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextlib.contextmanager
def portal(*, streams: bool = False) -> Iterator[int]:
    """The web server as `./portal up` starts it, without a budget for one key; with the process of streams beside it."""
    port, other = (free_port(random.randint(20000, 40000)) for _ in range(2))
    told = {"CYBERCUBE_OFREP_RATE": "0", "CYBERCUBE_STREAM_URL": f"http://127.0.0.1:{other}" if streams else ""}
    with contextlib.ExitStack() as kept:
        if streams:
            kept.enter_context(running(streams_command(other), other, **told))
        yield kept.enter_context(running(web_command(port), port, **told))


@contextlib.contextmanager
def growthbook(node: Path, flags: int) -> Iterator[tuple[int, Question]]:
    """GrowthBook's remote evaluation."""
    port = free_port(random.randint(20000, 40000))
    body = json.dumps({"attributes": {"id": "user-17", "plan": "free"}}).encode()
    with running(["node", HERE / "growthbook.js", node, str(flags), str(port)], port):
        yield port, ("/api/eval/bench", {"Content-Type": "application/json"}, body)


@contextlib.contextmanager
def unleash(node: Path, flags: int) -> Iterator[tuple[int, Question]]:
    """Unleash with a database of its own on the portal's PostgreSQL, asked over its frontend API."""
    name, port, told = f"unleash_{flags}", free_port(random.randint(20000, 40000)), connection.settings_dict
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    database = {"host": told["HOST"], "port": int(told["PORT"] or 5432), "user": told["USER"], "database": name}
    config = json.dumps({"port": port, "db": {**database, "password": told["PASSWORD"]}})
    tokens = {"INIT_ADMIN_API_TOKENS": ADMIN, "INIT_FRONTEND_API_TOKENS": FRONTEND, "BENCH_UNLEASH": config}
    command: list[str | Path] = ["node", HERE / "unleash.js", node]
    with running(command, port, **tokens, NODE_ENV="production", CHECK_VERSION="false"):
        for number in range(flags):
            _define_in_unleash(port, f"{NAME}{number}")
        path = "/api/frontend?userId=user-17&properties%5Bplan%5D=free"
        # Its frontend reads the database again every second, or as often as it is told.
        time.sleep(15)
        yield port, (path, {"Authorization": FRONTEND}, b"")


def _define_in_unleash(port: int, key: str) -> None:
    features = "/api/admin/projects/default/features"
    constraint = {"contextName": "plan", "operator": "IN", "values": ["pro"]}
    share = {"stickiness": "userId", "groupId": key}
    _post(port, features, {"name": key, "type": "release"})
    for rollout, constraints in (("100", [constraint]), ("25", [])):
        strategy = {"name": "flexibleRollout", "parameters": {**share, "rollout": rollout}, "constraints": constraints}
        _post(port, f"{features}/{key}/environments/development/strategies", strategy)
    _post(port, f"{features}/{key}/environments/development/on", {})


def _post(port: int, path: str, body: Mapping[str, Any]) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=json.dumps(body).encode(),
        headers={"Authorization": ADMIN, "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20):  # noqa: S310
            pass
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{path}: {error.code} {error.read()[:300]!r}") from error
