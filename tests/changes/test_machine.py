"""A change under any sequence of verbs, against a small model without a database (reliability.md section 2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from changes.actions import approvals
from changes.actions import changes as actions
from changes.actions.content import edit_change
from changes.selectors.changes import get_change
from changes.selectors.situation import Situation
from cybercube_portal.errors import Invalid, MoveRefused, NotPermitted
from cybercube_portal.people.models import Team
from cybercube_portal.people.roles import Role
from tests.changes.model import EVERYBODY, HOUR, Model, Refused
from tests.factories import changes as story
from tests.factories.people import Cast, GrantFactory, UserFactory

REAL: dict[str, Callable[..., Any]] = {
    "submit": actions.submit_change,
    "approve": approvals.approve_change,
    "refuse": approvals.refuse_change,
    "withdraw": approvals.withdraw_approval,
    "edit": edit_change,
    "reschedule": actions.reschedule_change,
    "revise": actions.revise_change,
    "cancel": actions.cancel_change,
    "start": actions.start_change,
    "finish": actions.finish_change,
    "roll_back": actions.roll_back_change,
    "close": actions.close_change,
}
signers = st.sampled_from(["bob", "carol", "erin", "tara", "grace", "sybil", "alice"])
handlers = st.sampled_from(["alice", "tara", "carol"])


def when(*states: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Mostly said where it can be said; `nonsense` says the rest."""
    return precondition(lambda machine: machine.model.state in states)


class Machine(RuleBasedStateMachine):
    """Both are told the same; they have to agree on what is refused and on what is there."""

    began: datetime

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.actors = {name: story.actor(name) for name in EVERYBODY}
        self.texts = 0
        self.file(self.began)

    def file(self, now: datetime) -> None:
        change = story.draft(now=now, answers={**story.NO_RISK, "database_schema": True}, artifacts=())
        self.number = change.number
        self.model = Model(now=now, slot=change.scheduled_time)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def both(self, verb: str, person: str, *told: Any, **body: Any) -> None:
        """Say `verb` to the model with what decides it, and in earnest with its body."""
        before = replace(self.model, signed=set(self.model.signed), authors=set(self.model.authors))
        expected = came = True
        try:
            getattr(self.model, verb)(person, *told)
        except Refused:
            expected, self.model = False, before
        try:
            REAL[verb](number=self.number, actor=self.actors[person], now=self.model.now, **body)
        except (MoveRefused, NotPermitted, Invalid):
            came = False
        assert came == expected, (verb, person, told, before)

    @initialize(steps=st.integers(0, 6))
    def begin_somewhere(self, steps: int) -> None:
        for _ in range(steps):
            self.go_on()

    @rule()
    def go_on(self) -> None:
        """The next step of the usual way."""
        match self.model.state:
            case "draft":
                self.submit("alice")
            case "in_review":
                self.approve(next(one for one in ("bob", "carol", "erin") if one not in self.model.signed))
            case "approved":
                self.wait_for_the_slot()
                self.start("alice")
            case "implementing":
                self.finish("alice")

    @when("closed", "cancelled")
    @rule()
    def file_another(self) -> None:
        self.file(self.model.now)

    @rule(hours=st.sampled_from([1, 24, 26]))
    def wait(self, hours: int) -> None:
        self.model.now += hours * HOUR

    @rule()
    def wait_for_the_slot(self) -> None:
        self.model.now = max(self.model.now, self.model.slot)

    @when("draft")
    @rule(person=handlers)
    def submit(self, person: str) -> None:
        self.both("submit", person)

    @when("in_review")
    @rule(person=signers)
    def approve(self, person: str) -> None:
        self.both("approve", person)

    @when("in_review")
    @rule(person=signers)
    def refuse(self, person: str) -> None:
        self.both("refuse", person, comment="No")

    @when("in_review", "approved")
    @rule(person=signers)
    def withdraw(self, person: str) -> None:
        self.both("withdraw", person)

    @when("draft", "in_review")
    @rule(person=handlers)
    def edit(self, person: str) -> None:
        self.texts += 1
        version = get_change(self.number).version
        self.both("edit", person, version=version, changes={"description": f"Text {self.texts}"})

    @when("in_review", "approved", "expired")
    @rule(person=handlers, hours=st.sampled_from([0, 2, 26, None]))
    def reschedule(self, person: str, hours: int | None) -> None:
        slot = self.model.slot if hours is None else self.model.now + hours * HOUR
        self.both("reschedule", person, slot, scheduled_time=slot)

    @when("in_review", "approved", "rejected", "expired")
    @rule(person=handlers)
    def revise(self, person: str) -> None:
        self.both("revise", person)

    @when("expired")
    @rule(person=handlers)
    def cancel(self, person: str) -> None:
        self.both("cancel", person)

    @when("approved")
    @rule(person=handlers)
    def start(self, person: str) -> None:
        self.both("start", person)

    @when("implementing")
    @rule(person=handlers)
    def finish(self, person: str) -> None:
        self.both("finish", person)

    @when("implementing", "verifying")
    @rule(person=handlers)
    def roll_back(self, person: str) -> None:
        self.both("roll_back", person, reason="Errors")

    @when("verifying", "rolled_back")
    @rule(person=handlers, outcome=st.sampled_from(["successful", "rolled_back", "failed"]))
    def close(self, person: str, outcome: str) -> None:
        self.both("close", person, outcome, outcome=outcome)

    @when("approved")
    @rule()
    def expire(self) -> None:
        self.model.expire()
        actions.expire_change(number=self.number, now=self.model.now)

    @rule(
        verb=st.sampled_from(["submit", "approve", "withdraw", "revise", "cancel", "start", "finish"]), person=signers
    )
    def nonsense(self, verb: str, person: str) -> None:
        self.both(verb, person)

    @invariant()
    def agree(self) -> None:
        change = get_change(self.number)
        situation = Situation(change, now=self.model.now)
        assert change.state == self.model.state
        assert {fact.person for fact in situation.given} == self.model.signed
        assert change.scheduled_time == self.model.slot
        assert {"alice", *change.editors} == self.model.authors
        if change.state in {"approved", "implementing", "verifying"}:
            assert situation.seat_decision.allowed


@pytest.mark.django_db
def test_change__any_sequence_of_verbs__ends_where_the_model_does(cast: Cast, now: datetime) -> None:
    story.service("billing-service")
    tara = UserFactory.create(username="tara")
    GrantFactory.create(user=tara, role=Role.TECH_LEAD, team=Team.objects.get(slug="payments"))
    Machine.began = now
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
