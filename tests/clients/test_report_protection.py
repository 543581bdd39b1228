"""`cybercube report protection`: what the platform says, and whether the checkout has CODEOWNERS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.clients.contract import Command, problem, reason

PROTECTION = "/api/v1/services/billing-service/protection/"
REPORT = ("report", "protection", "billing-service", "--platform", "github", "--settings")
SETTINGS = {"main": None}


def answered(*outcomes: str, protected: bool) -> dict[str, Any]:
    return {"protected": protected, "findings": [reason("protection.admins", outcome) for outcome in outcomes]}


@pytest.mark.parametrize(
    ("outcomes", "protected", "code"),
    [(("pass", "pass"), True, 0), (("pass", "fail"), False, 1), (("fail",), True, 1), (("pass",), False, 1)],
)
def test_report__judged_by_the_portal__ends_as_it_says(
    *, portal: HTTPServer, cybercube: Command, outcomes: tuple[str, ...], protected: bool, code: int
) -> None:
    portal.expect_request(PROTECTION).respond_with_json(answered(*outcomes, protected=protected), status=201)
    ran = cybercube(*REPORT, "-", stdin=json.dumps(SETTINGS))

    assert ran.code == code
    assert "§6.5" in ran.out
    assert portal.log[0][0].json == {"platform": "github", "settings": SETTINGS, "codeowners": False}


@pytest.mark.parametrize("name", ["CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS"])
def test_report__codeowners_in_the_checkout__is_told(
    portal: HTTPServer, cybercube: Command, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("* @payments")
    (tmp_path / "settings.json").write_text(json.dumps(SETTINGS))
    portal.expect_request(PROTECTION).respond_with_json(answered("pass", protected=True), status=201)

    assert cybercube(*REPORT, "settings.json").code == 0
    assert portal.log[0][0].json["codeowners"] is True


@pytest.mark.parametrize(
    ("platform", "files", "owned"),
    [
        ("github", {"CODEOWNERS": "# nobody yet: @payments\n\n"}, False),
        ("github", {"CODEOWNERS": "*\n/docs  # @writers"}, False),
        ("github", {"CODEOWNERS": "* dev@example.com"}, True),
        # The first place counts, and each platform has its own.
        ("github", {".github/CODEOWNERS": "# empty", "CODEOWNERS": "* @payments"}, False),
        ("github", {".gitlab/CODEOWNERS": "* @payments"}, False),
        ("gitlab", {".gitlab/CODEOWNERS": "* @payments"}, True),
        ("gitlab", {"CODEOWNERS": "^[Docs pages][2] @writers\ndocs/"}, True),
        ("github", {}, False),
    ],
)
def test_report__codeowners__has_to_name_somebody_where_the_platform_looks(
    *, portal: HTTPServer, cybercube: Command, tmp_path: Path, platform: str, files: dict[str, str], owned: bool
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    portal.expect_request(PROTECTION).respond_with_json(answered("pass", protected=True), status=201)
    cybercube("report", "protection", "billing-service", "--platform", platform, "--settings", "-", stdin="{}")

    assert portal.log[0][0].json["codeowners"] is owned


@pytest.mark.parametrize("settings", ["", "[]", "{", "null"])
def test_report__settings_that_are_none__are_usage_and_nothing_is_sent(
    portal: HTTPServer, cybercube: Command, settings: str
) -> None:
    assert cybercube(*REPORT, "-", stdin=settings).code == 2
    assert portal.log == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [({}, 201, 5), ({"protected": True, "findings": []}, 201, 5), (problem(403), 403, 4), (problem(500), 500, 5)],
)
def test_report__answer_that_is_none__does_not_pass(
    *, portal: HTTPServer, cybercube: Command, body: dict[str, Any], status: int, code: int
) -> None:
    portal.expect_request(PROTECTION).respond_with_json(body, status=status)

    assert cybercube(*REPORT, "-", stdin="{}").code == code
