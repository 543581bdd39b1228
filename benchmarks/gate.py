"""./portal bench gate: how fast the gate decides among 100,000 changes and 5,000 freezes, and how that compares to PostgreSQL alone.

Goals (performance.md): 0.5 of pgbench's rate on the same reads and insert, p99 < 30 ms at 50 requests a second; floor 0.15 and 150 ms.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import django
from django.conf import settings
from django.db import connection

from cybercube_portal.settings.choice import choose_settings

choose_settings()
django.setup()

from benchmarks.data_parts import loading, pages  # noqa: E402 - models need the settings
from benchmarks.gate_parts import client, company, peer, processor  # noqa: E402
from cybercube_portal import clock  # noqa: E402
from cybercube_portal.devstack.ports import free_port  # noqa: E402
from cybercube_portal.devstack.up import answers, web_command  # noqa: E402
from cybercube_portal.people.keys import digest_of  # noqa: E402
from releases.actions.gate import Asked, decide_gate  # noqa: E402
from releases.actions.gate_log import INSERT, insert_parameters  # noqa: E402
from releases.policy.gate import Question  # noqa: E402
from releases.selectors.gate import parameters_of  # noqa: E402
from releases.selectors.gate_statement import FOR_ARTIFACTS  # noqa: E402


class Web(NamedTuple):
    """The web server that is measured."""

    port: int
    pid: int


URL = "/api/v1/gate/decisions/"
CONNECTIONS = 16


def main() -> int:
    """Print every figure with what it was measured on. Returns the exit code: 1 when an answer was no allow."""
    options = _options()
    print(
        f"gate: {options.changes:,} changes, {options.freezes:,} freezes, seed {options.seed}; Python {platform.python_version()}, "
        f"Django {django.get_version()}, PostgreSQL {_server_version()}, {os.cpu_count()} CPUs, {settings.SETTINGS_MODULE}"
    )
    began = time.perf_counter()
    made = company.fill(changes=options.changes, freezes=options.freezes, seed=options.seed, now=clock.now())
    loading.settle()
    print(f"loaded in {time.perf_counter() - began:.0f} s")
    refused = 0
    with _web() as web, tempfile.TemporaryDirectory() as folder:
        asked = _requests(made, web.port)
        client.run(lambda: client.as_many_as_possible(web.port, asked, connections=CONNECTIONS, seconds=3))
        steady = client.run(
            lambda: client.so_many_a_second(web.port, asked, rate=options.rate, seconds=options.steady_seconds)
        )
        refused += steady.refused
        print(
            f"at {options.rate:.0f} requests/s, {len(steady.seconds)} answers: p50 {steady.percentile(50):.1f} ms, "
            f"p95 {steady.percentile(95):.1f} ms, p99 {steady.percentile(99):.1f} ms"
        )
        refused += _compare(options, made, asked, web, Path(folder))
    if refused:
        print(f"{refused} answers were no allow", file=sys.stderr)
    return int(bool(refused))


def _compare(options: argparse.Namespace, made: company.Company, asked: list[bytes], web: Web, folder: Path) -> int:
    scripts = _scripts(made)
    servers = (web.pid, processor.postgresql())
    ours, theirs, costs, refused = [], [], [], 0
    for _ in range(options.rounds):
        began = processor.seconds(*servers)
        most = client.run(
            lambda: client.as_many_as_possible(web.port, asked, connections=CONNECTIONS, seconds=options.round_seconds)
        )
        between = processor.seconds(*servers)
        refused += most.refused
        ours.append(most.rate)
        theirs.append(peer.rate(scripts, folder=folder, clients=CONNECTIONS, seconds=options.round_seconds))
        ended = processor.seconds(*servers)
        costs.append(((between - began) / len(most.seconds), (ended - between) / (theirs[-1] * options.round_seconds)))
        print(
            f"  {CONNECTIONS} connections: gate {ours[-1]:.0f}/s (p50 {most.percentile(50):.1f} ms, p99 {most.percentile(99):.1f} ms), "
            f"pgbench {theirs[-1]:.0f}/s"
        )
    ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
    print(f"median: gate {statistics.median(ours):.0f}/s, pgbench {statistics.median(theirs):.0f}/s, ratio {ratio:.2f}")
    mine, other = (1000 * statistics.median(costs_of) for costs_of in zip(*costs, strict=True))
    print(
        f"processor time of the servers: {mine:.1f} ms a decision, pgbench {other:.1f}, ratio {other / mine:.2f}; {pages.load()}"
    )
    return refused


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./portal bench gate", description=__doc__)
    parser.add_argument("--changes", type=int, default=100_000)
    parser.add_argument("--freezes", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--steady-seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--round-seconds", type=int, default=8)
    return parser.parse_args()


def _server_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


@contextlib.contextmanager
def _web() -> Iterator[Web]:
    """The web server as `./portal up` starts it, without the budget of requests that would stop one caller alone."""
    port = free_port(random.randint(20000, 40000))
    environment = {**os.environ, "CYBERCUBE_GATE_RATE": "0", "CYBERCUBE_LOG_LEVEL": "WARNING"}
    process = subprocess.Popen([str(part) for part in web_command(port)], env=environment)
    try:
        while not answers(port):
            if process.poll() is not None:
                raise RuntimeError("the web server did not start")
            time.sleep(0.1)
        yield Web(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _requests(made: company.Company, port: int) -> list[bytes]:
    run = {"provider": "github", "id": "17", "attempt": 1, "url": "https://ci.example.com/17"}
    asked = []
    for slug in made.services:
        question = {"service": slug, "version": company.NEWEST, "environment": "prd", "run": run}
        body = json.dumps(question).encode()
        head = (
            f"POST {URL} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {made.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        asked.append(head.encode() + body)
    return asked


def _scripts(made: company.Company) -> list[str]:
    """One decision of each service: the facts' statement and the insert of what was really answered."""
    scripts = []
    for slug in made.services:
        question = Question.named(service=slug, version=company.NEWEST, environment="prd")
        asked = Asked(question=question, version=company.NEWEST, dry_run=True)
        answer = decide_gate(asked=asked, key_digest=digest_of(made.key))
        kept = insert_parameters(answer)
        insert = INSERT.replace("%(id)s", "gen_random_uuid()")
        facts = parameters_of(question, key_digest=digest_of(made.key))
        scripts.append(peer.script((FOR_ARTIFACTS, facts), (insert, kept)))
    return scripts


if __name__ == "__main__":
    sys.exit(main())
