"""./portal bench flags: flags of one rule and a 25 % rollout, beside the clients and servers of others (performance.md section 2).

Four parts, each with its goal: `local` (at least 5 times the fastest Python client; floor 3), `openfeature` (with counters and a prerequisite,
ahead of each through OpenFeature), `ofrep` (single 8 times Unleash's frontend API of 10 flags, bulk 5 times it and twice GrowthBook's of as
many; floors 2, 1, 1), `kill` (p95 below 2 s to a connected client). Peers are installed into a folder that is thrown away, or into
`--folder`. Rounds alternate; medians with their spread.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import django

from cybercube_portal.settings.choice import choose_settings

choose_settings()
django.setup()

from benchmarks.flag_parts import killing, load, peers, servers  # noqa: E402 - they need the settings
from cybercube_portal import clock  # noqa: E402
from cybercube_portal.devstack.processes import Failure  # noqa: E402
from cybercube_portal.devstack.testing import install_programs  # noqa: E402
from tests.factories import changes as story  # noqa: E402
from tests.factories.people import build_cast  # noqa: E402

ROUNDS, CALLS = 7, 20_000
SMALL, LARGE = 10, 200
KILLS, SOON = 20, 2.0
FLOOR_LOCAL, FLOOR_SINGLE = 3.0, 2.0
BY, CI = "alice", "ci-payments"


def main() -> int:
    """Print every figure with its ratio. Returns 1 when a floor is missed."""
    options = _options()
    print(f"flags: Python {platform.python_version()}, {os.cpu_count()} CPUs, {options.rounds} rounds")
    parts: dict[str, Callable[[argparse.Namespace, Path], bool]] = {
        "local": _local,
        "openfeature": _openfeature,
        "ofrep": _ofrep,
        "kill": _kill,
    }
    with contextlib.ExitStack() as kept:
        folder = options.folder or Path(kept.enter_context(tempfile.TemporaryDirectory()))
        kept_well = [parts[name](options, folder) for name in options.parts or parts]
    return 0 if all(kept_well) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./portal bench flags", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=["local", "openfeature", "ofrep", "kill", []])
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    parser.add_argument("--folder", type=Path, help="where peers are installed, and looked for")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--round-seconds", type=float, default=4)
    return parser.parse_args()


def _local(options: argparse.Namespace, folder: Path) -> bool:
    own, others = _evaluated("evaluation in the process", peers.ALONE, peers.OURS, options, folder)
    return not others or own >= FLOOR_LOCAL * max(others)


def _openfeature(options: argparse.Namespace, folder: Path) -> bool:
    own, others = _evaluated("through OpenFeature", peers.BEHIND_OPENFEATURE, peers.OUR_PROVIDER, options, folder)
    return not others or own > max(others)


def _evaluated(
    title: str, wanted: Sequence[peers.Peer], ours: peers.Peer, options: argparse.Namespace, folder: Path
) -> tuple[float, list[float]]:
    """Our median and those of the clients of others."""
    print(f"\n{title}, evaluations per CPU second:")
    workers = []
    for peer in wanted:
        if peer.packages and options.no_peers:
            continue
        place = peers.install_client(peer, folder)
        try:
            workers += [peers.Worker(peer, place)] if place else []
        except RuntimeError as error:
            print(f"  {error}")
    for _ in range(options.rounds):
        for worker in workers:
            worker.measure(CALLS)
    own = next(worker.median for worker in workers if worker.peer is ours)
    for worker in workers:
        worker.end()
        spread = f"{min(worker.rates):,.0f} to {max(worker.rates):,.0f}"
        times = f"; ours is {own / worker.median:.1f} times as fast" if worker.peer.packages else ""
        print(f"  {worker.peer.label:40} {worker.median:12,.0f} ({spread}), {worker.share:.1%} in{times}")
    return own, [worker.median for worker in workers if worker.peer.packages]


@functools.cache
def _company() -> str:
    """A key for the flags of a small company."""
    build_cast()
    story.service()
    return servers.evaluation_key(CI)


def _ofrep(options: argparse.Namespace, folder: Path) -> bool:
    try:
        install_programs({"wrk": "wrk"})
    except Failure as error:
        print(error)
        return True
    key, node = _company(), folder / "node"
    others = not options.no_peers and peers.install_servers(node)
    if not options.no_peers:
        print(
            "Flagsmith's server is in no registry: its figure of performance.md (identities, 23 to 42/s) stands for it"
        )
    print(f"\nremote evaluation, answers a second over {load.CONNECTIONS} connections:")
    single_goal, is_kept = 0.0, True
    for flags in (SMALL, LARGE):
        servers.define(flags, by=BY, service="billing-service")
        found = _served(options, node if others else None, flags, key)
        single_goal = single_goal or found.get("unleash", 0.0)
        single, bulk = found["single"], found["bulk"]
        is_kept &= all(bulk >= found[name] for name in ("unleash", "growthbook") if name in found)
        is_kept &= single >= FLOOR_SINGLE * single_goal
        for name in ("unleash", "growthbook"):
            if name in found:
                print(f"  {flags} flags: bulk is {bulk / found[name]:.1f} times {name}")
        if single_goal:
            print(f"  {flags} flags: single is {single / single_goal:.1f} times unleash of {SMALL}")
    return is_kept


def _served(options: argparse.Namespace, node: Path | None, flags: int, key: str) -> dict[str, float]:
    """Medians by name; everything runs at once, and is asked in turns. What an answer costs of a CPU says more where others use them too."""
    figures: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}
    with contextlib.ExitStack() as kept:
        port = kept.enter_context(servers.portal())
        asked = {
            "single": (port, servers.ofrep(key, f"{servers.NAME}0")),
            "bulk": (port, servers.ofrep(key)),
        }
        if node is not None:
            for name, start in (("unleash", servers.unleash), ("growthbook", servers.growthbook)):
                try:
                    asked[name] = kept.enter_context(start(node, flags))
                except RuntimeError as error:
                    print(f"  {name} is left out: {error}")
        for name, (where, question) in asked.items():
            print(f"  {flags} flags, {name}: {len(load.answer(where, question)):,} bytes an answer")
            load.rate(where, question, seconds=1)
        for _ in range(options.rounds):
            for name, (where, question) in asked.items():
                before = load.cpu_seconds(servers.STARTED[where])
                rate = load.rate(where, question, seconds=options.round_seconds)
                spent = load.cpu_seconds(servers.STARTED[where]) - before
                figures.setdefault(name, []).append(rate)
                costs.setdefault(name, []).append(spent / (rate * options.round_seconds) * 1e6)
    _tell(flags, figures, costs)
    return {name: statistics.median(rates) for name, rates in figures.items()}


def _tell(flags: int, figures: dict[str, list[float]], costs: dict[str, list[float]]) -> None:
    for name, rates in figures.items():
        spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
        print(
            f"  {flags} flags, {name:12} {statistics.median(rates):10,.0f} ({spread}), {statistics.median(costs[name]):,.1f} µs of CPU"
        )
    for name in ("unleash", "growthbook"):
        if name in costs:
            times = statistics.median(costs[name]) / statistics.median(costs["bulk"])
            print(f"  {flags} flags: an answer of {name} costs {times:.1f} times the CPU of bulk")


def _kill(_options: argparse.Namespace, _folder: Path) -> bool:
    key = _company()
    servers.define(LARGE, by=BY, service="billing-service")
    with servers.portal(streams=True) as port:
        took = sorted(killing.seconds_to_kill(port, key, times=KILLS, by=BY))
    p95 = statistics.quantiles(took, n=20, method="inclusive")[18]
    print(
        f"\na kill to a connected client of {LARGE} flags, {KILLS} times: p50 {statistics.median(took) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms"
    )
    return p95 < SOON


if __name__ == "__main__":
    print(f"{clock.now():%Y-%m-%d %H:%M} UTC")
    sys.exit(main())
