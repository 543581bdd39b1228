"""Change freezes (§6.5) as predicates over a change (domain.md R6). Pure.

Rulings this module carries:
- a rollback is never frozen (R7: "every deployment must be reversible");
- the exceptions are the table's own column: during a major event standard changes pass and nothing else does, not
  even an emergency, which needs an exception granted to that one change;
- what is not known counts as the worse: no change type is a normal change, no risk is a high one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from changes.policy.predicate import Predicate, parse_predicate
from changes.policy.recurrence import Recurrence, occurrences, zone_named
from changes.policy.scope import Action, Scope, Subject
from changes.policy.spans import Span, at_instant, intersect
from changes.states import ChangeType
from cybercube_portal.decisions import Decision, Reason, decide, failed, passed, skipped, utc_text
from cybercube_portal.people.roles import FREEZE_EXCEPTION_APPROVERS, Role

__all__ = [
    "Action",
    "Freeze",
    "FreezeKind",
    "Predicate",
    "Restriction",
    "Scope",
    "Subject",
    "blocked_spans",
    "covers",
    "forbids",
    "is_excepted",
    "judge",
    "judge_running",
    "judge_span",
    "may_end",
    "parse_predicate",
    "restriction_of",
]

SECTION = "§6.5"


class FreezeKind(StrEnum):
    """The rows of §6.5, and one more whose restriction is spelled out."""

    HOLIDAY = "holiday"
    MAJOR_EVENT = "major_event"
    QUARTER_END = "quarter_end"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A published freeze. `exceptions` holds the numbers of the changes that were granted one."""

    reference: str
    title: str
    kind: FreezeKind
    recurrence: Recurrence
    predicate: Predicate = field(default_factory=Predicate)
    scope: Scope = field(default_factory=Scope)
    hard: bool = True
    exceptions: frozenset[str] = frozenset()
    url: str = ""


@dataclass(frozen=True, slots=True)
class Restriction:
    """One row of §6.5: what is forbidden, and who passes all the same. `words` complete "<title>: …"."""

    forbidden: Predicate
    exceptions: frozenset[ChangeType]
    words: str


EVERYTHING = Predicate()
RESTRICTIONS: dict[FreezeKind, Restriction] = {
    FreezeKind.HOLIDAY: Restriction(
        EVERYTHING, frozenset({ChangeType.EMERGENCY}), "no deployments, emergency changes only"
    ),
    FreezeKind.MAJOR_EVENT: Restriction(
        EVERYTHING, frozenset({ChangeType.STANDARD}), "no risky changes, standard changes only"
    ),
    FreezeKind.QUARTER_END: Restriction(
        Predicate(has_migration=True),
        frozenset({ChangeType.EMERGENCY}),
        "no database migrations, emergency changes only",
    ),
}


def restriction_of(freeze: Freeze) -> Restriction:
    """The freeze's row of the table, or for a custom one its own predicate, from which nobody is excepted."""
    return RESTRICTIONS.get(freeze.kind) or Restriction(freeze.predicate, frozenset(), freeze.predicate.words)


def covers(freeze: Freeze, subject: Subject) -> bool:
    """True when the subject lies in the freeze's scope."""
    return freeze.scope.includes(subject)


def forbids(freeze: Freeze, subject: Subject) -> bool:
    """True when the freeze's restriction applies to such a change (§6.5, R6), whatever the scope and the time."""
    restriction = restriction_of(freeze)
    return (
        subject.action is not Action.ROLLBACK
        and subject.judged_type not in restriction.exceptions
        and restriction.forbidden.matches(subject)
    )


def is_excepted(freeze: Freeze, subject: Subject) -> bool:
    """True when the subject's change was granted an exception to this freeze."""
    return subject.change_number is not None and subject.change_number in freeze.exceptions


def judge(freezes: Iterable[Freeze], subject: Subject, at: datetime) -> Decision:
    """May the subject start at that moment? Deny beats allow: one forbidding freeze is enough (§6.5)."""
    return judge_span(freezes, subject, at_instant(at))


