"""`cybercube check sql`: the portal's lint, in the words of a compiler."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.clients.contract import Command, problem

LINT = "/api/v1/migrations/lint/"
NAME = "20260117120000_add_index.sql"


def linted(*severities: str) -> dict[str, Any]:
    findings = [
        {
            "rule": "require-concurrent-index-creation",
            "severity": severity,
            "line": 2,
            "column": 1,
            "message": "Writers wait.",
            "safe_pattern": "CREATE INDEX CONCURRENTLY i\n  ON t(a);",
            "section": "§9.3",
        }
        for severity in severities
    ]
    return {"ok": "error" not in severities, "kind": "schema", "phase": "expand", "findings": findings}


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / NAME).write_text("-- first\nCREATE INDEX i ON t(a);")
    return NAME


@pytest.mark.parametrize(
    ("severities", "code"), [((), 0), (("warning",), 0), (("error",), 1), (("warning", "error"), 1), (("fatal",), 1)]
)
def test_sql__findings__stop_the_pipeline_when_one_is_an_error(
    portal: HTTPServer, cybercube: Command, file: str, severities: tuple[str, ...], code: int
) -> None:
    portal.expect_request(LINT).respond_with_json(linted(*severities))
    ran = cybercube("check", "sql", file)

    assert ran.code == code
    assert portal.log[0][0].json == {"filename": NAME, "sql": "-- first\nCREATE INDEX i ON t(a);"}
    if severities:
        assert f"{NAME}:2:1: {severities[0]} require-concurrent-index-creation §9.3 Writers wait." in ran.out
        assert "    CREATE INDEX CONCURRENTLY i" in ran.out


def test_sql__several_files_as_json__are_lines_of_the_portals_answers(
    portal: HTTPServer, cybercube: Command, file: str, tmp_path: Path
) -> None:
    (tmp_path / "other.sql").write_text("SELECT 1;")
    portal.expect_request(LINT).respond_with_json(linted())
    ran = cybercube("check", "sql", "--json", file, "other.sql")

    assert ran.code == 0
    assert len(portal.log) == 2
    assert json.loads(ran.out.split("\n}\n")[0] + "}") == {"file": NAME, **linted()}


def test_sql__file_that_is_not_there__is_usage_before_anything_is_asked(
    portal: HTTPServer, cybercube: Command, file: str
) -> None:
    assert cybercube("check", "sql", file, "missing.sql").code == 2
    assert portal.log == []


@pytest.mark.parametrize("status", [401, 400, 500])
def test_sql__refused_or_broken_portal__ends_as_the_other_commands_do(
    portal: HTTPServer, cybercube: Command, file: str, status: int
) -> None:
    portal.expect_request(LINT).respond_with_json(problem(status), status=status)

    assert cybercube("check", "sql", file).code == {401: 4, 400: 2, 500: 5}[status]


@pytest.mark.parametrize("body", [{}, {"findings": {}}, {"findings": [{}]}, {"findings": ["error"]}])
def test_sql__answer_that_is_none__does_not_pass(
    portal: HTTPServer, cybercube: Command, file: str, body: dict[str, Any]
) -> None:
    portal.expect_request(LINT).respond_with_json(body)

    assert cybercube("check", "sql", file).code == 5


def test_sql__without_a_portal_or_a_key__says_so(cybercube: Command, file: str) -> None:
    assert cybercube("check", "sql", file, CYBERCUBE_API_KEY=None).code == 4
    assert cybercube("check", "sql", file, CYBERCUBE_PORTAL_URL=None).code == 2
