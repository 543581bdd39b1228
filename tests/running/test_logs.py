from __future__ import annotations

import json
import logging
from logging.config import dictConfig

import pytest
import structlog
from django.conf import settings

from cybercube_portal import logs


@pytest.fixture(autouse=True)
def json_lines() -> object:
    before = structlog.get_config()
    dictConfig(logs.configure(json=True, level="INFO"))
    yield
    structlog.configure(**before)
    dictConfig(settings.LOGGING)


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    written: dict[str, object] = json.loads(capsys.readouterr().err.strip().splitlines()[-1])
    return written


def test_logs__production__one_json_object_with_the_request_id(capsys: pytest.CaptureFixture[str]) -> None:
    dictConfig(logs.configure(json=True, level="INFO"))
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        logging.getLogger("portal.test").info("change %s submitted", "CR-2026-0117-001")
    written = line(capsys)
    assert written["event"] == "change CR-2026-0117-001 submitted"
    assert written["request_id"] == "r-1"
    assert written["level"] == "info"


@pytest.mark.parametrize("as_json", [True, False])
def test_logs__exception__shows_where_but_no_values_of_variables(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    dictConfig(logs.configure(json=as_json, level="INFO"))

    def open_the_vault(combination: str) -> None:
        raise LookupError(len(combination))

    try:
        open_the_vault("hunter" + str(len("xx")))
    except LookupError:
        logging.getLogger("portal.test").exception("the vault stays shut")
    text = capsys.readouterr().err
    assert "open_the_vault" in text
    assert "LookupError" in text
    assert "hunter2" not in text


def test_logs__secrets_by_name_and_bearer_values__are_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    dictConfig(logs.configure(json=True, level="INFO"))
    structlog.get_logger("portal.test").warning(
        "refused: Bearer ccp_abc123",
        password="hunter2",
        headers={"Authorization": "Bearer ccp_abc123", "Accept": "application/json"},
    )
    text = json.dumps(line(capsys))
    assert "hunter2" not in text
    assert "ccp_abc123" not in text
    assert "application/json" in text