def judge_span(freezes: Iterable[Freeze], subject: Subject, span: Span) -> Decision:
    """May the subject happen in the whole of `span`? Every freeze that forbids some of it fails."""
    if subject.action is Action.ROLLBACK:
        return decide(
            skipped("freeze.rollback_waived", "§8", "A rollback is never frozen: every deployment must be reversible.")
        )
    covering = [freeze for freeze in freezes if covers(freeze, subject)]
    holding = [
        _covers_window(freeze, found[0])
        for freeze in covering
        if forbids(freeze, subject)
        and not is_excepted(freeze, subject)
        and (found := occurrences(freeze.recurrence, span.start, span.end))
    ]
    granted = [_exception_granted(freeze, subject) for freeze in covering if is_excepted(freeze, subject)]
    return decide(*holding, *granted, None if holding else _none())


def judge_running(freezes: Iterable[Freeze], subject: Subject, at: datetime) -> Decision:
    """May what already runs take its next step? A hard freeze stops it; under a soft one what runs goes on."""
    known = tuple(freezes)
    soft = [
        passed(
            "freeze.soft_lets_continue",
            SECTION,
            f"{freeze.title} is a soft freeze: what already runs goes on.",
            freeze=freeze.reference,
        )
        for freeze in known
        if not freeze.hard and judge((freeze,), subject, at).failures
    ]
    return Decision(tuple(soft)) + judge((freeze for freeze in known if freeze.hard), subject, at)


def may_end(*, held_back: Iterable[str]) -> Decision:
    """Whether somebody may lift or cancel a freeze that holds back those numbers of changes of their own (four eyes)."""
    numbers = tuple(held_back)
    if not numbers:
        return decide()
    return decide(
        failed(
            "freeze.author_ends_it",
            SECTION,
            f"You requested or edited {', '.join(numbers)}, which this freeze holds back.",
            "Let another manager end it, or grant the exception for that one change.",
            [role.label for role in Role if role in FREEZE_EXCEPTION_APPROVERS],
            changes=list(numbers),
        )
    )


def blocked_spans(freezes: Iterable[Freeze], subject: Subject, start: datetime, end: datetime) -> tuple[Span, ...]:
    """When in `[start, end)` some freeze forbids the subject: merged, cut to the range, exceptions taken into account."""
    found = (
        span
        for freeze in freezes
        if covers(freeze, subject) and forbids(freeze, subject) and not is_excepted(freeze, subject)
        for span in occurrences(freeze.recurrence, start, end)
    )
    return intersect(found, (Span(start, end),))


def _covers_window(freeze: Freeze, span: Span) -> Reason:
    zone = freeze.recurrence.zone
    until = utc_text(span.end)
    if zone != "UTC":
        until += f" ({span.end.astimezone(zone_named(zone)):%Y-%m-%d %H:%M} {zone})"
    restriction = restriction_of(freeze)
    passing = [f"{kind.value.capitalize()} changes pass." for kind in restriction.exceptions]
    return failed(
        "freeze.covers_window",
        SECTION,
        f"{freeze.title}: {restriction.words}, until {until}.",
        " ".join(["Wait until it ends, or ask for an exception for this one change, with a reason.", *passing]),
        [role.label for role in Role if role in FREEZE_EXCEPTION_APPROVERS],
        freeze=freeze.reference,
        kind=freeze.kind.value,
        hard=freeze.hard,
        start=span.start.isoformat(),
        end=span.end.isoformat(),
        zone=zone,
        url=freeze.url,
    )


def _exception_granted(freeze: Freeze, subject: Subject) -> Reason:
    return passed(
        "freeze.exception_granted",
        SECTION,
        f"{subject.change_number} was granted an exception to {freeze.title}.",
        freeze=freeze.reference,
        url=freeze.url,
    )


def _none() -> Reason:
    return passed("freeze.none", SECTION, "No freeze forbids this.")
