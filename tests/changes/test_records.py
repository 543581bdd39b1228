"""The change record of §6.6, out and in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from rest_framework.test import APIClient

from changes.actions.changes import finish_change, start_change
from changes.models import ChangeRequest, Signature
from changes.yaml_text import LARGEST
from tests.factories import changes as story

CHANGES = "/api/v1/changes/"
Client = Callable[..., APIClient]

# Printed in §6.6, to the letter.
STANDARD = """\
# Change Request Template
change_id: CR-2026-0117-001
title: "Deploy billing-service v2.3.1"
type: normal
status: approved

requester:
  name: Alice Engineer
  email: alice@cybercube.software
  date: 2026-01-17T10:00:00Z

change:
  description: |
    Deploy billing-service v2.3.1 which includes:
    - Fix for EU tax calculation (CC-5678)
    - Performance improvements
  
  services_affected:
    - billing-service
  
  environments:
    - staging
    - production
  
  scheduled_time: 2026-01-17T14:00:00Z
  estimated_duration: 30m

risk_assessment:
  level: low
  factors:
    - No database changes
    - No API changes
    - Rollback tested
  
impact:
  customers: none
  downtime: none
  data: none

rollback_plan: |
  1. Revert to billing-service:v2.3.0
  2. Verify health checks
  3. Monitor error rates

approvals:
  - name: Bob Lead
    role: Tech Lead
    date: 2026-01-17T11:00:00Z
    decision: approved

implementation:
  started: null
  completed: null
  implementer: null
  notes: null
