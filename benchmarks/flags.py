"""./portal bench flags: how fast a flag of one rule and a 25 % rollout is evaluated in this process, beside the clients of others.

Peers are installed into a folder that is thrown away (--no-peers: only those that are there); what does not install is said and left out.
Goal (performance.md): five times the fastest of them; floor three times. CPU time, medians of alternating rounds.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flags.evaluation import Environment

KEY, ROUNDS, CALLS = "release_new_dashboard", 7, 20_000
PEERS = ("growthbook", "launchdarkly-server-sdk", "UnleashClient")
PEOPLE = [f"user-{number}" for number in range(1000)]
Evaluate = Callable[[str], object]


def ours() -> Evaluate:
    """The evaluator that portal and client share."""
    rule = {"id": "r1", "conditions": [{"attribute": "plan", "operator": "eq", "value": "pro"}], "variant": "on"}
    flag = {
        "key": KEY,
        "enabled": True,
        "variants": [{"name": "on", "value": True}, {"name": "off", "value": False}],
        "default_variant": "off",
        "off_variant": "off",
        "rollout_percentage": 25,
        "rollout_variant": "on",
        "rules": [rule],
    }
    environment = Environment({"version": 1, "flags": {KEY: flag}})
    return lambda who: environment.evaluate(KEY, {"targetingKey": who, "plan": "free"}).value


def growthbook() -> Evaluate:
    """GrowthBook: a forced rule and a coverage of 25 %; its context is made anew for each person, as its documentation does."""
    module: Any = importlib.import_module("growthbook")
    rules = [{"condition": {"plan": "pro"}, "force": True}, {"force": True, "coverage": 0.25, "hashAttribute": "id"}]
    book = module.GrowthBook(attributes={}, features={KEY: {"defaultValue": False, "rules": rules}})

    def evaluate(who: str) -> object:
        book.set_attributes({"id": who, "plan": "free"})
        return book.is_on(KEY)

    return evaluate


def launchdarkly() -> Evaluate:
    """LaunchDarkly: its file source, offline."""
    client: Any = importlib.import_module("ldclient")
    config: Any = importlib.import_module("ldclient.config")
    files: Any = importlib.import_module("ldclient.integrations").Files
    share = {"variations": [{"variation": 0, "weight": 25_000}, {"variation": 1, "weight": 75_000}]}
    clause = {"attribute": "plan", "op": "in", "values": ["pro"]}
    flag = {
        "key": KEY,
        "on": True,
        "variations": [True, False],
        "offVariation": 1,
        "salt": "s",
        "version": 1,
        "rules": [{"id": "r1", "clauses": [clause], "variation": 0}],
        "fallthrough": {"rollout": share},
    }
    path = Path(tempfile.mkdtemp()) / "flags.json"
    path.write_text(json.dumps({"flags": {KEY: flag}}), encoding="utf-8")
    made = client.LDClient(
        config=config.Config("key", update_processor_class=files.new_data_source(paths=[str(path)]), send_events=False)
    )
    context = client.Context
    return lambda who: made.variation(KEY, context.builder(who).set("plan", "free").build(), False)


def unleash() -> Evaluate:
    """Unleash: the engine that its client calls for each question."""
    engine: Any = importlib.import_module("yggdrasil_engine.engine").UnleashEngine()
    pro = {"contextName": "plan", "operator": "IN", "values": ["pro"]}
    share = {"rollout": "25", "stickiness": "userId", "groupId": KEY}
    strategies = [
        {"name": "flexibleRollout", "parameters": {**share, "rollout": "100"}, "constraints": [pro]},
        {"name": "flexibleRollout", "parameters": share, "constraints": []},
    ]
    feature = {"name": KEY, "type": "release", "enabled": True, "strategies": strategies, "variants": []}
    engine.take_state(json.dumps({"version": 2, "features": [feature]}))
    return lambda who: engine.is_enabled(KEY, {"userId": who, "properties": {"plan": "free"}}).is_enabled


CLIENTS: dict[str, Callable[[], Evaluate]] = {
    "cybercube": ours,
    "growthbook": growthbook,
    "launchdarkly": launchdarkly,
    "unleash": unleash,
}


def main() -> int:
    """Print evaluations per CPU second and the ratio to ours. Returns 1 when the floor is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if not options.no_peers:
            _install(folder)
        made = {name: evaluate for name, build in CLIENTS.items() if (evaluate := _built(name, build)) is not None}
        figures = {name: [] for name in made}  # type: dict[str, list[float]]
        for _ in range(ROUNDS):
            for name, evaluate in made.items():
                figures[name].append(_rate(evaluate))
    own = statistics.median(figures["cybercube"])
    for name, rates in figures.items():
        middle = statistics.median(rates)
        print(
            f"{name:14} {middle:12,.0f} per CPU second ({min(rates):,.0f} to {max(rates):,.0f}); ours is {own / middle:.1f} times as fast"
        )
    best = max((statistics.median(rates) for name, rates in figures.items() if name != "cybercube"), default=0.0)
    return 1 if own < 3 * best else 0


def _install(folder: str) -> None:
    sys.path.append(folder)
    for name in PEERS:
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--target",
            folder,
            name,
        ]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            print(f"{name} does not install here")


def _built(name: str, build: Callable[[], Evaluate]) -> Evaluate | None:
    try:
        evaluate = build()
        share = sum(bool(evaluate(who)) for who in PEOPLE) / len(PEOPLE)
    except Exception as error:  # noqa: BLE001 - a peer that is not here is said, not measured
        print(f"{name} is left out: {type(error).__name__}: {error}")
        return None
    print(f"{name} lets {share:.1%} in")
    return evaluate


def _rate(evaluate: Evaluate) -> float:
    started = time.process_time()
    for number in range(CALLS):
        evaluate(PEOPLE[number % len(PEOPLE)])
    return CALLS / (time.process_time() - started)


if __name__ == "__main__":
    sys.exit(main())
