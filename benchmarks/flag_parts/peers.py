"""Clients and servers of others, from their registries into a folder that is thrown away. What does not install is said and left out."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Peer(NamedTuple):
    """A client by the name of its evaluator in `evaluators`; it is installed alone, since two of them may not agree."""

    label: str
    evaluator: str
    packages: tuple[str, ...] = ()


OURS = Peer("cybercube", "cybercube")
ALONE = (
    OURS,
    Peer("cybercube, counters and a prerequisite", "cybercube_client"),
    Peer("growthbook", "growthbook", ("growthbook",)),
    Peer("launchdarkly, file source", "launchdarkly", ("launchdarkly-server-sdk",)),
    Peer("unleash, engine alone", "unleash", ("UnleashClient",)),
    Peer("UnleashClient", "unleash_client", ("UnleashClient",)),
    Peer("flagsmith, local", "flagsmith", ("flagsmith",)),
)
OUR_PROVIDER = Peer("cybercube, counters and a prerequisite", "cybercube_openfeature")
BEHIND_OPENFEATURE = (
    OUR_PROVIDER,
    Peer("growthbook", "growthbook_openfeature", ("growthbook-openfeature-provider", "growthbook")),
    Peer("launchdarkly", "launchdarkly_openfeature", ("launchdarkly-openfeature-server",)),
    Peer("unleash", "unleash_openfeature", ("openfeature-provider-unleash",)),
    Peer("flagsmith", "flagsmith_openfeature", ("openfeature-provider-flagsmith",)),
    Peer("flagd, in process", "flagd_openfeature", ("openfeature-provider-flagd",)),
)
LEAST, MOST = 0.2, 0.3
SERVERS = ("unleash-server", "@growthbook/proxy-eval")


class Worker:
    """A client in a process of its own, asked for so many evaluations at a time."""

    def __init__(self, peer: Peer, folder: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.flag_parts.evaluators", peer.evaluator]
        self.peer = peer
        self._process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.rates: list[float] = []
        self.share = self._read()
        if not LEAST <= self.share <= MOST:
            self.end()
            raise RuntimeError(f"{self.peer.label} lets {self.share:.1%} in, so it does not evaluate")

    def measure(self, calls: int) -> None:
        """Evaluations per CPU second over `calls`."""
        if self._process.stdin is None:
            raise RuntimeError("it has no input")
        print(calls, file=self._process.stdin, flush=True)
        self.rates.append(calls / self._read())

    def end(self) -> None:
        """Let it go."""
        self._process.kill()
        self._process.wait()

    @property
    def median(self) -> float:
        """Over all rounds."""
        return statistics.median(self.rates)

    def _read(self) -> float:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line.strip():
            self.end()
            raise RuntimeError(f"{self.peer.label} does not run here")
        return float(line)


def install_client(peer: Peer, folder: Path) -> Path | None:
    """Its packages in a folder of their own; None when they do not install. Nothing to do for ours."""
    own = folder / peer.evaluator
    if peer.packages and not own.exists():
        pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(own), *peer.packages]
        if subprocess.run([sys.executable, *pip], check=False, capture_output=True).returncode:
            print(f"{peer.label} does not install here")
            return None
    return own


def install_servers(folder: Path) -> bool:
    """Unleash and what GrowthBook's proxy runs; whether they are there."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        print("without Node neither Unleash nor GrowthBook runs here")
        return False
    if (folder / "node_modules").exists():
        return True
    folder.mkdir(parents=True, exist_ok=True)
    npm = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--omit=optional", *SERVERS]
    if subprocess.run(npm, check=False, capture_output=True).returncode:
        print("unleash-server and @growthbook/proxy-eval do not install here")
        return False
    return True
