"""./portal bench verification: 500 verifications of four checks, against httpx alone, and beside targets that hang.

Goals (performance.md): at most 1.5 times what httpx alone needs for the same requests at the same concurrency; floor 120 s; a hung
target delays no other verification's p95 by more than 10 s.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

import django
from django.db import connection
from django.db.models import F

from cybercube_portal.settings.choice import choose_settings

choose_settings()
django.setup()

from benchmarks.verification_parts import company, peer  # noqa: E402 - models need the settings
from cybercube_portal import clock  # noqa: E402
from cybercube_portal.audit.actions.working import sweep_intents  # noqa: E402
from cybercube_portal.catalog.models import Service  # noqa: E402
from cybercube_portal.devstack.services import python  # noqa: E402
from cybercube_portal.devstack.up import OUTSIDE_THREADS, outside_command  # noqa: E402
from releases.models import Deployment, Verification  # noqa: E402

SWEEP_SECONDS = 5.0
FLOOR_SECONDS, MOST_DELAY = 120.0, 10.0


def main() -> int:
    """Print every figure with what it was measured on. Returns 1 when a floor was missed."""
    options = _options()
    print(
        f"verification: {options.count} verifications, {OUTSIDE_THREADS} at once; Python {platform.python_version()}, "
        f"Django {django.get_version()}, {os.cpu_count()} CPUs"
    )
    with _target() as url:
        of = company.services(options.count, url=url, now=clock.now())
        with _worker(url):
            _round(of[:50])
            ours, theirs = [], []
            for _ in range(options.rounds):
                ours.append(max(_round(of)))
                theirs.append(peer.seconds(url=url, count=options.count, at_once=OUTSIDE_THREADS))
                print(f"  portal {ours[-1]:.1f} s, httpx alone {theirs[-1]:.1f} s", flush=True)
            alone = _p95(_round(of))
            delays = [_beside_hung(of, url=url, hung=hung, alone=alone) for hung in (1, options.count // 10)]
    ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
    print(
        f"median: portal {statistics.median(ours):.1f} s (floor {FLOOR_SECONDS:.0f} s), httpx alone "
        f"{statistics.median(theirs):.1f} s, ratio {ratio:.2f}"
    )
    return int(max(ours) > FLOOR_SECONDS or delays[0] > MOST_DELAY)


def _beside_hung(of: Sequence[Service], *, url: str, hung: int, alone: float) -> float:
    """How much later the others' p95 is than `alone` while `hung` targets never answer."""
    sick = random.Random(6).sample(list(of), hung)
    Service.objects.filter(pk__in=[service.pk for service in sick]).update(urls={company.PLACE: f"{url}/hung"})
    p95 = _p95(_round(of, without=sick))
    Service.objects.update(urls={company.PLACE: url})
    print(f"beside {hung} hung targets: p95 of the others {p95:.1f} s, alone {alone:.1f} s, delay {p95 - alone:.1f} s")
    return p95 - alone


def _round(of: Sequence[Service], *, without: Sequence[Service] = ()) -> list[float]:
    """Verify one new deployment of each; the seconds from the first one's finish until each verdict, `without` left out."""
    now = clock.now()
    rows = company.finished(list(of), now=now)
    waited = {row.pk for row in rows if row.service not in without}
    began = clock.now()
    company.queue(rows, now=began)
    done = Verification.objects.filter(deployment_id__in=waited, ended_at__isnull=False)
    swept = time.monotonic()
    while done.count() < len(waited):
        time.sleep(0.1)
        if time.monotonic() - swept > SWEEP_SECONDS:
            swept = time.monotonic()
            sweep_intents(now=clock.now())
    left = Deployment.objects.filter(pk__in=waited).exclude(state="healthy").count()
    if left:
        raise RuntimeError(f"{left} verifications did not pass")
    took = done.annotate(took=F("ended_at") - F("queued_at")).values_list("took", flat=True)
    return [span.total_seconds() for span in took if isinstance(span, timedelta)]


def _p95(took: Sequence[float]) -> float:
    return statistics.quantiles(took, n=20, method="inclusive")[-1]


@contextlib.contextmanager
def _target() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([str(part) for part in python("-m", "benchmarks.verification_parts.target", str(port))])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _worker(url: str) -> Iterator[None]:
    """The worker of the outside as `./portal up` starts it."""
    environment = {
        **os.environ,
        "CYBERCUBE_OUTBOUND_NETWORKS": "127.0.0.0/8",
        "CYBERCUBE_PROMETHEUS_URL": url,
        "CYBERCUBE_LOG_LEVEL": "ERROR",
    }
    connection.close()
    process = subprocess.Popen(
        [str(part) for part in outside_command()], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./portal bench verification", description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
