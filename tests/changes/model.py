"""A high-risk change as the standard describes it, small and without a database: what `test_machine` holds the real one against."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

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
