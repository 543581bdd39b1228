"""`cybercube deployment`: spend a decision when the rollout starts, and say how it came out when it ends."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from cybercube.exits import Unreachable
from cybercube.portal import Portal
from cybercube.report import one_line

METHODS = ("rolling", "blue_green", "canary", "recreate")
STATUSES = ("succeeded", "failed")
UNDER_WAY = frozenset({"pending", "running", "verifying"})
REFERENCE = re.compile(r"DEP-[0-9]{3,}", re.ASCII)
EVERY = 2.0
LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class Deployment:
    """One deployment as the portal answered: `body` is the whole answer."""

    id: str
    state: str
    body: Mapping[str, object]

    @property
    def is_under_way(self) -> bool:
        """Whether its outcome is still open."""
        return self.state in UNDER_WAY

    @property
    def is_healthy(self) -> bool:
        """Whether every check passed."""
        return self.state == "healthy"


def start_deployment(portal: Portal, start: dict[str, object], *, timeout: float) -> Deployment:
    """Begin it (the body of POST deployments/). Repeating the call by its own key harms nothing.

    Raises Refused when the decision is spent, expired or for something else, and the gate's other endings.
    """
    answer = portal.call("deployments/", body=start, seconds=timeout, idempotency_key=str(uuid.uuid4()))
    return _read(answer)


def finish_deployment(portal: Portal, reference: str, *, status: str, note: str, timeout: float) -> Deployment:
    """Say how the pipeline came out: what succeeded is verified next."""
    body: dict[str, object] = {"status": status, **({"note": note} if note else {})}
    path = f"deployments/{reference}/finish/"
    return _read(portal.call(path, body=body, seconds=timeout, idempotency_key=str(uuid.uuid4())), named=reference)


def watch_deployment(
    portal: Portal, deployment: Deployment, *, wait: float, timeout: float, tell: Callable[[str], None]
) -> Deployment:
    """The deployment once its verification is through, or as it stands after `wait` seconds.

    Faults on the way are told and tried again. Raises NotAuthenticated and UsageError at once.
    """
    deadline = time.monotonic() + wait
    pause = EVERY
    while deployment.is_under_way and (left := deadline - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        try:
            answer = portal.call(f"deployments/{deployment.id}/", seconds=timeout)
            deployment, pause = _read(answer, named=deployment.id), EVERY
        except Unreachable as fault:
            pause = max(fault.retry_after, min(pause * 2, LONGEST_PAUSE))
            tell(f"trying again: {fault}")
    return deployment


def told(deployment: Deployment) -> list[str]:
    """The lines a person reads in the log: where it stands, and what its checks found."""
    body = deployment.body
    what = f"{body.get('service')} {body.get('version')} -> {body.get('environment')}"
    head = one_line(f"{deployment.state.upper()} {what} ({deployment.id}, {body.get('method')})")
    verification = body.get("verification")
    checks = verification.get("checks") if isinstance(verification, dict) else None
    found = [check for check in checks if isinstance(check, dict)] if isinstance(checks, list) else []
    return [head] + ["  " + one_line(f"{one.get('verdict')} {one.get('kind')}: {one.get('message')}") for one in found]


def leave_deployment(deployment: Deployment, environ: Mapping[str, str], *, env_file: str | None) -> None:
    """Hand its id on to later steps: GitHub's output `deployment`, and CYBERCUBE_DEPLOYMENT in `env_file`."""
    if environ.get("GITHUB_OUTPUT"):
        with Path(environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
            file.write(f"deployment={deployment.id}\n")
    if env_file:
        Path(env_file).write_text(f"CYBERCUBE_DEPLOYMENT={deployment.id}\n", encoding="utf-8")


def _read(answer: Mapping[str, object], *, named: str = "") -> Deployment:
    """Raises Unreachable for an answer that is no deployment, or another one than was named."""
    reference, state = answer.get("id"), answer.get("state")
    if not isinstance(reference, str) or not REFERENCE.fullmatch(reference) or not isinstance(state, str):
        raise Unreachable("the portal's answer is no deployment")
    if named and reference != named:
        raise Unreachable("the portal answered for another deployment")
    return Deployment(id=reference, state=state, body=answer)
