"""`cybercube deployment start|finish`: arguments in, one exit code out."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Callable

from cybercube.arguments import add_common, duration, reference, steps, word
from cybercube.deployment import (
    METHODS,
    STATUSES,
    Deployment,
    finish_deployment,
    leave_deployment,
    start_deployment,
    told,
    watch_deployment,
)
from cybercube.exits import Exit
from cybercube.portal import Portal
from cybercube.report import as_json
from cybercube.runs import current_run

Connect = Callable[[argparse.Namespace], Portal]
Tell = Callable[[str], None]


def add_deployment(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], *, connect: Connect, epilog: str, tell: Tell
) -> None:
    """Add `deployment start|finish` on the portal that `connect` finds."""
    deployment = commands.add_parser(
        "deployment", help="say that a deployment starts, and how it came out", allow_abbrev=False
    )
    verbs = deployment.add_subparsers(required=True, metavar="start|finish")
    start = verbs.add_parser(
        "start",
        help="spend a decision of the gate and start",
        epilog=epilog.replace("allowed", "started"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    start.set_defaults(command=lambda options: _start(options, connect(options)))
    start.add_argument("decision", metavar="DECISION", type=word, help="its id, its token, or - to read one of them")
    start.add_argument("--method", choices=METHODS, default="rolling")
    start.add_argument(
        "--steps", type=steps, metavar="5:5m,100", help="of a canary: percent, then how long to pause (default: §4.5)"
    )
    add_common(start, left="the deployment's id")
    finish = verbs.add_parser(
        "finish",
        help="say how the pipeline came out; what succeeded is verified",
        epilog=epilog.replace("allowed", "taken note of, or with --wait: verified as healthy"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    finish.set_defaults(command=lambda options: _finish(options, connect(options), tell))
    finish.add_argument("deployment", metavar="DEP-NNN", type=reference)
    finish.add_argument("status", choices=STATUSES)
    finish.add_argument("--note", type=word, help="what is worth knowing")
    finish.add_argument("--wait", type=duration, default=0, metavar="10m", help="how long verification may last")
    add_common(finish, left="the deployment's id")


def _start(options: argparse.Namespace, portal: Portal) -> Exit:
    token = sys.stdin.read().strip() if options.decision == "-" else options.decision
    start: dict[str, object] = {"decision": token, "method": options.method}
    if options.steps:
        start["steps"] = options.steps
    if run := current_run(os.environ):
        start["run"] = run
    deployment = start_deployment(portal, start, timeout=options.timeout)
    return _told(deployment, options)


def _finish(options: argparse.Namespace, portal: Portal, tell: Tell) -> Exit:
    deployment = finish_deployment(
        portal, options.deployment, status=options.status, note=options.note or "", timeout=options.timeout
    )
    if not options.wait:
        return _told(deployment, options)
    deployment = watch_deployment(portal, deployment, wait=options.wait, timeout=options.timeout, tell=tell)
    _told(deployment, options)
    if deployment.is_under_way:
        tell("the time to wait is over")
        return Exit.TIMED_OUT
    return Exit.ALLOWED if deployment.is_healthy else Exit.REFUSED


def _told(deployment: Deployment, options: argparse.Namespace) -> Exit:
    for line in [as_json(deployment.body)] if options.json else told(deployment):
        print(line)
    leave_deployment(deployment, os.environ, env_file=options.env_file)
    return Exit.ALLOWED
