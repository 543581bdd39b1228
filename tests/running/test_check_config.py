from __future__ import annotations

import os
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cybercube_portal.settings import forms, variables


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:

    for name in [name for name in os.environ if name.startswith(variables.PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CYBERCUBE_DATA_DIR", str(tmp_path))


def report() -> str:
    output = StringIO()
    call_command("check_config", stdout=output)
    return output.getvalue()


def test_check_config__every_variable__is_printed_with_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYBERCUBE_WEB_PORT", "8123")
    lines = {line.split()[0]: line for line in report().splitlines()}
    assert set(lines) == {row.name for row in variables.VARIABLES}
    assert "8123  (environment)" in lines["CYBERCUBE_WEB_PORT"]
    assert "15m  (default)" in lines["CYBERCUBE_GATE_TOKEN_LIFETIME"]


def test_check_config__misspelt_name__is_refused_with_the_nearest_match(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYBERCUBE_DATABSE_URL", "postgresql://portal@localhost/portal")
    with pytest.raises(
        CommandError, match=r"CYBERCUBE_DATABSE_URL .* did you mean CYBERCUBE_DATABASE_URL\?"
    ) as refusal:
        report()
    assert refusal.value.returncode == 1


def test_check_config__name_like_no_other__is_refused_without_a_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYBERCUBE_QXJZ", "1")
    with pytest.raises(CommandError, match="CYBERCUBE_QXJZ is not read by anybody") as refusal:
        report()
    assert "did you mean" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CYBERCUBE_WEB_PORT", "70000", "port from 1 to 65535"),
        ("CYBERCUBE_WEB_PORT", "http", "port from 1 to 65535"),
        ("CYBERCUBE_DEMO", "maybe", "use 1 or 0"),
        ("CYBERCUBE_HEALTH_ALLOWED_NETWORKS", "10.0.0.1/8", "host bits"),
        ("CYBERCUBE_GATE_TOKEN_LIFETIME", "15", "as in 15m"),
        ("CYBERCUBE_GATE_TOKEN_LIFETIME", "-5m", "as in 15m"),
        ("CYBERCUBE_BASE_URL", "portal.example.com", "https://portal.example.com"),
        ("CYBERCUBE_REDIS_URL", "memcached://localhost", "redis://HOST"),
        ("CYBERCUBE_DATABASE_URL", "mysql://localhost/portal", "postgresql://USER"),
        ("CYBERCUBE_DATABASE_URL", "postgresql://localhost", "names no database"),
        ("CYBERCUBE_ENV", "production", "dev, stg, prd"),
    ],
)
def test_check_config__value_of_another_kind__is_refused_with_its_form(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(CommandError, match=name) as refusal:
        report()
    assert told in str(refusal.value)


def test_check_config__secret_from_a_file__is_read_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("not-for-your-eyes\n", encoding="utf-8")
    monkeypatch.setenv("CYBERCUBE_SECRET_KEY_FILE", str(tmp_path / "key"))
    assert variables.SECRET_KEY.read() == "not-for-your-eyes"
    printed = report()
    assert "not-for-your-eyes" not in printed
    assert f"[hidden]  (file {tmp_path / 'key'})" in printed


def test_check_config__bad_secret__is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYBERCUBE_DATABASE_URL", "mysql://root:hunter2@localhost/portal")
    with pytest.raises(CommandError) as refusal:
        report()
    assert "hunter2" not in str(refusal.value)


def test_check_config__secret_file_missing__is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CYBERCUBE_SECRET_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(CommandError, match=r"CYBERCUBE_SECRET_KEY_FILE=.*No such file"):
        report()


def test_check_config__file_variant_of_what_is_no_secret__is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYBERCUBE_WEB_PORT_FILE", "port.txt")
    with pytest.raises(CommandError, match="CYBERCUBE_WEB_PORT_FILE is not read"):
        report()


def test_database_url__socket_folder_and_escapes__are_read() -> None:
    read = forms.database_url("postgresql://po%40rtal:p%2Fw@/cyber?host=/run/pg&sslmode=require")
    assert (read.user, read.password, read.host, read.name) == ("po@rtal", "p/w", "/run/pg", "cyber")
    assert read.options == (("sslmode", "require"),)


def test_database_url__running_stack__is_found_when_no_url_is_set(tmp_path: Path) -> None:
    (tmp_path / variables.ADDRESSES).write_text('{"CYBERCUBE_DATABASE_URL": "postgresql:///running"}', encoding="utf-8")
    assert variables.DATABASE_URL.read({"CYBERCUBE_DATA_DIR": str(tmp_path)}).name == "running"
    told = {"CYBERCUBE_DATA_DIR": str(tmp_path), "CYBERCUBE_DATABASE_URL": "postgresql:///told"}
    assert variables.DATABASE_URL.read(told).name == "told"
