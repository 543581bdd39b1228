"""`./portal test` and `./portal bench`: servers as `up` starts them, of their own and as a rule thrown away."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from cybercube_portal.devstack.assets import build_assets
from cybercube_portal.devstack.processes import Failure, Supervisor, die_with_parent, end
from cybercube_portal.devstack.services import child_environment, python, services
from cybercube_portal.devstack.up import manage
from cybercube_portal.settings import forms, variables

PROGRAMS = {"chromium": "chromium", "prometheus": "prometheus"}


def test(arguments: Sequence[str]) -> int:
    """Run pytest with `arguments` on servers of its own (or on the URLs that are set). Returns pytest's exit code."""
    shared = () if any(word.startswith(("-n", "--numprocesses")) for word in arguments) else _shared_out()
    command = python("-m", "pytest", *shared, *arguments)
    # Compiled once for all processes of all runs, assertions included, wherever the system forbids it beside the sources.
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(variables.DATA_DIR.read() / "compiled")}
    return _on_servers_of_its_own(command, careless=True, programs=PROGRAMS, more=compiled)


def _shared_out() -> tuple[str, ...]:
    """One process more than processors, for many tests wait for something; few tests at a time, so that all end together."""
    return ("-n", str((os.cpu_count() or 1) + 1), "--maxschedchunk", "2")


def bench(arguments: Sequence[str]) -> int:
    """Run benchmarks/NAME.py with the rest of `arguments` on servers that write as carefully as production's.

    With `--keep` among them, what it loads stays in the data folder for the next run.
    """
    scripts = sorted(path.stem for path in (forms.BASE_DIR / "benchmarks").glob("[a-z]*.py"))
    if not arguments or arguments[0] not in scripts:
        raise Failure(f"usage: ./portal bench {' | '.join(scripts) or 'NAME'} …")
    command = python("-m", f"benchmarks.{arguments[0]}", *arguments[1:])
    folder = variables.DATA_DIR.read() / "bench" / arguments[0] if "--keep" in arguments else None
    return _on_servers_of_its_own(command, careless=False, programs={}, folder=folder)


def _on_servers_of_its_own(
    command: Sequence[str | Path],
    *,
    careless: bool,
    programs: dict[str, str],
    folder: Path | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> int:
    """Everything the servers write is thrown away, unless a `folder` is named for it."""
    kept = variables.DATA_DIR.read()
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cybercube-run-") as thrown_away:
        data = folder or Path(thrown_away)
        data.mkdir(parents=True, exist_ok=True)
        supervisor = Supervisor(logs=data / "logs")
        with services(supervisor, data=data, careless=careless) as found:
            install_programs(programs)
            build_assets(supervisor, data=kept)
            for part in ("assets", "assets.stamp"):
                (data / part).unlink(missing_ok=True)
                (data / part).symlink_to(kept / part)
            env = child_environment(found, {variables.DATA_DIR.name: str(data), **more})
            if not careless:
                supervisor.run("prepare", manage("prepare", "--collect-static"), env=env)
            return in_front(command, env)


def in_front(command: Sequence[str | Path], env: Mapping[str, str]) -> int:
    """Run a program on this terminal, in a session of its own. Returns its exit code; nothing of it is left behind."""
    process = subprocess.Popen(
        [str(part) for part in command],
        env=env,
        cwd=forms.BASE_DIR,
        start_new_session=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - we start no threads
    )
    try:
        return process.wait()
    finally:
        end(process, signal.SIGINT)


def install_programs(programs: dict[str, str]) -> None:
    """Install the Debian packages of missing programs as root on Debian. Raises Failure naming them elsewhere."""
    missing = sorted(package for program, package in programs.items() if shutil.which(program) is None)
    if not missing:
        return
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        raise Failure(
            f"The tests need {' and '.join(missing)} on {platform.system()}. Debian: apt-get install {' '.join(missing)}"
        )
    print(f"Installing {' and '.join(missing)} …", file=sys.stderr, flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _quietly(["apt-get", "update", "-q"], quiet)
    _quietly(["apt-get", "install", "-q", "-y", "--no-install-recommends", *missing], quiet)


def _quietly(command: Iterable[str], env: dict[str, str]) -> None:
    done = subprocess.run(list(command), env=env, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
