"""Write the gate's log: rows that are on disk before an answer leaves."""

from __future__ import annotations

from typing import Any

import orjson
from django.db import transaction

from cybercube_portal.database.plans import prepared
from releases.models import GateDecision, GateEvaluation
from releases.selectors.gate_log import Answer, latest_answer
from releases.states import GateOutcome

# One statement, so one commit and one flush to disk: a question without an answer never exists.
INSERT = """
WITH question AS (
    INSERT INTO releases_gatedecision (id, service, version, digest, environment, action, change_named, run, actor, asked_by,
        key_prefix, asked_at, request_id, idempotency_key, question_hash)
    VALUES (%(id)s, %(service)s, %(version)s, %(asked_digest)s, %(environment)s, %(action)s, %(change_named)s, %(run)s::jsonb,
        %(actor)s, %(asked_by)s, %(key_prefix)s, %(asked_at)s, %(request_id)s, %(idempotency_key)s, %(question_hash)s)
    ON CONFLICT (asked_by, key_prefix, idempotency_key) WHERE NOT (idempotency_key = '') DO NOTHING
    RETURNING id
)
INSERT INTO releases_gateevaluation (decision_id, outcome, reasons, digest, change, release, decided_at, valid_until,
    next_allowed_at, inputs)
SELECT question.id, %(outcome)s, %(reasons)s::jsonb, %(digest)s, %(change)s, %(release)s, %(decided_at)s, %(valid_until)s,
    %(next_allowed_at)s, %(inputs)s
FROM question
"""


def insert_answer(answer: Answer) -> bool:
    """Keep a question with its first answer; False when the same Idempotency-Key was kept before."""
    with prepared() as cursor:
        cursor.execute(INSERT, insert_parameters(answer))
        return bool(cursor.rowcount)


def insert_parameters(answer: Answer) -> dict[str, Any]:
    """What `INSERT` takes."""
    decision, judgement = answer.decision, answer.judgement
    return {
        "id": decision.id,
        "service": decision.service,
        "version": decision.version,
        "asked_digest": decision.digest,
        "environment": decision.environment,
        "action": decision.action,
        "change_named": decision.change_named,
        "run": orjson.dumps(decision.run).decode(),
        "actor": decision.actor,
        "asked_by": decision.asked_by,
        "key_prefix": decision.key_prefix,
        "asked_at": decision.asked_at,
        "request_id": decision.request_id,
        "idempotency_key": decision.idempotency_key,
        "question_hash": decision.question_hash,
        "outcome": judgement.outcome.value,
        "reasons": orjson.dumps([reason.as_dict() for reason in judgement.reasons]).decode(),
        "digest": answer.digest,
        "change": answer.change,
        "release": answer.release,
        "decided_at": answer.decided_at,
        "valid_until": judgement.valid_until,
        "next_allowed_at": judgement.next_allowed_at,
        "inputs": answer.inputs,
    }


@transaction.atomic
def append_answer(answer: Answer) -> Answer:
    """Keep a later answer to a question that waits; the one kept by somebody else meanwhile when it waits no more."""
    GateDecision.objects.select_for_update(no_key=True).get(pk=answer.decision.pk)
    last = latest_answer(answer.decision.pk)
    if last is not None and last.outcome is not GateOutcome.WAIT:
        return last
    GateEvaluation.objects.create(
        decision=answer.decision,
        outcome=answer.outcome,
        reasons=[reason.as_dict() for reason in answer.judgement.reasons],
        digest=answer.digest,
        change=answer.change,
        release=answer.release,
        decided_at=answer.decided_at,
        valid_until=answer.judgement.valid_until,
        next_allowed_at=answer.judgement.next_allowed_at,
        inputs=answer.inputs,
    )
    return answer
