"""The answer in Markdown for a job's summary or a status note (at most 1,024 characters, as GitHub takes them). Pure."""

from __future__ import annotations

import re

from cybercube_portal.decisions import Outcome, Reason, utc_text
from releases.policy.gate.facts import Question
from releases.policy.gate.rules import GateAnswer
from releases.states import GateOutcome

LONGEST = 1024
LONGEST_LINE = 300
HEADLINES: dict[GateOutcome, str] = {
    GateOutcome.ALLOW: "Allowed",
    GateOutcome.WAIT: "Waiting",
    GateOutcome.DENY: "Denied",
}
WORDS: dict[Outcome, str] = {Outcome.FAIL: "fails", Outcome.PENDING: "pending"}

# Titles and names are other people's words: none of them may become markup, a mention or a new line.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~@!])")


def summary_of(answer: GateAnswer, question: Question, *, change: str) -> str:
    """What was decided, then each reason in the way: failures first. What does not fit is counted."""
    under = f" under {plain(change)}" if change else ""
    what = f"{question.action.value} {plain(question.words)} in {plain(question.environment)}{under}"
    lines = [f"**{HEADLINES[answer.outcome]}**: {what}."]
    if answer.outcome is GateOutcome.ALLOW:
        lines.append(f"Valid until {answer.valid_until:%Y-%m-%d %H:%M:%S} UTC.")
    elif answer.next_allowed_at:
        lines.append(f"Time allows it from {utc_text(answer.next_allowed_at)} on.")
    lines.append("")
    blockers = answer.blockers
    for index, reason in enumerate(blockers):
        line = _line(reason)
        rest = f"- and {len(blockers) - index} more"
        if len("\n".join([*lines, line])) + len(rest) + 1 > LONGEST:
            lines.append(rest)
            break
        lines.append(line)
    return "\n".join(lines).strip()


def _line(reason: Reason) -> str:
    text = f"- {WORDS[reason.outcome]} {reason.section}: {plain(reason.message)} {plain(reason.remedy)}".strip()
    return text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE - 1]}…"


def plain(text: str) -> str:
    """One line of text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
