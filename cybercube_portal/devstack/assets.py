"""Front-end packages: from npm, by package-lock.json, into the data folder. None of their files is in the repository."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from cybercube_portal.devstack.processes import Failure, Supervisor
from cybercube_portal.settings.forms import BASE_DIR

# From a package's folder into a folder of static files. Each file carries its licence in its first lines.
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "vendor/tabler/tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js": "vendor/tabler/tabler.min.js",
}
SOURCE_MAP = re.compile(rb"^\s*(?://|/\*)# sourceMappingURL=.*$", re.MULTILINE)
INPUTS = ("package.json", "package-lock.json", ".npmrc")


def build_assets(supervisor: Supervisor, *, data: Path) -> None:
    """Fill `data`/assets unless a stamp says that this lock is there already. Raises Failure without npm."""
    target = data / "assets"
    stamp = data / "assets.stamp"
    digest = hashlib.sha256(repr(sorted(FILES.items())).encode())
    for name in INPUTS:
        digest.update((BASE_DIR / name).read_bytes())
    if target.is_dir() and stamp.exists() and stamp.read_text(encoding="ascii") == digest.hexdigest():
        return
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="cybercube-npm-") as folder:
        for name in INPUTS:
            shutil.copy(BASE_DIR / name, folder)
        npm = [_npm(), "ci", "--prefix", folder, "--no-progress", "--loglevel=error"]
        supervisor.run(
            "npm", npm, env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        )
        copy_assets(Path(folder) / "node_modules", target)
    stamp.write_text(digest.hexdigest(), encoding="ascii")


def copy_assets(node_modules: Path, target: Path) -> None:
    """Copy the files we serve, without the lines that point to source maps we do not."""
    for source, name in FILES.items():
        destination = target / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(SOURCE_MAP.sub(b"", (node_modules / source).read_bytes()))


def _npm() -> str:
    """The npm of our virtual environment, else the machine's."""
    ours = Path(sys.executable).parent / "npm"
    npm = str(ours) if ours.exists() else shutil.which("npm")
    if npm is None:
        raise Failure("npm is needed for the front-end packages (Debian: apt-get install npm).")
    return npm


if __name__ == "__main__":
    # The image's build has npm in a stage of its own and copies from there.
    copy_assets(Path(sys.argv[1]), Path(sys.argv[2]))
