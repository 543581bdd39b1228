"""The audit trail over REST: only for auditors, as sealed, checked here and by a stranger (reliability.md section 5)."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from cybercube_portal import clock
from cybercube_portal.audit.actions.sealing import seal_all
from cybercube_portal.audit.models import Event
from cybercube_portal.record.api import audit
from tests.audit.conftest import VERIFIER
from tests.factories.people import Cast
from tests.record.conftest import Api, Happen, Session, first_bad

AUDIT = "/api/v1/audit/"
ROUTES = ("events/", f"events/{'0' * 8}-0000-4000-8000-{'0' * 12}/", "checkpoints/", "export/", "verify/")


def file_of(client: APIClient, query: str = "") -> bytes:
    answer: Any = client.get(f"{AUDIT}export/{query}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return b"".join(answer.streaming_content)


def sequences(file: bytes) -> list[int]:
    lines = [json.loads(line) for line in file.splitlines()]
    return [line["sequence"] for line in lines if line["type"] == "event"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("username", "key", "code"),
    [
        ("kim", {"scopes": ["audit"]}, None),
        ("kim", {}, None),
        ("kim", {"scopes": ["changes"]}, "key.scope_missing"),
        ("kim", None, None),
        ("admin", {"scopes": ["audit"]}, None),
        ("admin", None, None),
        ("alice", {"scopes": ["audit"]}, "permission.role_missing"),
        ("alice", None, "permission.role_missing"),
        ("bob", None, "permission.role_missing"),
        ("ci-payments", {}, "key.scope_missing"),
    ],
)
def test_audit__role_and_credential__only_auditors_get_in(
    *, api: Api, browser_session: Session, route: str, username: str, key: dict[str, Any] | None, code: str | None
) -> None:
    client = browser_session(username) if key is None else api(username, **key)
    answer = client.get(f"{AUDIT}{route}")
    if code is None:
        assert answer.status_code == (404 if route.startswith("events/0") else 200)
    else:
        assert answer.status_code == 403
        assert answer.json()["code"] == code


@pytest.mark.parametrize("route", ROUTES)
def test_audit__nobody__has_to_sign_in(cast: Cast, route: str) -> None:
    assert APIClient().get(f"{AUDIT}{route}").status_code == 401


def test_events__pages__newest_first_and_each_as_it_is_hashed(
    auditor: APIClient, history: list[Event], verifier: ModuleType
) -> None:
    first = auditor.get(f"{AUDIT}events/?page_size=5&verb=change.*").json()
    second = auditor.get(first["next"]).json()
    found = first["results"] + second["results"]
    assert [event["sequence"] for event in found] == [event.sequence for event in reversed(history)][:10]
    for event in found:
        claimed = event.pop("hash")
        assert hashlib.sha256(verifier.canonical(event)).hexdigest() == claimed
    assert found[0]["previous_hash"] == history[-2].hash
    assert found[0]["actor"] == {"kind": "person", "id": "alice", "key": None, "on_behalf_of": None}


def test_events__one__by_its_id(auditor: APIClient, history: list[Event]) -> None:
    answer = auditor.get(f"{AUDIT}events/{history[3].event_id}/")
    assert answer.json() == history[3].as_sealed()
    assert auditor.get(f"{AUDIT}events/no-id/").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("subject=service:billing-service", {"CR-1", "CR-2", "F-1"}),
        ("subject=CR-1", {"CR-1"}),
        ("verb=change.approved", {"CR-2"}),
        ("verb=change.*", {"CR-1", "CR-2"}),
        ("actor=alice", {"CR-1", "CR-2", "F-1"}),
        ("actor=alic", set()),
        ("actor=alice&object_type=freeze", {"F-1"}),
        ("object_id=CR-2", {"CR-2"}),
        ("actor=alice&sealed=true", {"CR-1", "CR-2"}),
        ("actor=alice&sealed=false", {"F-1"}),
        ("actor=alice&from=2026-01-14T11:00:00Z", {"CR-2", "F-1"}),
        ("actor=alice&to=2026-01-14T11:00:00Z", {"CR-1"}),
        ("from=2026-01-14T10:00:00Z&to=2026-01-14T10:00:00Z", set()),
    ],
)
def test_events__filters__every_one_given_has_to_fit(
    happen: Happen, clock_at: Any, auditor: APIClient, query: str, found: set[str]
) -> None:
    clock_at(datetime(2026, 1, 14, 10, tzinfo=UTC))
    happen("change.commented", object_id="CR-1")
    clock_at(datetime(2026, 1, 14, 11, tzinfo=UTC))
    happen("change.approved", object_id="CR-2")
    seal_all(now=clock.now)
    happen("freeze.created", object_id="F-1")
    answer = auditor.get(f"{AUDIT}events/?{query}")
    assert answer.status_code == 200, answer.json()
    assert {event["object_id"] for event in answer.json()["results"]} == found


@pytest.mark.parametrize(
    "query", ["verb=Change", "verb=change.appr*", "from=yesterday", "sealed=maybe", "who=alice", "subject=a%00b"]
)
def test_events__parameter_that_cannot_be_meant__refused(auditor: APIClient, query: str) -> None:
    assert auditor.get(f"{AUDIT}events/?{query}").status_code == 400


def test_checkpoints__signed__the_line_of_the_export(auditor: APIClient, history: list[Event]) -> None:
    (checkpoint,) = auditor.get(f"{AUDIT}checkpoints/").json()["results"]
    assert json.dumps(checkpoint, sort_keys=True, separators=(",", ":")).encode() in file_of(auditor).splitlines()
    assert checkpoint["head_hash"] == history[checkpoint["size"] - 1].hash


def test_export__whole_chain__a_stranger_verifies_it_and_finds_a_tampered_line(
    auditor: APIClient, history: list[Event], tmp_path: Path
) -> None:
    file = tmp_path / "audit.jsonl"
    file.write_bytes(file_of(auditor))

    def verify() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(VERIFIER), str(file)], capture_output=True, text=True, check=False)

    holds = verify()
    assert holds.returncode == 0
    assert holds.stdout.startswith(f"HOLDS: {len(history)} events, 1 checkpoints")
    bad = history[4].sequence
    assert bad is not None
    file.write_bytes(file.read_bytes().replace(b'"number":3', b'"number":4'))
    broken = verify()
    assert broken.returncode == 1
    assert f"sequence {bad}: was changed" in broken.stdout


def test_export__part__starts_at_a_checkpoint_and_ends_where_asked(
    auditor: APIClient, history: list[Event], verifier: ModuleType
) -> None:
    size = len(history)
    signed = auditor.get(f"{AUDIT}checkpoints/").json()["results"][0]["size"]
    for query, expected in (
        (f"?from={signed + 2}", range(signed + 1, size + 1)),
        ("?to=5", range(1, 6)),
        (f"?to={signed}", range(1, signed + 1)),
        (f"?from={signed + 2}&to={signed + 3}", range(signed + 1, signed + 4)),
        (f"?from=2&to={size + 100}", range(1, size + 1)),
    ):
        file = file_of(auditor, query)
        assert sequences(file) == list(expected), query
        assert first_bad(verifier, file) is None, query
        lines = file.splitlines(keepends=True)
        assert first_bad(verifier, b"".join([*lines[:-2], lines[-1]])), query


@pytest.mark.parametrize(
    ("query", "status"), [("from=0", 400), ("to=x", 400), ("from=3&to=2", 422), ("from=1&until=2", 400)]
)
def test_export__range_that_cannot_be_meant__refused(auditor: APIClient, query: str, status: int) -> None:
    for route in ("export/", "verify/"):
        assert auditor.get(f"{AUDIT}{route}?{query}").status_code == status


def test_verify__untouched__holds(auditor: APIClient, history: list[Event]) -> None:
    answer = auditor.get(f"{AUDIT}verify/").json()
    size = len(history)
    assert answer == {
        "holds": True,
        "from": 1,
        "to": size,
        "size": size,
        "head_hash": history[-1].hash,
        "checkpoints": 1,
        "next": None,
        "broken": None,
    }


def test_verify__longer_than_one_walk__goes_on_at_next(
    auditor: APIClient, history: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "LONGEST_WALK", 5)
    walked: list[int] = []
    answer = {"next": 1}
    while answer["next"]:
        answer = auditor.get(f"{AUDIT}verify/?from={answer['next']}").json()
        assert answer["holds"]
        walked += range(answer["from"], answer["to"] + 1)
    assert walked == [event.sequence for event in history]
    assert auditor.get(f"{AUDIT}verify/?from={len(history) + 2}").json()["errors"][0]["pointer"] == "/from"


def tamper(statement: str, *values: int) -> None:
    """As somebody with the database's own password."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = DEFAULT")


