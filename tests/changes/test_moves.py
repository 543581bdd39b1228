"""Every verb over REST: once as it should be, and refused where a rule of the standard stands in the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from changes.actions.changes import expire_change, finish_change, roll_back_change, start_change
from changes.actions.emergencies import document_change
from changes.models import ChangeRequest, Signature
from cybercube_portal.audit.models import Event
from tests.factories import changes as story

Client = Callable[..., APIClient]
HOUR = timedelta(hours=1)


class Portal:
    """Says verbs as somebody and gives the answer's status and body."""

    def __init__(self, client_of: Client) -> None:
        self.client_of = client_of
        self.clients: dict[str, APIClient] = {}

    def say(self, username: str, number: str, verb: str, **body: Any) -> tuple[int, dict[str, Any]]:
        client = self.clients.setdefault(username, self.client_of(username))
        answer = client.post(f"/api/v1/changes/{number}/{verb}/", body)
        return answer.status_code, answer.json()


@pytest.fixture
def portal(client_of: Client, held: datetime) -> Portal:
    return Portal(client_of)


def implementing(now: datetime, clock_at: Callable[[datetime], datetime]) -> ChangeRequest:
    """In its slot, begun. The clock stands a day later."""
    change = story.approved(now=now)
    later = clock_at(now + 26 * HOUR)
    return start_change(number=change.number, actor=story.actor("alice"), now=later)


def refused(answer: tuple[int, dict[str, Any]]) -> tuple[int, list[str]]:
    """The status and the codes of everything that stood in the way."""
    status, body = answer
    return status, [reason["code"] for reason in body["reasons"] if reason["outcome"] in {"fail", "pending"}]


