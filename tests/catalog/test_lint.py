"""POST migrations/lint/, and the lint of what a pipeline registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from cybercube_portal.catalog.migration_rules import RULES
from cybercube_portal.catalog.models import Artifact
from tests.factories.catalog import artifact_body

URL = "/api/v1/migrations/lint/"
NAME = "20260117120000_add_phone.sql"


def test_lint__unsafe_statement__answered_with_its_place_and_the_safe_pattern(pipeline: APIClient) -> None:
    answer = pipeline.post(URL, {"filename": NAME, "sql": "-- first\nCREATE INDEX i ON users(email);"})

    assert answer.status_code == 200
    body = answer.json()
    assert (body["ok"], body["phase"], body["kind"]) == (False, "expand", "schema")
    (finding,) = body["findings"]
    assert finding["message"]
    assert {name: finding[name] for name in finding if name != "message"} == {
        "rule": "require-concurrent-index-creation",
        "severity": "error",
        "line": 2,
        "column": 1,
        "safe_pattern": "CREATE INDEX CONCURRENTLY idx_users_email ON users(email);",
        "section": "§9.3",
    }


def test_lint__sql_that_does_not_parse_and_a_wrong_name__are_findings_and_no_errors(pipeline: APIClient) -> None:
    answer = pipeline.post(URL, {"filename": "add_phone.sql", "sql": "ALTER TABEL users;"})

    assert answer.status_code == 200
    assert {finding["rule"] for finding in answer.json()["findings"]} == {"syntax-error", "migration.timestamp"}


def test_lint__safe_file__is_ok_with_no_findings(pipeline: APIClient) -> None:
    sql = "ALTER TABLE users ADD COLUMN phone VARCHAR(20);"

    assert pipeline.post(URL, {"filename": NAME, "sql": sql}).json() == {
        "ok": True,
        "kind": "schema",
        "phase": "expand",
        "findings": [],
        "locks": [{"line": 1, "mode": "ACCESS EXCLUSIVE", "stops": "readers and writers", "lasts": "a moment"}],
        "lock_impact": "ACCESS EXCLUSIVE for a moment, stops readers and writers (line 1)",
        "has_way_back": False,
    }


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"sql": "SELECT 1;"}, "/filename"),
        ({"filename": NAME}, "/sql"),
        ({"filename": NAME, "sql": 7}, "/sql"),
        ({"filename": NAME, "sql": "x" * 500_001}, "/sql"),
        ({"filename": "x" * 201, "sql": "SELECT 1;"}, "/filename"),
        ({"filename": NAME, "sql": "SELECT 1;", "dialect": "mysql"}, "/dialect"),
    ],
)
def test_lint__question_that_is_none__refused(pipeline: APIClient, body: dict[str, Any], pointer: str) -> None:
    answer = pipeline.post(URL, body, format="json")

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_register__artifact_with_migrations__keeps_what_the_lint_found(pipeline: APIClient) -> None:
    rows = [
        {"filename": NAME, "sql": "ALTER TABLE users ADD COLUMN phone VARCHAR(20) NOT NULL;"},
        {"filename": "20260117130000_fill_phone.sql", "sql": "UPDATE users SET phone = '' WHERE phone IS NULL;"},
    ]
    shown = pipeline.post("/api/v1/artifacts/", artifact_body(migrations=rows)).json()["migrations"]

    assert [(row["kind"], row["phase"]) for row in shown] == [("schema", "contract"), ("data", "backfill")]
    assert [[finding["rule"] for finding in row["findings"]] for row in shown] == [["adding-required-field"], []]
    assert Artifact.objects.get().migrations == shown
    again = pipeline.post("/api/v1/artifacts/", artifact_body(migrations=rows))
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("sql", "level"),
    [
        ("CREATE INDEX CONCURRENTLY i ON users(email);", "high"),
        ("ALTER TABLE users DROP COLUMN name;", "high"),
        ("CREATE INDEX i ON users(email);", "critical"),
        ("ALTER TABEL users;", "critical"),
    ],
    ids=["safe", "a warning", "an error", "not SQL"],
)
def test_change__of_an_artifact_whose_lint_fails__is_one_level_riskier(
    pipeline: APIClient, api: Callable[..., APIClient], sql: str, level: str
) -> None:
    pipeline.post("/api/v1/artifacts/", artifact_body(migrations=[{"filename": NAME, "sql": sql}]))
    change = api("alice").post(
        "/api/v1/changes/",
        {
            "title": "Deploy billing-service v2.3.1",
            "type": "normal",
            "services": ["billing-service"],
            "environments": ["prd"],
            "artifacts": [{"service": "billing-service", "version": "v2.3.1"}],
            "scheduled_time": "2027-01-17T14:00:00Z",
            "estimated_duration": "30m",
        },
        format="json",
    )

    assert change.status_code == 201, change.json()
    assessment = change.json()["risk_assessment"]
    assert assessment["level"] == level
    assert ("Migration lint fails: one level higher" in assessment["factors"]) == (level == "critical")


def test_page__of_a_file__tells_its_phase_findings_and_locks_and_keeps_what_was_typed(
    browser_session: Callable[[str], Client],
) -> None:
    kim = browser_session("kim")
    first = kim.get("/migrations/lint/").content.decode()
    assert all(rule in first for rule in RULES)
    sql = "ALTER TABLE users ADD COLUMN a INT;\nCREATE INDEX i ON users(a);\n-- </textarea><script>x"

    page = kim.post("/migrations/lint/", {"filename": NAME, "sql": sql}).content.decode()

    assert "The lint fails" in page
    assert "line 2, column 1" in page
    assert "CREATE INDEX CONCURRENTLY idx_users_email ON users(email);" in page
    assert "as long as the table is read" in page
    assert "Expand" in page
    assert "CREATE INDEX i ON users(a);" in page
    assert "<script>x" not in page
    passed = kim.post("/migrations/lint/", {"filename": NAME, "sql": "SELECT 1;"}).content.decode()
    assert "The lint passes." in passed
    assert "It locks nothing that anybody uses." in passed


@pytest.mark.parametrize(("filename", "sql"), [("", "SELECT 1;"), (NAME, ""), (NAME, "x" * 500_001), ("a\0b", "x")])
def test_page__of_no_file__says_what_is_missing(
    browser_session: Callable[[str], Client], filename: str, sql: str
) -> None:
    answer = browser_session("alice").post("/migrations/lint/", {"filename": filename, "sql": sql})

    assert answer.status_code == 422
    assert answer.context["form"].errors
