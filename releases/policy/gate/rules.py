"""The gate: every rule is looked at, every reason is told, and one answer follows (domain.md section 4). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from cybercube_portal.decisions import Outcome, Reason, skipped
from releases.policy.gate.artifact import NEVER_REPORTED, judge_artifact, judge_evidence
from releases.policy.gate.caller import judge_caller
from releases.policy.gate.change import good_until, judge_change
from releases.policy.gate.deployments import (
    judge_migration,
    judge_promotion,
    judge_release,
    judge_running,
    judge_suspension,
    judge_way_back,
)
from releases.policy.gate.facts import GateFacts
from releases.policy.gate.schedule import LOOK_AHEAD, judge_freezes, judge_lead_time, judge_slot, open_spans
from releases.policy.gate.table import (
    ARTIFACT,
    CALLER,
    CHANGE,
    EVIDENCE,
    FREEZE,
    LEAD_TIME,
    MIGRATION,
    PROMOTION,
    RELEASE,
    RUNNING,
    SLOT,
    SUSPENSION,
    WAY_BACK,
    Mode,
    Row,
    column_of,
    mode_of,
)
from releases.states import GateOutcome


class Rule(NamedTuple):
    """One row of the table with the function that judges it."""

    row: Row
    judge: Callable[[GateFacts], tuple[Reason, ...]]


RULES: tuple[Rule, ...] = (
    Rule(CALLER, judge_caller),
    Rule(ARTIFACT, judge_artifact),
    Rule(EVIDENCE, judge_evidence),
    Rule(PROMOTION, judge_promotion),
    Rule(CHANGE, judge_change),
    Rule(RELEASE, judge_release),
    Rule(LEAD_TIME, judge_lead_time),
    Rule(SLOT, judge_slot),
    Rule(FREEZE, judge_freezes),
    Rule(WAY_BACK, judge_way_back),
    Rule(RUNNING, judge_running),
    Rule(SUSPENSION, judge_suspension),
    Rule(MIGRATION, judge_migration),
)

BLOCKING: frozenset[Outcome] = frozenset({Outcome.FAIL, Outcome.PENDING})
# What passes with the time alone: only these make a next moment worth naming.
ABOUT_TIME: tuple[str, ...] = ("schedule.", "window.", "freeze.")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """`outcome` with every reason, in the order of the rules.

    An allow holds until `valid_until`, exclusive; before that moment the clock alone changes no other answer either.
    `next_allowed_at` is the first moment freezes, windows, slot and lead time leave open, None when time is not what
    stands in the way, or when none is left.
    """

    outcome: GateOutcome
    reasons: tuple[Reason, ...]
    valid_until: datetime
    next_allowed_at: datetime | None

    @property
    def blockers(self) -> tuple[Reason, ...]:
        """What stands in the way: failures first, then what is pending."""
        return tuple(sorted(filter(blocks, self.reasons), key=_is_pending))


def decide(facts: GateFacts, *, lifetime: timedelta) -> GateAnswer:
    """Judge every rule. Deny when one fails, wait when one is pending, allow otherwise; an allow lives for `lifetime`."""
    reasons = tuple(chain.from_iterable(judged(rule, facts) for rule in RULES))
    outcome = outcome_of(reasons)
    until = facts.at + lifetime
    if outcome is GateOutcome.ALLOW:
        ends = min((span.end for span in open_spans(facts, until=until)), default=until)
        word_ends = good_until(facts.change) if facts.change else None
        ends = min(ends, word_ends) if word_ends and _is_change_asked(facts) else ends
        return GateAnswer(outcome=outcome, reasons=reasons, valid_until=ends, next_allowed_at=None)
    upcoming = _next_allowed(facts, reasons)
    return GateAnswer(
        outcome=outcome,
        reasons=reasons,
        valid_until=min(until, upcoming) if upcoming else until,
        next_allowed_at=upcoming,
    )


def _is_change_asked(facts: GateFacts) -> bool:
    return mode_of(CHANGE, column_of(facts), facts.question.action) is not Mode.NOT_ASKED


def outcome_of(reasons: Iterable[Reason]) -> GateOutcome:
    """Allow only when nothing fails and nothing is pending."""
    outcomes = {reason.outcome for reason in reasons}
    if Outcome.FAIL in outcomes:
        return GateOutcome.DENY
    return GateOutcome.WAIT if Outcome.PENDING in outcomes else GateOutcome.ALLOW


def judged(rule: Rule, facts: GateFacts) -> tuple[Reason, ...]:
    """The rule's reasons as its column takes them."""
    column = column_of(facts)
    mode = mode_of(rule.row, column, facts.question.action)
    if mode is Mode.NOT_ASKED:
        return (skipped(rule.row.code, rule.row.section, f"Not asked of {column.value}: {rule.row.unless}"),)
    reasons = rule.judge(facts)
    return reasons if mode is Mode.ASKED else tuple(_as_asked(mode, reason) for reason in reasons)


def _as_asked(mode: Mode, reason: Reason) -> Reason:
    if mode in {Mode.REPORTED, Mode.TAKES_OVER}:
        return _reported(reason)
    if mode is Mode.FAILED_DENIES and reason.code in NEVER_REPORTED:
        return _reported(reason)
    if mode is Mode.IF_REGISTERED and reason.code == "artifact.unregistered":
        return skipped(reason.code, reason.section, f"{reason.message} Dev does not ask for it.")
    return reason


def _reported(reason: Reason) -> Reason:
    """Shown, and in nobody's way: what would block is skipped and says how it came out."""
    details = {**reason.details, "reported": True}
    if not blocks(reason):
        return replace(reason, details=details)
    return replace(reason, outcome=Outcome.SKIPPED, details={**details, "would": reason.outcome.value})


def _next_allowed(facts: GateFacts, reasons: Iterable[Reason]) -> datetime | None:
    if not any(blocks(reason) and reason.code.startswith(ABOUT_TIME) for reason in reasons):
        return None
    spans = open_spans(facts, until=facts.at + LOOK_AHEAD) if not facts.unreadable else ()
    return spans[0].start if spans else None


def blocks(reason: Reason) -> bool:
    """Whether it stands in the way."""
    return reason.outcome in BLOCKING


def _is_pending(reason: Reason) -> bool:
    return reason.outcome is Outcome.PENDING