def test_life__filed_signed_carried_out_closed__every_step_recorded(
    portal: Portal, now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    number = story.draft(now=now).number

    status, shown = portal.say("alice", number, "submit")
    assert (status, shown["state"]) == (200, "in_review")
    hashed = shown["approvals"]["content_hash"]
    status, shown = portal.say("bob", number, "approve", comment="Looks right", content_hash=hashed)
    assert (status, shown["state"]) == (200, "approved")
    seat, signature = shown["approvals"]["seats"][0], shown["approvals"]["signatures"][0]
    assert (seat["label"], seat["state"], seat["by"]) == ("Engineer", "filled", "bob")
    assert (signature["comment"], signature["via"], signature["counts"]) == ("Looks right", "api", True)
    assert signature["roles"] == ["tech_lead"]
    clock_at(now + 26 * HOUR)
    assert portal.say("alice", number, "start")[1]["state"] == "implementing"
    assert portal.say("alice", number, "finish", notes="Done in 4 minutes")[1]["state"] == "verifying"
    status, shown = portal.say("alice", number, "close", outcome="successful")

    assert (status, shown["state"], shown["outcome"]) == (200, "closed", "successful")
    assert shown["notes"] == "Done in 4 minutes"
    assert shown["implementer"]["username"] == "alice"
    assert shown["moves"] == []
    assert shown["blockers"] == []
    verbs = [event["verb"].removeprefix("change.") for event in shown["history"]]
    assert verbs == ["created", "submitted", "signed", "approved", "started", "finished", "closed"]


def test_submit__nothing_written__every_missing_part_named(portal: Portal, now: datetime) -> None:
    change = story.draft(now=now, description="", impact={"data": "none"}, rollback_plan=" ", answers={})

    status, codes = refused(portal.say("alice", change.number, "submit"))

    assert status == 409
    assert codes[:3] == ["change.description_missing", "change.impact_missing", "change.rollback_plan_missing"]
    assert codes[3:] == ["risk.question_open"] * 7
    assert ChangeRequest.objects.get().state == "draft"


def test_submit__slot_went_by_meanwhile__refused(
    portal: Portal, now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    change = story.draft(now=now)
    clock_at(now + timedelta(days=3))
    assert refused(portal.say("alice", change.number, "submit")) == (409, ["schedule.slot_in_past"])


def test_submit__emergency__is_authorised_instead(portal: Portal, now: datetime) -> None:
    number = story.emergency(now=now).number
    status, codes = refused(portal.say("alice", number, "submit"))
    assert (status, codes) == (409, ["emergency.not_submitted"])


def test_submit__standard_change__approved_when_every_condition_holds(portal: Portal, now: datetime) -> None:
    scale: dict[str, Any] = {"type": "standard", "template": "scale", "artifacts": ()}
    fits = story.draft(now=now, parameters={"replicas": 6}, **scale)
    over = story.draft(now=now, parameters={"replicas": 60}, **scale)

    assert portal.say("alice", fits.number, "submit")[1]["state"] == "approved"
    assert refused(portal.say("alice", over.number, "submit")) == (409, ["standard.within_bounds"])


def test_approve__author__refused_and_nothing_written(portal: Portal, now: datetime) -> None:
    change = story.in_review(now=now, by="bob")
    assert refused(portal.say("bob", change.number, "approve")) == (409, ["approval.author_is_approver"])
    assert not Signature.objects.exists()
    assert not Event.objects.filter(verb="change.signed").exists()


def test_approve__key_without_the_scope__refused(client_of: Client, held: datetime) -> None:
    change = story.in_review(now=held)
    answer = client_of("bob", scopes=("changes",)).post(f"/api/v1/changes/{change.number}/approve/")
    assert (answer.status_code, answer.json()["code"]) == (403, "key.scope_missing")


def test_approve__other_content_than_was_read__412(portal: Portal, now: datetime) -> None:
    change = story.in_review(now=now)
    status, body = portal.say("bob", change.number, "approve", content_hash="0" * 64)
    assert (status, body["code"]) == (412, "approval.content_changed")


def test_approve__twice__refused(portal: Portal, now: datetime) -> None:
    change = story.half_signed(now=now)
    assert refused(portal.say("bob", change.number, "approve")) == (409, ["approval.already_signed"])


def test_refuse__without_a_comment__refused(portal: Portal, now: datetime) -> None:
    change = story.in_review(now=now)
    assert portal.say("bob", change.number, "refuse")[0] == 400
    assert portal.say("bob", change.number, "refuse", comment="  ")[0] == 400
    status, shown = portal.say("bob", change.number, "refuse", comment="No tests for the EU rates")
    assert (status, shown["state"]) == (200, "rejected")
    assert [reason["code"] for reason in shown["blockers"]] == ["approval.refused"]


def test_withdraw__own_approval__back_in_review(portal: Portal, now: datetime) -> None:
    change = story.approved(now=now)
    assert refused(portal.say("grace", change.number, "withdraw")) == (409, ["approval.not_signed"])
    status, shown = portal.say("bob", change.number, "withdraw")
    assert (status, shown["state"]) == (200, "in_review")
    assert [signature["state"] for signature in shown["approvals"]["signatures"]] == ["withdrawn"]


def test_revise__approved__draft_again_with_signatures_struck(portal: Portal, now: datetime) -> None:
    change = story.approved(now=now)
    status, shown = portal.say("alice", change.number, "revise")
    assert (status, shown["state"]) == (200, "draft")
    assert [signature["state"] for signature in shown["approvals"]["signatures"]] == ["superseded"]
    assert refused(portal.say("alice", change.number, "revise")) == (409, ["state.move_not_possible"])


def test_cancel__with_a_reason__final(portal: Portal, now: datetime) -> None:
    change = story.in_review(now=now)
    assert refused(portal.say("oscar", change.number, "cancel"))[0] == 403
    status, shown = portal.say("alice", change.number, "cancel", reason="Superseded by v2.3.2")
    assert (status, shown["state"]) == (200, "cancelled")
    assert shown["history"][-1]["data"]["reason"] == "Superseded by v2.3.2"
    assert refused(portal.say("alice", change.number, "cancel")) == (409, ["state.move_not_possible"])


@pytest.mark.parametrize("verb", ["cancel", "revise"])
def test_take_back__emergency_on_which_work_began__refused(portal: Portal, now: datetime, verb: str) -> None:
    change = story.authorised(now=now, started_at=now - HOUR)
    assert refused(portal.say("alice", change.number, verb)) == (409, ["emergency.work_began"])


def test_reschedule__expired_low_risk__approved_again(
    portal: Portal, now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    change = story.approved(now=now)
    later = clock_at(now + timedelta(days=3))
    expire_change(number=change.number, now=later)

    status, body = portal.say("alice", change.number, "reschedule", scheduled_time=now.isoformat())
    assert (status, body["code"]) == (422, "request.invalid")
    assert body["errors"][0]["code"] == "schedule.slot_in_past"
    slot = (later + timedelta(hours=2)).isoformat()
    status, shown = portal.say("alice", change.number, "reschedule", scheduled_time=slot, estimated_duration="45m")
    assert (status, shown["state"], shown["estimated_duration"]) == (200, "approved", "45m")


def test_reschedule__high_risk__the_schedule_is_signed_again(portal: Portal, now: datetime) -> None:
    answers = {**story.NO_RISK, "database_schema": True}
    change = story.approved(now=now, answers=answers, signers=("bob", "carol", "erin"))
    slot = (now + timedelta(days=2)).isoformat()
    status, shown = portal.say("alice", change.number, "reschedule", scheduled_time=slot)
    assert (status, shown["state"], shown["approvals"]["complete"]) == (200, "in_review", False)


def test_start__before_its_slot_and_in_a_freeze__both_named(portal: Portal, now: datetime) -> None:
    change = story.approved(now=now)
    story.freeze(now=now, starts_at=now - HOUR, ends_at=now + HOUR)
    status, codes = refused(portal.say("alice", change.number, "start"))
    assert (status, sorted(codes)) == (409, ["freeze.covers_window", "schedule.slot_not_open"])


def test_start__submitted_too_late__lead_time_named(
    portal: Portal, now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    change = story.approved(now=now, scheduled_time=now + timedelta(hours=23))
    clock_at(now + timedelta(hours=23))
    assert refused(portal.say("alice", change.number, "start")) == (409, ["schedule.lead_time"])


def test_close__outcome_contradicts_what_happened__refused(
    portal: Portal, now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    number = implementing(now, clock_at).number
    finish_change(number=number, actor=story.actor("alice"), now=now + 27 * HOUR)
    status, codes = refused(portal.say("alice", number, "close", outcome="rolled_back"))
    assert (status, codes) == (409, ["change.outcome_contradicts"])
    assert portal.say("alice", number, "close", outcome="fine")[0] == 400
    assert portal.say("alice", number, "close", outcome="successful_with_issues")[0] == 200


def test_roll_back__with_why__ends_rolled_back(
    portal: Portal, now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    number = implementing(now, clock_at).number
    assert portal.say("alice", number, "roll_back")[0] == 400
    status, shown = portal.say("alice", number, "roll_back", reason="Errors at 7 %")
    assert (status, shown["state"], shown["outcome"]) == (200, "rolled_back", "rolled_back")
    assert refused(portal.say("alice", number, "close", outcome="successful"))[0] == 409
    assert portal.say("alice", number, "close", outcome="rolled_back")[1]["state"] == "closed"


def test_emergency__authorised_confirmed_documented_recorded__closed(
    portal: Portal, now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    number = story.emergency(now=now).number
    word = {"approver": "heidi", "verbal_at": now.isoformat(), "how": "Phone", "criteria": ["production_down"]}

    status, shown = portal.say("grace", number, "authorise", **word)
    assert (status, shown["state"]) == (200, "approved")
    assert shown["authorisation"]["called_by"] == "grace"
    assert shown["authorisation"]["confirm_by"] == "2026-01-15T10:00:00Z"
    filled, *waived = shown["approvals"]["seats"]
    assert (filled["label"], filled["state"], filled["by"]) == ("Emergency approver", "filled", "heidi")
    assert {seat["state"] for seat in waived} == {"waived"}
    assert refused(portal.say("ivan", number, "confirm")) == (409, ["emergency.not_the_approver"])
    assert portal.say("heidi", number, "confirm")[1]["authorisation"]["confirmed_at"] == "2026-01-14T10:00:00Z"
    status, shown = portal.say("alice", number, "start")
    assert (status, shown["record"]["due_at"]) == (200, "2026-01-15T10:00:00Z")
    portal.say("alice", number, "finish")
    assert refused(portal.say("alice", number, "close", outcome="successful")) == (409, ["emergency.record_missing"])
    assert portal.say("alice", number, "document")[1]["state"] == "documenting"
    told = {"what_happened": "Pool exhausted", "prevention": "Limit the pool"}
    status, codes = refused(portal.say("alice", number, "record", severity="SEV-1", **told))
    assert (status, codes) == (409, ["emergency.postmortem_at_missing"])
    status, shown = portal.say("alice", number, "record", severity="SEV-3", **told)

    assert (status, shown["state"], shown["outcome"]) == (200, "closed", "successful")
    assert shown["record"]["severity"] == "SEV-3"


@pytest.mark.parametrize(
    ("caller", "changed", "status", "code"),
    [
        ("alice", {}, 403, "permission.role_missing"),
        ("grace", {"approver": "bob"}, 409, "emergency.approver_role"),
        ("grace", {"approver": "nobody"}, 404, "user.unknown"),
        ("ivan", {}, 409, "emergency.caller_not_on_call"),
        ("heidi", {"verbal_at": "2026-01-14T10:00:01Z"}, 409, "emergency.approval_in_future"),
        ("heidi", {"criteria": []}, 409, "emergency.criterion_missing"),
        ("heidi", {"criteria": ["bored"]}, 400, "request.malformed"),
        ("heidi", {"how": " "}, 400, "request.malformed"),
        ("heidi", {"started_at": "2026-01-14T10:00:01Z"}, 422, "request.invalid"),
    ],
)
def test_authorise__against_the_rules__refused_and_still_a_draft(  # noqa: PLR0917 - two fixtures and the four columns above
    portal: Portal, now: datetime, caller: str, changed: dict[str, Any], status: int, code: str
) -> None:
    number = story.emergency(now=now).number
    word = {"approver": "heidi", "verbal_at": now.isoformat(), "how": "Phone", "criteria": ["production_down"]}
    answer, body = portal.say(caller, number, "authorise", **{**word, **changed})
    assert (answer, body["code"]) == (status, code)
    assert ChangeRequest.objects.get().state == "draft"


def test_authorise__requester_is_the_approver__refused(portal: Portal, now: datetime) -> None:
    number = story.emergency(now=now, by="heidi").number
    word = {"approver": "heidi", "verbal_at": now.isoformat(), "how": "Phone", "criteria": ["production_down"]}
    assert "emergency.author_is_approver" in refused(portal.say("heidi", number, "authorise", **word))[1]


def test_authorise__work_had_begun__record_is_due_a_day_after_the_start(portal: Portal, now: datetime) -> None:
    number = story.emergency(now=now).number
    began = (now - 2 * HOUR).isoformat()
    word = {"approver": "heidi", "verbal_at": began, "how": "Phone", "criteria": ["data_loss"], "started_at": began}
    shown = portal.say("heidi", number, "authorise", **word)[1]
    assert shown["record"]["due_at"] == "2026-01-15T08:00:00Z"
    assert shown["authorisation"]["confirm_by"] is None


def test_document__normal_change__refused(
    portal: Portal, now: datetime, clock_at: Callable[[datetime], datetime]
) -> None:
    number = implementing(now, clock_at).number
    roll_back_change(number=number, reason="Errors", actor=story.actor("alice"), now=now + 27 * HOUR)
    assert refused(portal.say("alice", number, "document")) == (409, ["change.not_an_emergency"])


def test_record__emergency_rolled_back__outcome_says_so(portal: Portal, now: datetime) -> None:
    change = story.authorised(now=now)
    alice = story.actor("alice")
    start_change(number=change.number, actor=alice, now=now)
    roll_back_change(number=change.number, reason="Worse", actor=alice, now=now)
    document_change(number=change.number, actor=alice, now=now)
    told = {"what_happened": "Pool exhausted", "prevention": "Limit the pool", "severity": "SEV-4"}
    assert portal.say("alice", change.number, "record", **told, outcome="successful")[0] == 422
    assert portal.say("alice", change.number, "record", **told)[1]["outcome"] == "rolled_back"


def test_verb__of_no_change_or_no_meaning__404(portal: Portal, now: datetime) -> None:
    change = story.draft(now=now)
    assert portal.say("alice", "CR-2020-0101-001", "submit")[0] == 404
    assert portal.say("alice", change.number, "bless")[0] == 404


def test_verb__unknown_member__named_with_the_nearest(portal: Portal, now: datetime) -> None:
    change = story.in_review(now=now)
    status, body = portal.say("bob", change.number, "approve", coment="Yes")
    assert (status, body["errors"][0]["pointer"]) == (400, "/coment")
    assert "'comment'" in body["errors"][0]["message"]


def test_verb__sent_twice_with_one_key__said_once(client_of: Client, held: datetime) -> None:
    change = story.in_review(now=held)
    bob = client_of("bob")
    for _ in range(2):
        answer = bob.post(f"/api/v1/changes/{change.number}/approve/", {}, headers={"Idempotency-Key": "k"})
        assert answer.json()["state"] == "approved"
    assert Signature.objects.count() == 1
