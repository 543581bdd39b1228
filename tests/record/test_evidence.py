"""Evidence packs: everything about a change or a period in one zip, which a stranger can check."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from changes.actions.content import edit_change
from changes.models import ChangeRequest
from changes.proposals import ArtifactName
from changes.selectors.changes import get_change
from cybercube_portal.audit import keys
from cybercube_portal.audit.actions.sealing import seal_all
from cybercube_portal.audit.models import Event
from releases.models import Incident
from tests.audit.conftest import VERIFIER
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
    assert "cybercube audit verify PACK.zip" in readme
    assert [name for name in files if name not in readme and name != "README.txt" and "signed/" not in name] == []


def test_change__pack__stands_for_a_place_in_the_chain_and_what_was_just_recorded_is_sealed_for_it(
    auditor: APIClient, change: ChangeRequest, verifier: ModuleType
) -> None:
    assert Event.objects.filter(sequence=None).exists()
    files = pack_of(auditor, change.number)

    manifest = json.loads(files["manifest.json"])
    head = Event.objects.filter(sequence__isnull=False).latest("sequence")
    assert (manifest["stands_for"]["sequence"], manifest["stands_for"]["hash"]) == (head.sequence, head.hash)
    assert (manifest["changes"], manifest["moved_on"], manifest["period"]) == ([change.number], [], None)
    told = [json.loads(line)["sequence"] for line in files["audit/events.jsonl"].splitlines()]
    assert told == sorted(told)
    assert max(told) <= head.sequence
    assert first_bad(verifier, files["audit/chain.jsonl"]) is None


def test_change__pack__holds_each_content_that_was_signed_under_its_own_hash(
    auditor: APIClient, cast: Cast, now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    clock_at(now)
    story.artifact(story.service(SERVICE), VERSION, at=now)
    change = story.in_review(now=now, artifacts=(NAMED,))
    answers = {**change.risk_answers, "infrastructure": True}
    alice = story.actor("alice")
    precise = {"scheduled_time": now + 3 * DAY + timedelta(microseconds=392_967)}
    for edit in ({"description": "Née à Zürich: ½ <b>"}, {"answers": answers, "raised_to": "high", **precise}):
        change = get_change(change.number)
        edit_change(number=change.number, version=change.version, changes=edit, actor=alice, now=now)
    files = pack_of(auditor, change.number)

    signed = {name: files[name] for name in files if name.startswith("signed/")}
    assert len(signed) == 3
    assert {f"signed/{hashlib.sha256(text).hexdigest()}.json" for text in signed.values()} == set(signed)
    assert "scheduled_time" in json.loads(signed[f"signed/{get_change(change.number).content_hash}.json"])


def test_change__pack__reads_as_a_page_that_asks_nothing_of_the_web(
    auditor: APIClient, change: ChangeRequest, now: datetime
) -> None:
    ChangeRequest.objects.filter(pk=change.pk).update(description="<script>alert(1)</script>")
    row = deployed(VERSION, at=now, change=change.number)
    back = deployed("v2.3.0", at=now, action="rollback", rolls_back=row)
    incident = Incident.objects.create(
        reference="INC-7",
        service=row.service,
        environment="prd",
        title="Orders <b>fail</b>",
        source="person",
        deployment=row.reference,
        detected_at=now,
    )
    files = pack_of(auditor, change.number)
    page, index = files["record.html"].decode(), files["index.html"].decode()

    assert [shown["id"] for shown in json.loads(files["deployments.json"])] == [row.reference, back.reference]
    for told in (
        change.number,
        "Bob",
        row.reference,
        back.reference,
        incident.reference,
        change.content_hash,
        "coverage 91.5",
    ):
        assert told in page, told
    assert json.loads(files["incidents.json"])[0]["id"] == "INC-7"
    assert f'<a href="record.html">{change.number}</a>' in index
    assert "<script" not in page + index
    assert "http" not in page + index


def verified(tmp_path: Path, files: dict[str, bytes], *options: str) -> tuple[int, str]:
    """What the stranger's command says of a pack with these files."""
    path = tmp_path / "pack.zip"
    with zipfile.ZipFile(path, "w") as pack:
        for name, content in files.items():
            pack.writestr(name, content)
    command = [sys.executable, str(VERIFIER.with_name("evidence_verify.py")), *options, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def resummed(files: dict[str, bytes]) -> dict[str, bytes]:
    """As somebody would do it who knows how the pack is made, and has no key."""
    names = [name for name in files if not name.startswith("SHA256SUMS")]
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in names)
    return {**files, "SHA256SUMS": sums.encode()}


def test_change__pack__is_checked_by_one_command_that_finds_whatever_was_done_to_it(
    auditor: APIClient, change: ChangeRequest, tmp_path: Path
) -> None:
    files = pack_of(auditor, change.number)
    code, said = verified(tmp_path, files)
    assert (code, said.split(":")[0]) == (0, "HOLDS"), said
    content = next(name for name in files if name.startswith("signed/"))
    without = {name: text for name, text in files.items() if name != content}
    approvals = files["approvals.json"].replace(b'"given"', b'"refused"')
    events = b"".join(files["audit/events.jsonl"].splitlines(keepends=True)[1:])
    rewritten = files["audit/events.jsonl"].replace(b'"alice"', b'"mallory"')
    stranger = tmp_path / "jwks.json"
    stranger.write_text(json.dumps(other_keys()))
    for what, broken, says in (
        ("changed", {**files, "approvals.json": approvals}, "approvals.json: was changed"),
        ("left out", without, f"{content}: missing"),
        ("put beside", {**files, "more.txt": b"x"}, "more.txt: stands beside what was signed"),
        ("changed and summed again", resummed({**files, "approvals.json": approvals}), "SHA256SUMS: is not what was"),
        ("an event left out", resummed({**files, "audit/events.jsonl": events}), "SHA256SUMS: is not what was signed"),
        ("an event rewritten", resummed({**files, "audit/events.jsonl": rewritten}), "SHA256SUMS: is not what was"),
        ("no manifest", {name: text for name, text in files.items() if name != "manifest.json"}, "manifest.json: miss"),
        ("no chain", resummed({**files, "audit/chain.jsonl": b""}), "audit/chain.jsonl at line 1"),
    ):
        code, said = verified(tmp_path, broken)
        assert code == 1, what
        assert says in said, what
    assert verified(tmp_path, files, "--jwks", str(stranger))[0] == 1


def other_keys() -> dict[str, Any]:
    """A key set of somebody else."""
    x = base64.urlsafe_b64encode(hashlib.sha256(b"somebody").digest()).rstrip(b"=").decode()
    thumb = hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest()
    return {
        "keys": [{"kty": "OKP", "crv": "Ed25519", "x": x, "kid": base64.urlsafe_b64encode(thumb).rstrip(b"=").decode()}]
    }


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
    auditor: APIClient, change: ChangeRequest, now: datetime, verifier: ModuleType, tmp_path: Path
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
    assert {
        f"changes/{number}/record.html" in files["index.html"].decode() for number in (change.number, other.number)
    } == {True}
    assert json.loads(files["manifest.json"])["changes"] == [change.number, other.number]
    assert verified(tmp_path, files)[0] == 0
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
