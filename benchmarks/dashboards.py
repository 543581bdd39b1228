"""./portal bench dashboards: how long what the dashboards show takes over 100,000 deployments in 400 days, and how long keeping it does.

Goal (performance.md): p95 < 300 ms; the wish is the same of 1,000,000 (`--deployments 1000000`). Each line is the work of one page of a
person who comes when nothing is remembered: read, add up, say. `--keep` keeps the data in var/bench for the next run of the same day.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import django

from cybercube_portal.settings.choice import choose_settings

os.environ.setdefault("CYBERCUBE_LOG_LEVEL", "WARNING")
choose_settings()
django.setup()

from benchmarks.dashboard_parts import year  # noqa: E402 - models need the settings
from benchmarks.data_parts import loading, pages  # noqa: E402
from benchmarks.gate_parts import company  # noqa: E402
from releases.actions.figures import close_days, keep_days  # noqa: E402
from releases.selectors.approvals import approval_waits  # noqa: E402
from releases.selectors.dora import cadences, measure  # noqa: E402
from releases.selectors.dora_lists import Behind, deployments_behind  # noqa: E402
from releases.selectors.periods import Period, period_of  # noqa: E402

PERIODS = (30, 90, 365)
PAGES = (
    "",
    "compare/",
    "approvals/",
    "cadence/",
    "freezes/",
    "compliance/",
    "deployments/?figure=rework_rate",
    "signatures/",
)
SCOPES: tuple[tuple[str, dict[str, str]], ...] = (
    ("all", {}),
    ("a team", {"team": "team-1"}),
    ("a service", {"service": "service-1"}),
)
DAY = timedelta(days=1)


def figures(period: Period) -> None:
    """Five figures with their trend and the period before."""
    measure(period)
    measure(period.before())


WORK: dict[str, Callable[[Period], object]] = {
    "five figures and the period before": figures,
    "waiting for signatures": approval_waits,
    "cadence": cadences,
    "list behind the change fail rate": lambda period: deployments_behind(
        Behind(figure="change_fail_rate"), period, most=51
    ),
    "list behind a seat's failures": lambda period: deployments_behind(
        Behind(figure="change_fail_rate", seat="Product"), period, most=51
    ),
}


def main() -> int:
    """Print every figure with what it was measured on. Returns 1 when a page misses its goal."""
    options = _options()
    loaded = loading.once(
        {name: getattr(options, name) for name in ("deployments", "changes", "services")},
        lambda now: _fill(options, now),
    )
    print(
        f"dashboards: {options.deployments:,} deployments of {options.services} services in 400 days, {options.changes:,} changes; "
        f"Python {platform.python_version()}, Django {django.get_version()}, {pages.load()}; {loaded.said}",
        flush=True,
    )
    now = loaded.at
    _time("keep a day again, after a late event", lambda: keep_days([(now - 9 * DAY).date()]), options.rounds)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    tally = pages.Tally()
    for length in PERIODS:
        for whose, scope in SCOPES:
            for words, act in WORK.items():
                _time(
                    f"{length} days of {whose}, {words}",
                    lambda act=act, length=length, scope=scope: act(_period(midnight, length, **scope)),  # type: ignore[misc]
                    options.rounds,
                )
            _pages(tally, length, whose, scope, options.rounds)
    return tally.end()


def _fill(options: argparse.Namespace, now: datetime) -> None:
    company.fill(changes=options.changes, freezes=10, seed=1, now=now, deployed=False)
    year.fill(deployments=options.deployments, services=options.services - company.SERVICES, now=now)
    loading.settle()
    began = time.perf_counter()
    closed = close_days(now=now)
    print(f"keep {closed} days for the first time: {time.perf_counter() - began:.1f} s")


def _pages(tally: pages.Tally, length: int, whose: str, scope: dict[str, str], rounds: int) -> None:
    """Whole pages, from the request to the last byte."""
    client = pages.logged_in("person-0")
    for page in PAGES:
        name = f"{length} days of {whose}, page /dashboards/{page}"
        tally.add(pages.measure(client, address_of(page, length, scope), name=name, rounds=rounds))


def address_of(page: str, length: int, scope: dict[str, str]) -> str:
    """Of a dashboard over the last `length` days."""
    path, _, query = page.partition("?")
    return f"/dashboards/{path}?{query}&days={length}" + "".join(f"&{name}={slug}" for name, slug in scope.items())


def _period(midnight: datetime, length: int, **scope: str) -> Period:
    return period_of(start=midnight - length * DAY, end=midnight, **scope)


def _time(words: str, act: Callable[[], object], rounds: int) -> None:
    act()
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - began)
    p95 = statistics.quantiles(seconds, n=20)[-1]
    print(
        f"{words}: median {statistics.median(seconds) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms of {rounds}", flush=True
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deployments", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=100_000)
    parser.add_argument("--services", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--keep", action="store_true", help="keep the data for the next run of the same day")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
