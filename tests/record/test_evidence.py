"""Evidence packs: everything about a change or a period in one zip, which a stranger can check."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
import yaml
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from changes.models import ChangeRequest
from changes.proposals import ArtifactName
from cybercube_portal.audit import keys
from cybercube_portal.audit.actions.sealing import seal_all
from tests.factories import changes as story
from tests.factories.deployments import deployed
from tests.factories.people import Cast
from tests.record.conftest import Api, first_bad
from tests.releases.asking import SERVICE, VERSION, prove

NAMED = ArtifactName(service=SERVICE, version=VERSION)
DAY = timedelta(days=1)
PERIOD = "/api/v1/audit/evidence/"


@pytest.fixture
def change(cast: Cast, now: datetime, clock_at: Callable[[datetime], datetime]) -> ChangeRequest:
    """Approved, asked about at the gate, and deployed."""
    clock_at(now)
    artifact = story.artifact(story.service(SERVICE), VERSION, at=now)
    prove(artifact, "test", at=now, summary={"coverage": 12.0})
    prove(artifact, "test", at=now, summary={"coverage": 91.5})
    return story.approved(now=now, artifacts=(NAMED,))


def entries(answer: Any) -> dict[str, bytes]:
    assert answer.status_code == 200, answer.content
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as pack:
        assert pack.testzip() is None
        return {name: pack.read(name) for name in pack.namelist()}


def pack_of(client: APIClient, number: str) -> dict[str, bytes]:
    return entries(client.get(f"/api/v1/changes/{number}/evidence/"))


def period(client: APIClient, start: datetime, end: datetime, **more: str) -> Any:
    moments = {"from": start.isoformat(), "to": end.isoformat()}
    return client.get(PERIOD, {**moments, **more})


def test_change__pack__holds_what_was_signed_asked_deployed_and_recorded(
    api: Api, auditor: APIClient, change: ChangeRequest, now: datetime
) -> None:
    question = {"service": SERVICE, "version": VERSION, "environment": "prd", "change": change.number}
    asked = api("ci-payments").post("/api/v1/gate/decisions/", question).json()
    row = deployed(VERSION, at=now, change=change.number)
    files = pack_of(auditor, change.number)

    assert yaml.safe_load(files["record.yaml"])["change_id"] == change.number
    assert json.loads(files["change.json"])["rollback_plan"] == change.rollback_plan
    signatures = json.loads(files["approvals.json"])["approvals"]["signatures"]
    assert [(signature["by"], signature["state"]) for signature in signatures] == [("bob", "given")]
    (decision,) = json.loads(files["gate-decisions.json"])
    assert decision["answer"]["id"] == asked["id"]
    assert decision["answer"]["reasons"] == asked["reasons"]
    assert decision["turns"][0]["outcome"] == asked["decision"]
    assert [shown["id"] for shown in json.loads(files["deployments.json"])] == [row.reference]
    (artifact,) = json.loads(files["artifacts.json"])
    assert [report["summary"] for report in artifact["reports"]] == [{"coverage": 12.0}, {"coverage": 91.5}]
    verbs = [json.loads(line)["verb"] for line in files["audit/events.jsonl"].splitlines()]
    assert verbs[:4] == ["change.created", "change.submitted", "change.signed", "change.approved"]


def test_change__pack__can_be_checked_without_the_portal(
    auditor: APIClient, change: ChangeRequest, verifier: ModuleType
) -> None:
    seal_all(now=lambda: change.created_at)
    files = pack_of(auditor, change.number)

    lines = [line.split("  ") for line in files["SHA256SUMS"].decode().splitlines()]
    sums = {name: digest for digest, name in lines}
    assert set(sums) == set(files) - {"SHA256SUMS", "SHA256SUMS.jws"}
    assert all(hashlib.sha256(files[name]).hexdigest() == digest for name, digest in sums.items())
    signed = keys.verify_jws(files["SHA256SUMS.jws"].decode().strip(), typ="evidence-pack+jws")
    assert signed["sums"] == hashlib.sha256(files["SHA256SUMS"]).hexdigest()
    assert first_bad(verifier, files["audit/chain.jsonl"]) is None
    chain = {json.loads(line).get("hash") for line in files["audit/chain.jsonl"].splitlines()}
    told = [json.loads(line) for line in files["audit/events.jsonl"].splitlines()]
    assert told
    assert {event["hash"] for event in told} <= chain
    key = files["SHA256SUMS.jws"].decode().split(".")[0]
    header = json.loads(base64.urlsafe_b64decode(key + "=="))
    assert header["kid"] in {jwk["kid"] for jwk in json.loads(files["audit/chain.jsonl"].splitlines()[0])["keys"]}


def test_change__pack__says_in_its_readme_what_it_is_and_how_to_check_it(
    auditor: APIClient, change: ChangeRequest
) -> None:
    files = pack_of(auditor, change.number)
    readme = files["README.txt"].decode()

    assert change.number in readme
    assert "cybercube audit verify audit/chain.jsonl" in readme
    assert [name for name in files if name not in readme and name != "README.txt"] == []


def test_change__events_not_sealed_yet__are_in_the_pack_without_a_sequence(
    auditor: APIClient, change: ChangeRequest, verifier: ModuleType
) -> None:
    files = pack_of(auditor, change.number)

    assert {json.loads(line)["sequence"] for line in files["audit/events.jsonl"].splitlines()} == {None}
    assert first_bad(verifier, files["audit/chain.jsonl"]) is None


def test_change__of_a_version_that_was_never_built__the_pack_says_so(
    cast: Cast, auditor: APIClient, now: datetime
) -> None:
    story.service(SERVICE)
    change = story.draft(now=now, artifacts=(NAMED,))

    (artifact,) = json.loads(pack_of(auditor, change.number)["artifacts.json"])
    assert artifact["registered"] is False


@pytest.mark.parametrize("username", ["alice", "bob", "ivan", "ci-payments"])
def test_packs__whoever_is_no_auditor__are_refused(
    api: Api, change: ChangeRequest, now: datetime, username: str
) -> None:
    client = api(username)

    assert client.get(f"/api/v1/changes/{change.number}/evidence/").status_code == 403
    assert period(client, now - DAY, now).status_code == 403


def test_change__unknown__404(auditor: APIClient) -> None:
    assert auditor.get("/api/v1/changes/CR-2026-0117-999/evidence/").status_code == 404


def test_period__pack__has_a_register_and_the_evidence_of_each_change(
    auditor: APIClient, change: ChangeRequest, now: datetime, verifier: ModuleType
) -> None:
    story.service("search-api", team="search")
    other = story.draft(now=now + 2 * DAY, by="oscar", services=("search-api",), artifacts=(), title="=1+1")
    seal_all(now=lambda: now)
    files = entries(period(auditor, now - DAY, now + 3 * DAY))
    only = entries(period(auditor, now - DAY, now + 3 * DAY, service="search-api"))
    early = entries(period(auditor, now - DAY, now + DAY))

    rows = list(csv.DictReader(io.StringIO(files["changes.csv"].decode())))
    assert [row["number"] for row in rows] == [change.number, other.number]
    assert rows[1]["title"] == "'=1+1"
    assert {name.split("/")[1] for name in files if name.startswith("changes/")} == {change.number, other.number}
    assert json.loads(files[f"changes/{change.number}/change.json"])["number"] == change.number
    assert first_bad(verifier, files["audit/chain.jsonl"]) is None
    assert f"changes/{other.number}/record.yaml" in only
    assert f"changes/{change.number}/record.yaml" not in only
    assert f"changes/{other.number}/record.yaml" not in early


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, 400),
        ({"from": "2026-01-01T00:00:00Z"}, 400),
        ({"from": "2026-01-01", "to": "2026-02-01"}, 400),
        ({"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, 422),
        ({"from": "2024-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, 422),
        ({"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "service": "nothing"}, 404),
        ({"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "services": "x"}, 400),
    ],
)
def test_period__that_is_none__is_refused(auditor: APIClient, asked: dict[str, str], code: int) -> None:
    assert auditor.get(PERIOD, asked).status_code == code


def test_period__with_more_changes_than_a_pack_holds__is_refused_and_not_cut(
    auditor: APIClient, cast: Cast, now: datetime, settings: Settings
) -> None:
    settings.EVIDENCE_AT_ONCE = 1
    story.service(SERVICE)
    for _ in range(2):
        story.draft(now=now, artifacts=())

    answer = period(auditor, now - DAY, now + DAY)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "evidence.too_many"
