"""The gate's rules over frozen facts: `decide` is what the product exists for. Pure."""

from __future__ import annotations

from releases.policy.gate.change import speaking
from releases.policy.gate.facts import ArtifactFact, CallerFact, ChangeFact, GateFacts, Question
from releases.policy.gate.rules import RULES, GateAnswer, decide
from releases.policy.gate.schedule import judge_going_on, open_spans
from releases.policy.gate.table import APPLIES, Column, Mode, column_of

__all__ = [
    "APPLIES",
    "RULES",
    "ArtifactFact",
    "CallerFact",
    "ChangeFact",
    "Column",
    "GateAnswer",
    "GateFacts",
    "Mode",
    "Question",
    "column_of",
    "decide",
    "judge_going_on",
    "open_spans",
    "speaking",
]
