"""The verbs of `./portal`, after it has made the virtual environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial

from cybercube_portal.devstack.checks import check, lock
from cybercube_portal.devstack.pictures import pictures
from cybercube_portal.devstack.pipeline import pipeline
from cybercube_portal.devstack.processes import Failure, Stopped, stop_on_signals
from cybercube_portal.devstack.testing import bench, test
from cybercube_portal.devstack.up import manage, up
from cybercube_portal.settings.variables import VariableError


def main(arguments: Sequence[str]) -> int:
    """Run one verb. Returns the exit code; what a person must know goes to standard error."""
    verb, *rest = arguments
    if verb == "manage":
        command = [str(part) for part in manage(*rest)]
        os.execv(command[0], command)  # noqa: S606 - the arguments are the person's own
    stop_on_signals()
    verbs: dict[str, Callable[[], int]] = {
        "up": up,
        "test": partial(test, rest),
        "bench": partial(bench, rest),
        "pipeline": pipeline,
        "pictures": pictures,
        "check": check,
        "lock": partial(lock, rest),
    }
    try:
        return verbs[verb]()
    except (Failure, VariableError) as error:
        print(f"portal: {error}", file=sys.stderr)
        return 1
    except Stopped:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
