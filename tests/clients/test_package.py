"""The package as a stranger gets it: one wheel, installed alone, without a network."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
import yaml
from pytest_httpserver import HTTPServer

from tests.clients.contract import CLIENTS, GATE, KEY, decision

OFFLINE = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PATH": "/usr/bin:/bin"}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", str(folder)]
    done = subprocess.run(
        [*build, str(CLIENTS / "python")],
        env={**OFFLINE, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("cybercube-*.whl")
    return built


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """The programs of a virtual environment that holds nothing but pip."""
    venv.create(tmp_path / "venv", with_pip=True)
    return tmp_path / "venv" / "bin"


def test_wheel__installed_alone__gives_the_command(
    portal: HTTPServer, wheel: Path, fresh: Path, tmp_path: Path
) -> None:
    portal.expect_request(GATE).respond_with_json(decision("deny"), status=201)
    variables = {**OFFLINE, "CYBERCUBE_PORTAL_URL": portal.url_for(""), "CYBERCUBE_API_KEY": KEY, "HOME": str(tmp_path)}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(fresh / command[0]), *command[1:]],
            env=variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    installed = run("python", "-m", "pip", "install", "--quiet", str(wheel))
    assert installed.returncode == 0, installed.stderr
    assert "gate" in run("cybercube", "--help").stdout
    assert run("cybercube", "--version").stdout.startswith("cybercube ")
    assert "5 portal unreachable" in run("cybercube", "gate", "--help").stdout
    assert run("cybercube", "gate", "payments-api", "v1.4.2", "prd").returncode == 1
    alone = run(
        "python", "-c", "from cybercube.flags import Flags; print(Flags('', '', start=False).is_enabled('ops_x'))"
    )
    assert alone.stdout == "False\n", alone.stderr
    without = run("cybercube", "verify-token", "x.y.z")
    assert without.returncode == 2
    assert 'pip install "cybercube[verify]"' in without.stderr


def test_wheel__content__is_the_package_with_its_types(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert "cybercube/py.typed" in names
    # Links in the repository, files in the wheel.
    for package, folder in (("evaluation", "flags"), ("conventions", "cybercube_portal/catalog")):
        ours = {f"cybercube/{package}/{file.name}" for file in (CLIENTS.parent / folder / package).glob("*.py")}
        assert ours <= set(names)
    assert all(name.startswith(("cybercube/", "cybercube-")) for name in names)


def test_gitlab__image_without_the_command__installs_what_it_is_told(
    portal: HTTPServer, wheel: Path, fresh: Path, tmp_path: Path
) -> None:
    portal.expect_request(GATE).respond_with_json(decision("allow"), status=201)
    job = yaml.safe_load((CLIENTS / "gitlab" / "gate.yml").read_text())[".cybercube-gate"]
    variables = {
        **OFFLINE,
        "PATH": f"{fresh}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "CYBERCUBE_PORTAL_URL": portal.url_for(""),
        "CYBERCUBE_API_KEY": KEY,
        "CYBERCUBE_SERVICE": "payments-api",
        "CYBERCUBE_VERSION": "v1.4.2",
        "CYBERCUBE_ENVIRONMENT": "prd",
    }

    def run(**more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-e", "-c", "\n".join(job["script"])],
            env={**variables, **more},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    untold = run()
    assert untold.returncode != 0
    assert "CYBERCUBE_CLI" in untold.stderr
    told = run(CYBERCUBE_CLI=str(wheel))
    assert told.returncode == 0, told.stdout + told.stderr
