"""Database, Redis, signing key and clock cut one at a time: 0 wrong allows (reliability.md section 3).

Each case stands on a question that is allowed while everything works, so that only the fault can be why it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from changes.models import ChangeRequest
from cybercube_portal import clock
from cybercube_portal.api import throttling
from cybercube_portal.audit import keys
from tests.releases.asking import FORECAST, SERVICE, URL, VERSION, decisions

QUESTION = {"service": SERVICE, "version": VERSION, "environment": "prd"}
Hold = Callable[[datetime], datetime]


@pytest.fixture
def pipeline(approved: ChangeRequest, slot: datetime, clock_at: Hold, ci: APIClient) -> APIClient:
    """A pipeline whose question is allowed now."""
    clock_at(slot)
    assert ci.post(URL, QUESTION).json()["decision"] == "allow"
    return ci


@contextmanager
def statements_fail(error: Exception, *, when: Callable[[str], bool] = lambda _sql: True) -> Iterator[None]:
    """The database as a caller sees it when it goes away: every statement (that fits) raises."""

    def fail(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if when(sql):
            raise error
        return execute(sql, *rest)

    with connection.execute_wrapper(fail):
        yield


def refused(response: Any, status: int, code: str) -> None:
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "decision" not in response.json()
    assert "token" not in response.json()


def test_database_down__every_question__is_503(pipeline: APIClient) -> None:
    with statements_fail(OperationalError("the connection is lost")):
        refused(pipeline.post(URL, QUESTION), 503, "database.unavailable")
        refused(pipeline.post(f"{URL}?strict=1", QUESTION), 503, "database.unavailable")
        refused(pipeline.post(URL, {**QUESTION, "dry_run": True}), 503, "database.unavailable")
        refused(pipeline.post(FORECAST, QUESTION), 503, "database.unavailable")
        refused(pipeline.get(URL), 503, "database.unavailable")


def test_database_down__between_judging_and_keeping__is_503_and_kept_nowhere(pipeline: APIClient) -> None:
    before = decisions().count()
    with statements_fail(
        OperationalError("the connection is lost"), when=lambda sql: "INSERT INTO releases_gate" in sql
    ):
        refused(pipeline.post(URL, QUESTION), 503, "database.unavailable")
    assert decisions().count() == before


@pytest.mark.django_db(transaction=True)
def test_database_down__a_connection_that_was_cut__is_503_and_heals(pipeline: APIClient) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [victim] = cursor.fetchone()
    parameters = connection.get_connection_params()
    address = {name: parameters[name] for name in ("host", "port", "user", "dbname") if name in parameters}
    with psycopg.connect(**address) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [victim])
    refused(pipeline.post(URL, QUESTION), 503, "database.unavailable")
    connection.close()
    assert pipeline.post(URL, QUESTION).json()["decision"] == "allow"


def test_database_slow__a_statement_that_times_out__is_503(pipeline: APIClient) -> None:
    timed_out = OperationalError("canceling statement due to statement timeout")
    with statements_fail(timed_out, when=lambda sql: "FROM clock" in sql):
        refused(pipeline.post(URL, QUESTION), 503, "database.unavailable")


def test_clock_down__no_moment_to_judge_by__is_never_an_allow(
    pipeline: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is a row of the same statement: without it there are no facts either."""
    execute = CursorWrapper.execute

    def without_clock(self: CursorWrapper, sql: Any, params: Any = None) -> Any:
        return execute(self, str(sql).replace("clock_timestamp()", "NULL"), params)

    monkeypatch.setattr(clock, "held", lambda: None)
    monkeypatch.setattr(CursorWrapper, "execute", without_clock)
    answer = pipeline.post(URL, QUESTION)
    assert answer.status_code >= 401
    assert "token" not in answer.json()


def test_redis_down__the_gate_answers_as_before(
    pipeline: APIClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(throttling, "_quiet_until", 0.0)
    assert pipeline.post(URL, QUESTION).json()["decision"] == "allow"
    assert pipeline.post(URL, {**QUESTION, "version": "v9.9.9"}).json()["decision"] == "deny"


@pytest.mark.parametrize("pem", ["", "no key at all", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
def test_signing_key_unreadable__no_allow_leaves_and_none_is_kept(
    pipeline: APIClient,
    settings: Settings,
    tmp_path: Path,
    pem: str,
) -> None:
    settings.SIGNING_KEY = pem
    settings.DATA_DIR = tmp_path  # a key ring is read once for each place it may come from
    if not pem:
        (tmp_path / keys.KEPT_KEY).mkdir()
    before = decisions().count()
    refused(pipeline.post(URL, QUESTION), 503, "gate.cannot_sign")
    assert decisions().count() == before

    denied = pipeline.post(URL, {**QUESTION, "version": "v9.9.9"})
    assert denied.json()["decision"] == "deny"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE changes_changerequest SET risk_level = 'unheard'",
        'UPDATE changes_changerequest SET artifacts = \'[{"service": "billing-service", "odd": 1}]\'',
        "UPDATE people_grant SET role = 'emperor'",
        "UPDATE changes_changerequest SET release_type = 'enormous'",
    ],
)
def test_row_that_cannot_be_understood__is_never_an_allow(pipeline: APIClient, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("ALTER TABLE people_grant DROP CONSTRAINT grant_role_known")
        cursor.execute(statement)
    answer = pipeline.post(URL, QUESTION)
    assert answer.status_code >= 500 or answer.json()["decision"] != "allow"
    assert "token" not in answer.json()
