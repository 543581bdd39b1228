"""Ask the gate, and ask again: what is answered was written before (reliability.md section 3)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from changes.actions.changes import file_routine_deployment
from cybercube_portal.audit.requests import current_request_id
from cybercube_portal.decisions import Outcome, Reason
from cybercube_portal.errors import MoveRefused, NotAuthenticated, NotFound
from cybercube_portal.people.actors import Actor
from cybercube_portal.people.guard import require
from cybercube_portal.people.selectors import note_use
from releases.actions.gate_log import append_answer, insert_answer
from releases.actions.gate_tokens import sign_token
from releases.models import GateDecision
from releases.permissions import ASK_GATE
from releases.policy.gate import GateFacts, Question, decide
from releases.policy.gate.change import IN_FORCE
from releases.policy.gate.rules import RULES, judged
from releases.policy.gate.table import ARTIFACT, CALLER, CHANGE, EVIDENCE, PROMOTION, Mode, column_of, mode_of
from releases.selectors.gate import Reading, read_facts, read_facts_by_key
from releases.selectors.gate_log import Answer, answer_kept_for, answer_of, latest_answer, may_see
from releases.states import GateOutcome

# A standard change is not filed for what the gate turns away whatever the change says.
BEFORE_FILING = frozenset({CALLER, ARTIFACT, EVIDENCE, PROMOTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question with what the log keeps of it; see GateDecision. `version` is spelt as it was asked.

    `files_change`: a routine deployment, whose standard change is filed where none speaks. `at` judges another moment, in a
    dry run only.
    """

    question: Question
    version: str
    run: Mapping[str, Any] = field(default_factory=dict)
    actor: str = ""
    files_change: bool = False
    idempotency_key: str = ""
    question_hash: str = ""
    dry_run: bool = False
    at: datetime | None = None


def decide_gate(*, asked: Asked, key_digest: str = "", actor: Actor | None = None) -> Answer:
    """The gate's answer, kept in its log unless it is a dry run; an Idempotency-Key known from before gives the one kept then.

    The credential is an API key by its SHA-256, or an actor who proved themselves otherwise. Raises NotAuthenticated,
    NotPermitted, Invalid, and whatever the database or the signing key raise: none of that is an answer.
    """
    if actor is None:
        reading = read_facts_by_key(asked.question, key_digest=key_digest, at=asked.at)
    else:
        reading = read_facts(asked.question, actor=actor, at=asked.at)
    if reading is None:
        raise NotAuthenticated("The API key is not known, has expired or was revoked.", code="authentication.failed")
    require(reading.asker.actor, ASK_GATE, now=reading.now)
    if asked.files_change and _needs_change(reading.facts):
        with transaction.atomic():
            answer = _answer(asked, _filed(asked, reading))
            # A dry run keeps nothing, and the same question sent twice at once files one change.
            transaction.set_rollback(asked.dry_run or answer.is_kept)
    else:
        answer = _answer(asked, reading)
    if reading.asker.key_id is not None:
        note_use(key_id=reading.asker.key_id, last_used_at=reading.asker.key_used_at, now=reading.now)
    return answer


def look_again(*, decision_id: uuid.UUID, actor: Actor, now: datetime) -> Answer:
    """How the question stands now, judged anew while it waits and its asker looks. Nothing is written, see `keep_answer`.

    Raises NotPermitted, and NotFound for a decision that this caller may not see.
    """
    require(actor, ASK_GATE, now=now)
    kept = latest_answer(decision_id)
    if kept is None or not may_see(actor, kept.decision):
        raise NotFound("There is no such decision.", code="gate.decision_unknown")
    if kept.outcome is not GateOutcome.WAIT or kept.decision.asked_by != actor.username:
        return kept
    reading = read_facts(kept.question, actor=actor)
    judgement = decide(reading.facts, lifetime=settings.GATE_TOKEN_LIFETIME)
    return answer_of(kept.decision, reading.facts, judgement, inputs=reading.inputs)


def keep_answer(*, answer: Answer, actor: Actor) -> Answer:
    """Append what `look_again` found, and sign an allow for the one who asked; nobody else gets a token."""
    token = sign_token(answer) if answer.decision.asked_by == actor.username else ""
    kept = answer if answer.is_kept else append_answer(answer)
    return replace(kept, token=token if kept is answer else "")


def decide_own(*, question: Question, actor: Actor) -> Answer:
    """The gate's answer to what the portal itself is about to do for `actor`, kept in its log and, being spent at once, unsigned.

    Who may do it was judged before by the action that asks. Raises whatever the database raises: that is no answer.
    """
    answer = ask_own(question=question, actor=actor)
    insert_answer(answer)
    return answer


def ask_own(*, question: Question, actor: Actor) -> Answer:
    """The same without keeping it, for a page that shows what the gate would say."""
    reading = read_facts(question, actor=actor)
    return _judged(Asked(question=question, version=question.version), reading)


def _needs_change(facts: GateFacts) -> bool:
    if mode_of(CHANGE, column_of(facts), facts.question.action) is Mode.NOT_ASKED:
        return False
    if any(_fails(reason) for rule in RULES if rule.row in BEFORE_FILING for reason in judged(rule, facts)):
        return False
    change = facts.change
    return change is None or change.state not in IN_FORCE or not change.slot.span.contains(facts.at)


def _fails(reason: Reason) -> bool:
    """What is pending may still come: it is waited for under a change."""
    return reason.outcome is Outcome.FAIL


def _filed(asked: Asked, reading: Reading) -> Reading:
    actor = reading.asker.actor
    try:
        change = file_routine_deployment(
            service=asked.question.service,
            version=asked.question.version,
            digest=reading.facts.digest,
            environment=asked.question.environment,
            actor=actor,
            now=reading.now,
        )
    except MoveRefused as refusal:
        return replace(reading, facts=replace(reading.facts, change=None, refused=refusal.decision.blockers))
    return read_facts(replace(asked.question, change=change.number), actor=actor, at=asked.at)


def _judged(asked: Asked, reading: Reading) -> Answer:
    actor, question = reading.asker.actor, reading.facts.question
    decision = GateDecision(
        id=uuid.uuid4(),
        service=question.service,
        version=asked.version,
        digest=question.digest,
        environment=question.environment,
        action=question.action,
        change_named=question.change,
        run=dict(asked.run),
        actor=asked.actor,
        asked_by=actor.username,
        key_prefix=actor.key.prefix if actor.key else "",
        asked_at=reading.now,
        request_id=current_request_id(),
        idempotency_key=asked.idempotency_key,
        question_hash=asked.question_hash,
    )
    judgement = decide(reading.facts, lifetime=settings.GATE_TOKEN_LIFETIME)
    return answer_of(decision, reading.facts, judgement, inputs=reading.inputs)


def _answer(asked: Asked, reading: Reading) -> Answer:
    answer = _judged(asked, reading)
    if asked.dry_run:
        return answer
    # Signed before it is written: without its key the portal allows nothing, and its log says nothing else.
    answer = replace(answer, token=sign_token(answer))
    if insert_answer(answer):
        return answer
    kept = answer_kept_for(answer.decision)
    return replace(kept, token=sign_token(kept))
