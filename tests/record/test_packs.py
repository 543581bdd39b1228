"""Evidence packs of many changes: promised, made step by step by a worker, waited for and fetched."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from changes.actions.content import edit_change
from changes.models import ChangeRequest
from cybercube_portal import clock
from cybercube_portal.audit.models import Event, Intent
from cybercube_portal.audit.states import OPEN_INTENTS
from cybercube_portal.audit.tasks import work_intent
from cybercube_portal.people.models import Grant
from cybercube_portal.record.actions import packs
from cybercube_portal.record.models import EvidencePack, EvidencePart
from tests.factories import changes as story
from tests.factories.people import Cast
from tests.record.conftest import Session

DAY = timedelta(days=1)
PACKS = "/api/v1/audit/packs/"


@pytest.fixture(autouse=True)
def drafts(
    cast: Cast,
    now: datetime,
    clock_at: Callable[[datetime], datetime],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> list[ChangeRequest]:
    """Three of them, where a pack made at once holds one, and a step of a worker two."""
    clock_at(now)
    settings.EVIDENCE_AT_ONCE = 1
    monkeypatch.setattr(packs, "AT_A_TIME", 2)
    story.service()
    return [story.draft(now=now, artifacts=()) for _ in range(3)]


def period(now: datetime) -> dict[str, str]:
    return {"from": (now - DAY).isoformat(), "to": (now + DAY).isoformat()}


def ask(client: APIClient, now: datetime, **more: str) -> Any:
    return client.post(PACKS, {**period(now), **more})


def step() -> None:
    """What a worker does when its bell rings once."""
    intent = Intent.objects.filter(kind=packs.BUILD, state__in=OPEN_INTENTS).earliest("pk")
    intent.not_before = clock.now()
    intent.save()
    work_intent(intent.pk)


def entries(answer: Any) -> dict[str, bytes]:
    assert answer.status_code == 200, answer.content
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as pack:
        return {name: pack.read(name) for name in pack.namelist()}


def test_pack__asked_for__is_made_step_by_step_and_holds_what_one_made_at_once_holds(
    auditor: APIClient, drafts: list[ChangeRequest], now: datetime, settings: Settings
) -> None:
    asked = ask(auditor, now)
    assert asked.status_code == 202
    address = asked.headers["Location"]
    told = [auditor.get(address).json()]
    while told[-1]["state"] == "being_made":
        assert auditor.get(f"{address}file/").status_code == 409, "a pack that is not ready is not sent in part"
        step()
        told.append(auditor.get(address).json())
    assert [(row["done"], row["state"]) for row in told] == [
        (0, "being_made"),
        (2, "being_made"),
        (3, "being_made"),
        (3, "ready"),
    ]
    answer: Any = auditor.get(told[-1]["file_url"])
    content = b"".join(answer.streaming_content)
    assert int(answer.headers["Content-Length"]) == len(content) == told[-1]["size"]
    assert hashlib.sha256(content).hexdigest() == told[-1]["sha256"]

    files = entries(auditor.get(told[-1]["file_url"]))
    settings.EVIDENCE_AT_ONCE = 200
    at_once = entries(auditor.get("/api/v1/audit/evidence/", period(now)))
    assert list(files) == list(at_once), "made at once or by a worker, a pack is the same"
    same = [name for name in files if name.startswith("changes") and not name.endswith(("change.json", "record.html"))]
    assert len(same) > len(drafts)
    assert [name for name in same if files[name] != at_once[name]] == []
    sums = {line.split("  ")[1]: line.split("  ")[0] for line in files["SHA256SUMS"].decode().splitlines()}
    assert {name: hashlib.sha256(files[name]).hexdigest() for name in sums} == sums
    verbs = Event.objects.filter(object_id=told[0]["id"]).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["evidence_pack.requested", "evidence_pack.finished"]


def test_pack__whose_changes_move_while_it_is_made__stands_for_the_moment_it_was_asked_for(
    auditor: APIClient, drafts: list[ChangeRequest], now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    alice, (early, _quiet, late) = story.actor("alice"), drafts
    address = ask(auditor, now).headers["Location"]
    head = Event.objects.filter(sequence__isnull=False).latest("sequence")
    told = auditor.get(address).json()
    assert (told["as_of_sequence"], told["as_of_hash"]) == (head.sequence, head.hash)
    step()
    clock_at(now + timedelta(minutes=2))
    for row in (early, late):
        edit_change(number=row.number, version=1, changes={"title": "Moved on"}, actor=alice, now=clock.now())
    story.draft(now=clock.now(), artifacts=())
    for _ in range(2):
        step()
    files = entries(auditor.get(f"{address}file/"))
    manifest = json.loads(files["manifest.json"])
    assert manifest["stands_for"]["hash"] == head.hash
    assert manifest["changes"] == [row.number for row in drafts], "a change filed later is no part of it"
    # What was read before it moved is as it was; what moved before it was read says so, and with what.
    (moved,) = manifest["moved_on"]
    assert (moved["number"], [event["verb"] for event in moved["events"]]) == (late.number, ["change.edited"])
    assert json.loads(files[f"changes/{early.number}/change.json"])["title"] == early.title
    (later,) = [json.loads(line) for line in files[f"changes/{late.number}/later-events.jsonl"].splitlines()]
    assert (later["before"]["title"], later["after"]["title"]) == (late.title, "Moved on")
    assert f"changes/{early.number}/later-events.jsonl" not in files
    assert files["changes.csv"].count(b"Moved on") == 1
    recorded = [
        json.loads(line) for name in files if name.endswith("/events.jsonl") for line in files[name].splitlines()
    ]
    assert {event["verb"] for event in recorded} == {"change.created"}
    assert max(event["sequence"] for event in recorded) <= head.sequence
    chain = [json.loads(line) for line in files["audit/chain.jsonl"].splitlines()]
    assert chain[-1]["size"] <= head.sequence


def test_pack__of_a_step_that_broke__goes_on_where_it_was(
    auditor: APIClient, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = ask(auditor, now).headers["Location"]
    step()
    with monkeypatch.context() as broken:
        broken.setattr(packs, "AT_A_TIME", None)
        step()
    assert auditor.get(address).json()["done"] == 2
    step()
    step()
    files = entries(auditor.get(f"{address}file/"))
    assert len([name for name in files if name.endswith("record.yaml")]) == 3


def test_pack__that_breaks_each_time__says_so_and_can_be_asked_for_again(
    auditor: APIClient, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = ask(auditor, now).headers["Location"]
    with monkeypatch.context() as broken:
        broken.setattr(packs, "AT_A_TIME", None)
        for _ in range(4):
            step()
    told = auditor.get(address).json()
    assert (told["state"], told["problem"], told["file_url"]) == ("failed", packs.BROKEN, None)
    assert ask(auditor, now).headers["Location"] != address


def test_pack__for_somebody_who_is_no_auditor_by_then__is_not_made(
    auditor: APIClient, api: Callable[..., APIClient], now: datetime
) -> None:
    address = ask(auditor, now).headers["Location"]
    step()
    Grant.objects.filter(user__username="kim").update(revoked_at=now)
    step()
    told = api("admin", scopes=["audit"]).get(address).json()
    assert told["state"] == "failed"
    assert not EvidencePart.objects.exists(), "nothing of it is left"


def test_pack__asked_for_twice__is_one_and_a_fourth_has_to_wait(auditor: APIClient, now: datetime) -> None:
    first = ask(auditor, now)
    assert ask(auditor, now).json()["id"] == first.json()["id"]
    for day in (2, 3):
        ask(auditor, now, to=(now + day * DAY).isoformat())
    refused = ask(auditor, now, to=(now + 4 * DAY).isoformat())
    assert (refused.status_code, refused.json()["code"]) == (409, "evidence.being_made")
    assert EvidencePack.objects.count() == 3


def test_pack__after_a_week__is_dropped(auditor: APIClient, now: datetime) -> None:
    address = ask(auditor, now).headers["Location"]
    for _ in range(3):
        step()
    drop = Intent.objects.get(kind=packs.DROP)
    assert drop.not_before == now + timedelta(days=7)
    packs.drop_pack(pack_id=EvidencePack.objects.get().pk)
    assert auditor.get(address).status_code == 404
    assert not EvidencePart.objects.exists()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, 422),
        ({"from": "2024-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, 422),
        ({"from": "yesterday", "to": "2026-01-01T00:00:00Z"}, 400),
        ({"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "service": "nothing"}, 404),
        ({"from": "2026-01-01T00:00:00Z"}, 400),
    ],
)
def test_pack__of_no_period__is_refused_and_nothing_is_promised(
    auditor: APIClient, sent: dict[str, str], code: int
) -> None:
    assert auditor.post(PACKS, sent).status_code == code
    assert not EvidencePack.objects.exists()


def test_page__of_many_changes__offers_the_background_and_shows_how_far_it_is(
    browser_session: Session, now: datetime
) -> None:
    kim, day = browser_session("kim"), {"first_day": f"{now:%Y-%m-%d}", "last_day": f"{now:%Y-%m-%d}"}
    offered = kim.get("/audit/packs/", day)
    assert "Make the pack of 3 changes" in offered.content.decode()
    assert kim.post("/audit/packs/", day).status_code == 302
    step()
    page = kim.get("/audit/packs/").content.decode()
    assert "2 of 3" in page
    assert 'hx-trigger="every 3s"' in page
    step()
    step()
    page = kim.get("/audit/packs/").content.decode()
    pack = EvidencePack.objects.get()
    assert f"/api/v1/audit/packs/{pack.pk}/file/" in page
    assert "hx-trigger" not in page.split('id="packs-made"')[1].split("</section>")[0]
    assert kim.get(f"/api/v1/audit/packs/{pack.pk}/file/").status_code == 200


def test_page__of_no_period__keeps_what_was_typed(browser_session: Session, now: datetime) -> None:
    kim = browser_session("kim")
    answer = kim.post("/audit/packs/", {"first_day": "2026-01-31", "last_day": "2026-01-01", "service": "x"})
    assert answer.status_code == 422
    assert 'value="2026-01-31"' in answer.content.decode()