"""  # noqa: W293 - as it is printed


@pytest.fixture
def alice(client_of: Client, held: datetime) -> APIClient:
    return client_of("alice")


def bring(client: APIClient, text: str | bytes) -> Any:
    return client.post(f"{CHANGES}import/", text, content_type="application/yaml")


def record_of(client: APIClient, number: str) -> dict[str, Any]:
    answer = client.get(f"{CHANGES}{number}/record/")
    assert answer.headers["Content-Type"] == "application/yaml; charset=utf-8"
    record: dict[str, Any] = yaml.safe_load(answer.content)
    return record


def test_record__of_a_change__has_the_standards_members_in_its_order(
    alice: APIClient, now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    change = story.approved(now=now)
    later = clock_at(now + timedelta(hours=26))
    start_change(number=change.number, actor=story.actor("alice"), now=later)
    finish_change(number=change.number, actor=story.actor("alice"), now=later, notes="Quick")

    record, standard = record_of(alice, change.number), yaml.safe_load(STANDARD)

    def names(value: Any) -> Any:
        if isinstance(value, dict):
            return [(name, names(inner)) for name, inner in value.items()]
        return [names(value[0])] if isinstance(value, list) and isinstance(value[0], dict) else None

    assert names(record) == names(standard)
    assert record["change_id"] == change.number
    assert record["status"] == "verifying"
    assert record["approvals"] == [{"name": "Bob Baker", "role": "Tech lead", "date": now, "decision": "approved"}]
    assert record["implementation"] == {
        "started": later,
        "completed": later,
        "implementer": "Alice Arnold",
        "notes": "Quick",
    }


def test_record__asked_for_as_json__the_same(alice: APIClient, now: datetime) -> None:
    change = story.draft(now=now)
    answer = alice.get(f"{CHANGES}{change.number}/record/", headers={"Accept": "application/json"})
    assert answer.json()["requester"]["date"] == "2026-01-14T10:00:00Z"
    assert answer.json()["change"]["estimated_duration"] == "30m"


def test_record__of_an_emergency__names_who_authorised_it(alice: APIClient, now: datetime) -> None:
    change = story.authorised(now=now)
    assert record_of(alice, change.number)["approvals"] == [
        {"name": "Heidi Holm", "role": "Emergency approver", "date": now, "decision": "approved"}
    ]


def test_import__standards_own_example__round_trip(alice: APIClient) -> None:
    answer = bring(alice, STANDARD)

    assert answer.status_code == 201, answer.json()
    shown = answer.json()
    record, standard = record_of(alice, shown["number"]), yaml.safe_load(STANDARD)
    for same in ("title", "type", "impact", "rollback_plan", "implementation"):
        assert record[same] == standard[same]
    assert record["change"] == {**standard["change"], "environments": ["stg", "prd"]}
    assert record["risk_assessment"]["level"] == "low"
    again = bring(alice, alice.get(f"{CHANGES}{shown['number']}/record/").content).json()
    unchanged = {name: record_of(alice, again["number"])[name] for name in record if name != "change_id"}
    assert unchanged == {name: value for name, value in record.items() if name != "change_id"}


def test_import__approvals_in_it__claims_that_count_for_nothing(alice: APIClient) -> None:
    shown = bring(alice, STANDARD).json()

    assert shown["state"] == "draft"
    assert shown["number"] == "CR-2026-0114-001"
    assert shown["requester"]["username"] == "alice"
    assert shown["approvals"]["complete"] is False
    assert shown["approvals"]["signatures"] == []
    assert not Signature.objects.exists()
    assert shown["claims"]["change_id"] == "CR-2026-0117-001"
    assert shown["claims"]["status"] == "approved"
    assert shown["claims"]["approvals"][0]["name"] == "Bob Lead"
    assert [event["verb"] for event in shown["history"]] == ["change.imported"]


def test_import__questions_of_the_risk__stay_to_be_answered(alice: APIClient) -> None:
    shown = bring(alice, STANDARD).json()
    assert set(shown["risk_assessment"]["answers"].values()) == {None}
    assert alice.post(f"{CHANGES}{shown['number']}/submit/").json()["code"] == "risk.question_open"


def test_import__level_above_low__kept_as_peoples_choice(alice: APIClient) -> None:
    shown = bring(alice, STANDARD.replace("level: low", "level: high")).json()
    assert (shown["risk_assessment"]["level"], shown["risk_assessment"]["raised_to"]) == ("high", "high")


def test_import__as_json__taken_too(alice: APIClient) -> None:
    record = yaml.safe_load(STANDARD)
    record["requester"]["date"] = record["approvals"][0]["date"] = None
    record["change"]["scheduled_time"] = "2026-01-17T14:00:00Z"
    answer = alice.post(f"{CHANGES}import/", record)
    assert answer.status_code == 201, answer.json()


def test_import__words_yaml_1_1_would_turn_into_something_else__stay_words(alice: APIClient) -> None:
    text = STANDARD.replace("customers: none", "customers: no").replace("downtime: none", "downtime: 1:30")
    shown = bring(alice, text).json()
    assert shown["impact"] == {"customers": "no", "downtime": "1:30", "data": "none"}


@pytest.mark.parametrize(
    ("text", "pointer", "word"),
    [
        (STANDARD.replace("rollback_plan:", "rolback_plan:"), "/rolback_plan", "'rollback_plan'"),
        (STANDARD.replace("  services_affected:", "  services:"), "/change/services", "services"),
        (STANDARD.replace("    decision:", "    decisoin:"), "/approvals/0/decisoin", "'decision'"),
        (STANDARD.replace("type: normal", "type: 7"), "/type", "a text"),
        (STANDARD.replace("estimated_duration: 30m", "estimated_duration: 30"), "/change/estimated_duration", "30m"),
        (STANDARD.replace("    - billing-service", "    - 12"), "/change/services_affected/0", "a text"),
        ("title: x\n", "/type", "required"),
        ("- a\n- b\n", "", "dictionary"),
        ("", "/title", "required"),
    ],
)
def test_import__not_the_standards_record__400_at_its_place(
    alice: APIClient, text: str, pointer: str, word: str
) -> None:
    answer = bring(alice, text)
    assert answer.status_code == 400, answer.json()
    errors = {error["pointer"]: error["message"] for error in answer.json()["errors"]}
    assert word in errors[pointer]
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize(
    ("text", "pointer", "code"),
    [
        (STANDARD.replace("- billing-service", "- billing-servce"), "/change/services_affected/0", "service.unknown"),
        (STANDARD.replace("- staging", "- moon"), "/change/environments/0", "environment.unknown"),
        (STANDARD.replace("2026-01-17T14", "2025-01-17T14"), "/change/scheduled_time", "schedule.slot_in_past"),
    ],
)
def test_import__against_the_standard__422_at_the_records_own_member(
    alice: APIClient, text: str, pointer: str, code: str
) -> None:
    answer = bring(alice, text)
    assert answer.status_code == 422, answer.json()
    assert (pointer, code) in {(error["pointer"], error["code"]) for error in answer.json()["errors"]}


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "status", "word"),
    [
        (LAUGHS, 400, "aliases"),
        ("title: !!python/object/apply:os.system ['true']\n", 400, "tag"),
        ("title: !!binary aGk=\n", 400, "tag"),
        ("title: a\ntitle: b\n", 400, "twice"),
        ("title: [" + "[" * 5000, 400, "deep"),
        ("x:\n" + "- 1\n" * 20_000, 400, "5000"),
        ("a: 1\n---\nb: 2\n", 400, "one YAML document"),
        ("title: a: b\n", 400, "line 1"),
        ('title: "\\0"\n', 400, "cannot be stored"),
        ("? [a]\n: b\n", 400, "not a text"),
        ("title: " + "9" * 5000 + "\n", 400, "too long"),
        (b"title: \xff\n", 400, "UTF-8"),
        ("title: " + "x" * LARGEST, 413, "256 KiB"),
    ],
)
def test_import__hostile_yaml__refused_before_it_does_harm(
    alice: APIClient, text: str | bytes, status: int, word: str
) -> None:
    answer = bring(alice, text)
    assert (answer.status_code, word in answer.json()["detail"]) == (status, True), answer.json()
    assert not ChangeRequest.objects.exists()


def test_import__sent_twice_with_one_key__one_change(alice: APIClient) -> None:
    for _ in range(2):
        answer = alice.generic(
            "POST",
            f"{CHANGES}import/",
            STANDARD,
            content_type="application/yaml",
            headers={"Idempotency-Key": "record-1"},
        )
        assert answer.status_code == 201
    assert ChangeRequest.objects.count() == 1


def test_import__hand_written_texts__survive_the_round_trip(alice: APIClient) -> None:
    record = yaml.safe_load(STANDARD)
    texts = [
        "null",
        "yes",
        "2026-01-17",
        "- a\n- b\n",
        "  leads",
        "trails  \n\n",
        "#",
        "'",
        '"\\',
        "ünï ☃",
        "a: b",
        "|\n>",
    ]
    for text in texts:
        record["rollback_plan"] = text
        number = bring(alice, yaml.safe_dump(record)).json()["number"]
        assert record_of(alice, number)["rollback_plan"] == text
    assert ChangeRequest.objects.filter(created_at=datetime(2026, 1, 14, 10, tzinfo=UTC)).count() == len(texts)