@pytest.mark.parametrize("query", ["", "?from=4", "?from=4&to=7"])
def test_verify__row_changed__named(auditor: APIClient, history: list[Event], query: str) -> None:
    tamper("UPDATE audit_event SET verb = 'change.approved' WHERE sequence = %s", 6)
    answer = auditor.get(f"{AUDIT}verify/{query}").json()
    assert not answer["holds"]
    assert answer["broken"]["sequence"] == 6
    assert answer["broken"]["finding"].startswith("was changed")
    assert (answer["to"], answer["head_hash"], answer["next"]) == (5, history[4].hash, None)


@pytest.mark.parametrize(
    ("query", "missing", "named"),
    [("", 6, 6), ("?to=6", 6, 6), ("?from=7", 6, 6), ("?from=3&to=8", 6, 6)],
)
def test_verify__row_deleted__named(
    auditor: APIClient, history: list[Event], query: str, missing: int, named: int
) -> None:
    tamper("DELETE FROM audit_event WHERE sequence = %s", missing)
    answer = auditor.get(f"{AUDIT}verify/{query}").json()
    assert answer["broken"]["sequence"] == named
    assert answer["broken"]["finding"].startswith("missing")


def test_verify__end_cut_off__a_checkpoint_remembers(auditor: APIClient, history: list[Event]) -> None:
    signed = auditor.get(f"{AUDIT}checkpoints/").json()["results"][0]["size"]
    tamper("DELETE FROM audit_event WHERE sequence >= %s", signed)
    assert auditor.get(f"{AUDIT}verify/").json()["broken"]["sequence"] == signed
