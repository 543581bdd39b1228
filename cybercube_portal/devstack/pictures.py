"""`./portal pictures`: the pictures of docs/pages.md, from a stack of its own whose clock stands still."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from cybercube_portal.demo.company import PICTURED_AT
from cybercube_portal.devstack.assets import build_assets
from cybercube_portal.devstack.ports import HOST, free_port
from cybercube_portal.devstack.processes import Supervisor
from cybercube_portal.devstack.services import child_environment, python, services
from cybercube_portal.devstack.testing import PROGRAMS, in_front, install_programs
from cybercube_portal.devstack.up import answers, manage, web_command
from cybercube_portal.settings import forms, variables

FIRST_PORT = 8700
DOCS = forms.BASE_DIR / "docs"


def pictures() -> int:
    """Bring up the demo on its day, take the pictures, take everything down. Returns 0 when all of them were taken."""
    kept = variables.DATA_DIR.read()
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cybercube-pictures-") as folder:
        data = Path(folder)
        supervisor = Supervisor(logs=data / "logs")
        with services(supervisor, data=data, careless=True) as found:
            install_programs({"chromium": PROGRAMS["chromium"]})
            build_assets(supervisor, data=kept)
            for part in ("assets", "assets.stamp"):
                (data / part).symlink_to(kept / part)
            port = free_port(FIRST_PORT, quietly=True)
            url = f"http://{HOST}:{port}"
            # The commit would make every picture differ from the last.
            told = {
                variables.BASE_URL.name: url,
                variables.DATA_DIR.name: str(data),
                variables.BUILD_GIT_SHA.name: "unknown",
            }
            env = child_environment(found, told)
            print("Bringing up the demo company …", file=sys.stderr, flush=True)
            supervisor.run("prepare", manage("prepare", "--collect-static"), env=env)
            supervisor.run("demo", manage("demo", "--at", PICTURED_AT.isoformat()), env=env)
            supervisor.start("web", web_command(port, application="cybercube_portal.demo.held:application"), env=env)
            supervisor.wait_until(lambda: answers(port), what="The web server")
            return in_front(python("-m", "cybercube_portal.demo.pictures", url, DOCS), env)
