from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cybercube_portal import __version__
from cybercube_portal.devstack.assets import FILES
from cybercube_portal.settings.forms import BASE_DIR

LOCKS = sorted((BASE_DIR / "requirements").glob("*.txt"))


def pins(lock: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9][^\s;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


def test_locks__names__are_the_three_that_portal_installs() -> None:
    assert [lock.stem for lock in LOCKS] == ["dev", "local", "production"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_lock__text__names_no_host_and_hashes_every_package(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    for word in ("://", "--index", "--extra-index", "--find-links", "--trusted-host"):
        assert word not in text
    for block in re.split(r"\n(?=\S)", text.strip()):
        assert re.match(r"[a-z0-9-]+(\[[a-z,-]+\])?==[^\s]+", block), block
        assert "--hash=sha256:" in block, block


def test_locks__larger_ones__hold_the_smaller_ones_versions() -> None:
    by_name = {lock.stem: pins(lock) for lock in LOCKS}
    assert by_name["production"] <= by_name["local"] <= by_name["dev"]


def test_package_lock__packages__name_no_host_and_carry_a_digest() -> None:
    packages = json.loads((BASE_DIR / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    installed = {name: facts for name, facts in packages.items() if name}
    assert installed
    for name, facts in installed.items():
        assert "resolved" not in facts, name
        assert facts["integrity"].startswith("sha512-"), name


def test_assets__files_we_copy__come_from_locked_packages() -> None:
    packages = json.loads((BASE_DIR / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for source in FILES:
        assert any(f"node_modules/{source}".startswith(f"{name}/") for name in packages if name), source


def test_version__package__is_the_one_of_pyproject() -> None:
    assert f'version = "{__version__}"' in (BASE_DIR / "pyproject.toml").read_text(encoding="utf-8")
