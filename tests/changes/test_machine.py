"""A change under any sequence of verbs, against a small model without a database (reliability.md section 2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from changes.actions import approvals
from changes.actions import changes as actions
from changes.actions.content import edit_change
from changes.selectors.changes import get_change
from changes.selectors.situation import Situation
from cybercube_portal.errors import Invalid, MoveRefused, NotPermitted
from cybercube_portal.people.models import Team
from cybercube_portal.people.roles import Role
from tests.factories import changes as story
from tests.factories.people import Cast, GrantFactory, UserFactory

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DURATION, GRACE, LEAD = timedelta(minutes=30), HOUR, DAY
SEATS = {"lead": {"bob", "tara"}, "product": {"carol"}, "dba": {"erin"}}
ASKED = {person for able in SEATS.values() for person in able}
# An engineer of the team may handle the change of a colleague; a product manager may only sign.
TEAM = {"alice", "bob", "tara", "erin", "grace"}
SIGNERS = TEAM | {"carol"}
EVERYBODY = sorted(SIGNERS | {"sybil"})


class Refused(Exception):
    """The model says no."""


@dataclass
class Model:
    """A high-risk change, as the standard describes it: three seats, and a schedule that is signed with the rest."""

    now: datetime
    slot: datetime
    state: str = "draft"
    submitted: datetime | None = None
    signed: set[str] = field(default_factory=set)
    authors: set[str] = field(default_factory=lambda: {"alice"})

    @property
    def complete(self) -> bool:
        return all(able & self.signed for able in SEATS.values())

    def from_any(self, *states: str) -> None:
        if self.state not in states:
            raise Refused(self.state)

    def by_team(self, person: str) -> None:
        if person not in TEAM:
            raise Refused(person)

    def in_time(self, slot: datetime) -> None:
        if slot + DURATION <= self.now:
            raise Refused("in the past")

    def submit(self, person: str) -> None:
        self.by_team(person)
        self.from_any("draft")
        self.in_time(self.slot)
        self.state, self.submitted = "in_review", self.now

    def approve(self, person: str) -> None:
        self.from_any("in_review")
        seat = next((able for able in SEATS.values() if person in able), None)
        if seat is None or person in self.authors or seat & self.signed:
            raise Refused(person)
        self.signed.add(person)
        if self.complete:
            self.state = "approved"

    def refuse(self, person: str) -> None:
        self.from_any("in_review")
        if person not in ASKED or person in self.authors:
            raise Refused(person)
        self.signed.discard(person)
        self.state = "rejected"

    def withdraw(self, person: str) -> None:
        self.from_any("in_review", "approved")
        if person not in self.signed:
            raise Refused(person)
        self.signed.remove(person)
        self.state = "in_review"

    def edit(self, person: str) -> None:
        self.by_team(person)
        self.from_any("draft", "in_review")
        self.authors.add(person)
        if self.state == "in_review":
            self.signed, self.submitted = set(), self.now

    def reschedule(self, person: str, slot: datetime) -> None:
        self.by_team(person)
        self.from_any("in_review", "approved", "expired")
        self.in_time(slot)
        if slot != self.slot:
            self.authors.add(person)
            self.slot, self.signed, self.submitted = slot, set(), self.now
        self.state = "approved" if self.complete else "in_review"

    def revise(self, person: str) -> None:
        self.by_team(person)
        self.from_any("in_review", "approved", "rejected", "expired")
        self.state, self.signed, self.submitted = "draft", set(), None

    def cancel(self, person: str) -> None:
        self.by_team(person)
        self.from_any("draft", "in_review", "approved", "expired")
        self.state = "cancelled"

    def start(self, person: str) -> None:
        self.by_team(person)
        self.from_any("approved")
        open_now = self.slot <= self.now < self.slot + DURATION + GRACE
        if not open_now or self.submitted is None or self.now < self.submitted + LEAD:
            raise Refused("not now")
        self.state = "implementing"

    def finish(self, person: str) -> None:
        self.by_team(person)
        self.from_any("implementing")
        self.state = "verifying"

    def roll_back(self, person: str) -> None:
        self.by_team(person)
        self.from_any("implementing", "verifying")
        self.state = "rolled_back"

    def close(self, person: str, outcome: str) -> None:
        self.by_team(person)
        self.from_any("verifying", "rolled_back")
        if (outcome == "rolled_back") != (self.state == "rolled_back"):
            raise Refused(outcome)
        self.state = "closed"

    def expire(self) -> None:
        if self.state == "approved" and self.now >= self.slot + DURATION + GRACE:
            self.state = "expired"


people = st.sampled_from(EVERYBODY)
handlers = st.sampled_from(["alice", "tara", "carol"])


class Machine(RuleBasedStateMachine):
    """Both are told the same; they have to agree on what is refused and on what is there."""

    began: datetime

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.actors = {name: story.actor(name) for name in EVERYBODY}
        answers = {**story.NO_RISK, "database_schema": True}
        change = story.draft(now=self.began, answers=answers, artifacts=())
        self.number = change.number
        self.model = Model(now=self.began, slot=change.scheduled_time)
        self.texts = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def both(self, model: Callable[[], None], real: Callable[..., Any], person: str, **body: Any) -> None:
        before = Model(**{**vars(self.model), "signed": set(self.model.signed), "authors": set(self.model.authors)})
        expected = True
        try:
            model()
        except Refused:
            expected, self.model = False, before
        try:
            real(number=self.number, actor=self.actors[person], now=self.model.now, **body)
            came = True
        except (MoveRefused, NotPermitted, Invalid):
            came = False
        assert came == expected, (real.__name__, person, body, before)

    @rule(hours=st.sampled_from([1, 6, 24, 26, 48]))
    def wait(self, hours: int) -> None:
        self.model.now += hours * HOUR

    @rule()
    def wait_for_the_slot(self) -> None:
        self.model.now = max(self.model.now, self.model.slot)

    @rule(person=handlers)
    def submit(self, person: str) -> None:
        self.both(lambda: self.model.submit(person), actions.submit_change, person)

    @rule(person=people)
    def approve(self, person: str) -> None:
        self.both(lambda: self.model.approve(person), approvals.approve_change, person)

    @initialize(steps=st.integers(0, 5))
    def begin_somewhere(self, steps: int) -> None:
        for _ in range(steps):
            self.go_on()

    @rule()
    def go_on(self) -> None:
        """The next step of the usual way, or what ends the detour."""
        if self.model.state == "in_review":
            for person in ("bob", "carol", "erin"):
                self.approve(person)
        elif self.model.state == "approved":
            self.wait_for_the_slot()
            self.start("alice")
        elif self.model.state in {"rejected", "expired"}:
            self.revise("alice")
        elif self.model.state == "draft":
            self.submit("alice")
        elif self.model.state == "implementing":
            self.finish("alice")

    @rule(person=people)
    def refuse(self, person: str) -> None:
        self.both(lambda: self.model.refuse(person), approvals.refuse_change, person, comment="No")

    @rule(person=people)
    def withdraw(self, person: str) -> None:
        self.both(lambda: self.model.withdraw(person), approvals.withdraw_approval, person)

    @rule(person=handlers)
    def edit(self, person: str) -> None:
        self.texts += 1
        words = {"description": f"Text {self.texts}"}
        version = get_change(self.number).version
        self.both(lambda: self.model.edit(person), edit_change, person, version=version, changes=words)

    @rule(person=handlers, hours=st.sampled_from([0, 2, 26, 30]), same=st.booleans())
    def reschedule(self, person: str, hours: int, *, same: bool) -> None:
        slot = self.model.slot if same else self.model.now + hours * HOUR
        self.both(lambda: self.model.reschedule(person, slot), actions.reschedule_change, person, scheduled_time=slot)

    @rule(person=handlers)
    def revise(self, person: str) -> None:
        self.both(lambda: self.model.revise(person), actions.revise_change, person)

    @rule(person=st.sampled_from(["alice", "carol"]))
    def cancel(self, person: str) -> None:
        self.both(lambda: self.model.cancel(person), actions.cancel_change, person)

    @rule(person=handlers)
    def start(self, person: str) -> None:
        self.both(lambda: self.model.start(person), actions.start_change, person)

    @rule(person=handlers)
    def finish(self, person: str) -> None:
        self.both(lambda: self.model.finish(person), actions.finish_change, person)

    @rule(person=handlers)
    def roll_back(self, person: str) -> None:
        self.both(lambda: self.model.roll_back(person), actions.roll_back_change, person, reason="Errors")

    @rule(person=handlers, outcome=st.sampled_from(["successful", "rolled_back", "failed"]))
    def close(self, person: str, outcome: str) -> None:
        self.both(lambda: self.model.close(person, outcome), actions.close_change, person, outcome=outcome)

    @rule()
    def expire(self) -> None:
        self.model.expire()
        actions.expire_change(number=self.number, now=self.model.now)

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
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
