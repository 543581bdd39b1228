"""`./portal check` and `./portal lock`: what a machine can say about the code, and the pinned packages."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cybercube_portal.devstack.assets import build_assets
from cybercube_portal.devstack.commits import wrong_commits
from cybercube_portal.devstack.processes import Supervisor
from cybercube_portal.settings.forms import BASE_DIR
from cybercube_portal.settings.variables import DATA_DIR

SCHEMA = BASE_DIR / "openapi.yaml"
BIN = Path(sys.executable).parent
LOCKS: dict[str, tuple[str, ...]] = {"production": (), "local": ("local",), "dev": ("local", "dev")}


def check() -> int:
    """Run every check, even after one has failed, and name the failed ones. Returns 1 if any failed."""
    with tempfile.TemporaryDirectory(prefix="cybercube-check-") as folder:
        build_assets(Supervisor(logs=Path(folder)), data=DATA_DIR.read())
        schema = Path(folder) / SCHEMA.name
        manage = (sys.executable, "manage.py")
        commands: dict[str, Sequence[str | Path]] = {
            "format": (BIN / "ruff", "format", "--check", "."),
            "lint": (BIN / "ruff", "check", "."),
            "types": (BIN / "mypy", "."),
            "layers": (BIN / "lint-imports",),
            "templates": (BIN / "djlint", "--quiet", "--lint", "templates"),
            "settings": (*manage, "check", "--fail-level", "WARNING"),
            "migrations": (*manage, "makemigrations", "--check", "--dry-run"),
            "schema": (*manage, "spectacular", "--validate", "--fail-on-warn", "--file", schema),
        }
        failed = [name for name, command in commands.items() if not _passes(name, command)]
        if not _commits_pass():
            failed.append("commits")
        if "schema" not in failed and (not SCHEMA.exists() or schema.read_bytes() != SCHEMA.read_bytes()):
            print(f"{SCHEMA.name} differs from the code: ./portal manage spectacular --file {SCHEMA.name}")
            failed.append("schema")
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def _commits_pass() -> bool:
    wrong = wrong_commits(BASE_DIR)
    print("\n".join([f"commits: {'failed' if wrong else 'passed'}", *wrong]), flush=True)
    return not wrong


def _passes(name: str, command: Sequence[str | Path]) -> bool:
    done = subprocess.run([str(part) for part in command], cwd=BASE_DIR, check=False, capture_output=True, text=True)
    print(f"{name}: {'failed' if done.returncode else 'passed'}", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return not done.returncode


def lock(arguments: Sequence[str]) -> int:
    """Compile the locks anew by uv, from a throw-away environment; `arguments` (such as --upgrade) go to uv."""
    with tempfile.TemporaryDirectory(prefix="cybercube-lock-") as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        own = Path(folder) / "bin"
        subprocess.run(
            [own / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"], check=True
        )
        shape = (
            "--universal",
            "--python-version",
            "3.11",
            "--generate-hashes",
            "--no-header",
            "--no-annotate",
            "--quiet",
        )
        for name, extras in LOCKS.items():
            chosen = [word for extra in extras for word in ("--extra", extra)]
            target = ("--output-file", f"requirements/{name}.txt")
            command: list[str | Path] = [
                own / "uv",
                "pip",
                "compile",
                "pyproject.toml",
                *chosen,
                *shape,
                *target,
                *arguments,
            ]
            if code := subprocess.run(command, cwd=BASE_DIR, check=False).returncode:
                return code
    return 0
