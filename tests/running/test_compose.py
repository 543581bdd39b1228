"""docker-compose.yml as far as it can be read without Docker: what it names exists, and no secret stands in the open."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cybercube_portal.settings import variables

BASE = Path(__file__).resolve().parents[2]
FILE = BASE / "docker-compose.yml"
OURS = "cybercube-portal"
ONE_OFF = {"migrate"}
OF_LIBRARIES = {"PROMETHEUS_MULTIPROC_DIR"}


@pytest.fixture
def stack() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


def ours(stack: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: row for name, row in stack["services"].items() if str(row["image"]).startswith(OURS)}


def test_services__of_the_portal__are_those_that_production_needs(stack: dict[str, Any]) -> None:
    assert {"migrate", "web", "worker", "beat"} <= set(ours(stack))
    assert set(stack["services"]) - set(ours(stack)) == {"postgresql", "redis"}


def test_services__that_stay__say_whether_they_are_well_and_start_after_what_they_need(stack: dict[str, Any]) -> None:
    for name, service in stack["services"].items():
        assert "healthcheck" in service or name in ONE_OFF, name
        assert ":" in service["image"], f"{name}: an image without a version"
        for needed, on in service.get("depends_on", {}).items():
            well = "service_completed_successfully" if needed in ONE_OFF else "service_healthy"
            assert on["condition"] == well, (name, needed)
            assert needed in stack["services"], (name, needed)


def test_settings__are_known_to_the_portal_and_hold_no_secret(stack: dict[str, Any]) -> None:
    known = {row.name: row for row in variables.VARIABLES}
    for name, service in ours(stack).items():
        for setting, value in service["environment"].items():
            row = known.get(setting.removesuffix("_FILE"))
            assert row or setting in OF_LIBRARIES, (name, setting)
            in_the_open = row is not None and row.secret and not setting.endswith("_FILE")
            # Redis has no password here, and mail may do without one.
            assert not in_the_open or setting in {"CYBERCUBE_REDIS_URL", "CYBERCUBE_MAIL_PASSWORD"}, (name, setting)
            assert "PASSWORD" not in str(value) or setting == "CYBERCUBE_MAIL_PASSWORD", (name, setting)


def test_files__that_settings_name__are_mounted(stack: dict[str, Any]) -> None:
    for name, service in stack["services"].items():
        mounted = {f"/run/secrets/{secret}" for secret in service.get("secrets", [])}
        mounted |= {f"/{config}" for config in service.get("configs", []) if isinstance(config, str)}
        named = {value for setting, value in service.get("environment", {}).items() if setting.endswith("_FILE")}
        assert named <= mounted, name
        assert set(service.get("secrets", [])) <= set(stack["secrets"]), name
        configs = {config if isinstance(config, str) else config["source"] for config in service.get("configs", [])}
        assert configs <= set(stack["configs"]), name
        volumes = {volume.partition(":")[0] for volume in service.get("volumes", [])}
        assert volumes <= set(stack["volumes"]), name


def test_operator__what_has_to_be_set__stands_at_the_head_of_the_file() -> None:
    text = FILE.read_text(encoding="utf-8")
    head = text.partition("x-portal")[0]
    needed = set(re.findall(r"\$\{(\w+):\?", text)) | set(re.findall(r"^    environment: (\w+)$", text, re.MULTILINE))
    assert {name for name in needed if name not in head} == set()


def test_portal__runs_as_nobody_special(stack: dict[str, Any]) -> None:
    assert re.search(r"^USER portal$", (BASE / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    for name, service in ours(stack).items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    role = stack["configs"]["portal_role"]["content"]
    assert "CREATE ROLE portal LOGIN" in role
    assert "SUPERUSER" not in role
    assert "POSTGRES_USER" not in stack["services"]["postgresql"]["environment"]
