"""Reason and Decision: the one answer every policy gives.

A policy never returns a bare boolean: it returns every reason it looked at, so that a page, the API and
a pipeline's log explain the same thing in the same words. Pure: imports nothing of the portal and no Django.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How one rule came out. Only `pass` and `skipped` let something go ahead."""

    PASS = "pass"
    FAIL = "fail"
    PENDING = "pending"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule's answer.

    `code` is `<area>.<fact>` and never changes once published; `section` is the section of STD-ENG-006 (`"§6.5"`);
    `remedy` says what to do about it, `who` holds the role or person names that can; `details` is JSON-able.
    """

    code: str
    outcome: Outcome
    section: str
    message: str
    remedy: str = ""
    who: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The shape every surface shows: {code, outcome, section, message, remedy, who[], details{}}."""
        return {
            "code": self.code,
            "outcome": str(self.outcome),
            "section": self.section,
            "message": self.message,
            "remedy": self.remedy,
            "who": list(self.who),
            "details": dict(self.details),
        }


def passed(code: str, section: str, message: str, **details: Any) -> Reason:
    """A rule that holds."""
    return Reason(code=code, outcome=Outcome.PASS, section=section, message=message, details=details)


def failed(code: str, section: str, message: str, remedy: str, who: Iterable[str] = (), **details: Any) -> Reason:
    """A rule that is broken, with what to do about it."""
    return Reason(
        code=code,
        outcome=Outcome.FAIL,
        section=section,
        message=message,
        remedy=remedy,
        who=tuple(who),
        details=details,
    )


def pending(code: str, section: str, message: str, remedy: str, who: Iterable[str] = (), **details: Any) -> Reason:
    """A rule that does not hold yet, but may without anything being changed."""
    return Reason(
        code=code,
        outcome=Outcome.PENDING,
        section=section,
        message=message,
        remedy=remedy,
        who=tuple(who),
        details=details,
    )


def skipped(code: str, section: str, message: str, **details: Any) -> Reason:
    """A rule that does not apply here, and why."""
    return Reason(code=code, outcome=Outcome.SKIPPED, section=section, message=message, details=details)


@dataclass(frozen=True, slots=True)
class Decision:
    """All reasons of one judgement, in the order the rules stand."""

    reasons: tuple[Reason, ...] = ()

    @property
    def allowed(self) -> bool:
        """True when no reason fails or is pending."""
        return not self.blockers

    @property
    def blockers(self) -> tuple[Reason, ...]:
        """What stands in the way: failures first, then what is pending."""
        return self.failures + self.pending

    @property
    def failures(self) -> tuple[Reason, ...]:
        """The reasons that fail."""
        return tuple(reason for reason in self.reasons if reason.outcome is Outcome.FAIL)

    @property
    def pending(self) -> tuple[Reason, ...]:
        """The reasons that may still come to pass by themselves or by somebody's signature."""
        return tuple(reason for reason in self.reasons if reason.outcome is Outcome.PENDING)

    def __add__(self, other: Decision) -> Decision:
        return Decision(self.reasons + other.reasons)

    def as_list(self) -> list[dict[str, Any]]:
        """Every reason as the public shape."""
        return [reason.as_dict() for reason in self.reasons]


def decide(*reasons: Reason | None) -> Decision:
    """Gather the given reasons; None (a rule with nothing to say) is left out."""
    return Decision(tuple(reason for reason in reasons if reason is not None))


def utc_text(moment: datetime) -> str:
    """A moment inside a message, `2026-01-14 10:00 UTC`: one spelling, so that a page can show it by its reader's clock (`web.times`)."""
    return moment.astimezone(UTC).isoformat(" ", "minutes").replace("+00:00", " UTC")
