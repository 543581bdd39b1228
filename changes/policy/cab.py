"""The Change Advisory Board (glossary CAB; domain.md section 3): its agenda, its quorum, its votes and its minutes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from changes.policy.approvals import CAB, FilledSeat, SignatureFact, fill
from changes.states import ChangeState, ChangeType, MeetingState, Risk
from cybercube_portal.decisions import Decision, Reason, decide, failed, passed, utc_text


class Why(StrEnum):
    """Why a change is on the agenda."""

    CRITICAL = "critical"
    HIGH = "high"
    MAJOR_RELEASE = "major_release"
    RECORD_OVERDUE = "record_overdue"
    ADDED = "added"


# What weighs most is talked about first.
WEIGHT: tuple[Why, ...] = (Why.RECORD_OVERDUE, Why.CRITICAL, Why.HIGH, Why.MAJOR_RELEASE, Why.ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """What decides whether and why a change is on the agenda."""

    type: ChangeType
    state: ChangeState
    risk: Risk
    release_type: str = ""
    record_due_at: datetime | None = None
    is_recorded: bool = False
    is_added: bool = False


def why_on_agenda(facts: ItemFacts, *, now: datetime) -> Why | None:
    """None: not on the agenda.

    High and critical changes and major releases that wait for signatures, emergencies whose record is overdue (R5), and what
    somebody added.
    """
    is_overdue = facts.record_due_at is not None and facts.record_due_at < now and not facts.is_recorded
    if facts.type is ChangeType.EMERGENCY and is_overdue:
        return Why.RECORD_OVERDUE
    if facts.state is ChangeState.IN_REVIEW:
        if facts.risk in _BY_RISK:
            return _BY_RISK[facts.risk]
        if facts.release_type == "major":
            return Why.MAJOR_RELEASE
    return Why.ADDED if facts.is_added else None


_BY_RISK: dict[Risk, Why] = {Risk.CRITICAL: Why.CRITICAL, Risk.HIGH: Why.HIGH}


def seats_present(attendees: Iterable[SignatureFact]) -> tuple[FilledSeat, ...]:
    """CAB's three seats with who sits there, three different people."""
    return fill(CAB, attendees)


def has_quorum(attendees: Iterable[SignatureFact]) -> Decision:
    """Engineering lead, product and ops are there (glossary CAB)."""
    empty = [item.seat for item in seats_present(attendees) if item.signature is None]
    if not empty:
        return decide(passed("cab.quorum", "§5.6", "Engineering lead, product and ops are there."))
    return decide(
        *(
            failed(
                "cab.seat_empty",
                "§5.6",
                f"Nobody sits for {seat.label.lower()}.",
                "Let somebody who holds the role attend or vote.",
                seat.role_labels,
            )
            for seat in empty
        )
    )


def may_vote(*, state: MeetingState, votes_until: datetime | None, is_on_agenda: bool, now: datetime) -> Decision:
    """From the moment it is planned until its deadline or its end, on what is on its agenda."""
    return decide(*_vote_reasons(state, votes_until, is_on_agenda=is_on_agenda, now=now))


def _vote_reasons(
    state: MeetingState, votes_until: datetime | None, *, is_on_agenda: bool, now: datetime
) -> Iterable[Reason]:
    elsewhere = "Approve or refuse on the change itself."
    if state in {MeetingState.CLOSED, MeetingState.CANCELLED}:
        yield failed("cab.meeting_over", "§5.6", f"The meeting is {state.value}.", elsewhere)
    elif votes_until is not None and now >= votes_until:
        yield failed("cab.deadline_passed", "§5.6", f"Votes were taken until {utc_text(votes_until)}.", elsewhere)
    else:
        yield passed("cab.votes_open", "§5.6", "The meeting takes votes.")
    if not is_on_agenda:
        yield failed(
            "cab.not_on_agenda", "§5.6", "This change is not on the agenda.", "Add it, or vote on the change itself."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One vote as the minutes tell it: `word` approved or refused, `seat` the one it filled."""

    by: str
    word: str
    seat: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minuted:
    """What became of one item. `missing` are seats still open, `clashes` other changes in the same slot."""

    number: str
    title: str
    why: Why
    state: str
    risk: str
    slot: datetime
    missing: tuple[str, ...] = ()
    votes: tuple[Vote, ...] = ()
    clashes: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """Approved, refused, or deferred."""
        if self.why is Why.RECORD_OVERDUE:
            return "record still owed" if self.state != ChangeState.CLOSED else "recorded"
        return {ChangeState.REJECTED: "refused", ChangeState.IN_REVIEW: "deferred"}.get(
            ChangeState(self.state), self.state.replace("_", " ")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingFacts:
    """What the minutes are written from. `attended` are (name, role words)."""

    reference: str
    title: str
    opened_at: datetime | None
    closed_at: datetime
    attended: tuple[tuple[str, str], ...]
    quorum: Decision
    items: tuple[Minuted, ...]
    templates: tuple[str, ...] = ()
    notes: str = ""


def minutes(facts: MeetingFacts) -> str:
    """The minutes in Markdown. Dissent is told by name, whatever became of the change."""
    lines = [f"# {plain(facts.title)} ({facts.reference})", ""]
    began = f"Opened {utc_text(facts.opened_at)}, closed" if facts.opened_at else "Held by deadline, closed"
    lines += [f"{began} {utc_text(facts.closed_at)}.", "", "## Present", ""]
    lines += [f"- {plain(name)} ({roles})" for name, roles in facts.attended] or ["Nobody."]
    lines += ["", f"**Quorum:** {'yes' if facts.quorum.allowed else 'no'}"]
    lines += [f"- {reason.message}" for reason in facts.quorum.failures]
    lines += ["", "## Decisions", ""]
    for item in facts.items:
        lines += _told(item)
    if not facts.items:
        lines += ["Nothing was on the agenda.", ""]
    if facts.templates:
        lines += ["## Standard changes proposed", "", *(f"- {plain(title)}" for title in facts.templates), ""]
    if facts.notes.strip():
        lines += ["## Notes", "", facts.notes.strip(), ""]
    return "\n".join(lines).rstrip() + "\n"


def _told(item: Minuted) -> list[str]:
    lines = [f"### {item.number} {plain(item.title)}: {item.outcome}", ""]
    lines.append(f"- {item.risk} risk, slot {utc_text(item.slot)}")
    lines += [f"- {_voted(vote)}" for vote in item.votes]
    if item.missing and item.state == ChangeState.IN_REVIEW:
        lines.append(f"- Still to sign: {', '.join(item.missing)}")
    if item.clashes:
        lines.append(f"- Clashes with {', '.join(item.clashes)}")
    return [*lines, ""]


def _voted(vote: Vote) -> str:
    seat = f" as {vote.seat}" if vote.seat else ""
    said = f": {plain(vote.comment)}" if vote.comment else ""
    return f"{plain(vote.by)} {vote.word}{seat}{said}"


def plain(text: str) -> str:
    """One line, so that nobody's words become another heading."""
    return " ".join(text.split())


def in_order(items: Sequence[tuple[Why, datetime, str]]) -> list[int]:
    """Positions by weight, then by slot, then by number."""
    return sorted(range(len(items)), key=lambda at: (WEIGHT.index(items[at][0]), items[at][1], items[at][2]))
