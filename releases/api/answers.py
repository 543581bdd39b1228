"""An answer of the gate as JSON, or, for a pipeline that asked strictly, as a problem that stops it."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from cybercube_portal.api import Problem
from cybercube_portal.api import answer as answer_problem
from releases.policy.gate.summary import summary_of
from releases.selectors.gate_log import Answer
from releases.states import GateOutcome

WORDS: dict[GateOutcome, tuple[str, str]] = {
    GateOutcome.WAIT: ("gate.waiting", "The gate does not let this pass yet."),
    GateOutcome.DENY: ("gate.denied", "The gate does not let this pass."),
}


def body_of(answer: Answer, *, is_dry_run: bool = False) -> dict[str, Any]:
    """The members of api.md, shaped as DecisionSerializer says."""
    question, judgement = answer.question, answer.judgement
    body = {
        "id": None if is_dry_run else str(answer.decision.pk),
        "decision": judgement.outcome.value,
        "service": question.service,
        "version": question.version,
        "digest": answer.digest or None,
        "environment": question.environment,
        "action": question.action.value,
        "decided_at": written(answer.decided_at),
        "valid_until": written(judgement.valid_until),
        "change": answer.change or None,
        "release": answer.release or None,
        "reasons": [reason.as_dict() for reason in judgement.reasons],
        "next_allowed_at": written(judgement.next_allowed_at) if judgement.next_allowed_at else None,
        "summary": summary_of(judgement, question, change=answer.change),
    }
    return {**body, "token": answer.token} if answer.token else body


def respond(request: HttpRequest, body: dict[str, Any], *, status: int, is_strict: bool) -> HttpResponse:
    """`body` as it is; strictly, anything but an allow becomes 403 with the same members (`curl -f` stops a pipeline)."""
    outcome = GateOutcome(body["decision"])
    if is_strict and outcome is not GateOutcome.ALLOW:
        code, detail = WORDS[outcome]
        problem = Problem(
            status=HTTPStatus.FORBIDDEN,
            code=code,
            detail=detail,
            reasons=tuple(body["reasons"]),
            members=body,
        )
        return answer_problem(request, problem)
    return HttpResponse(
        orjson.dumps(body), content_type="application/json", status=status, headers={"Cache-Control": "no-store"}
    )


def written(moment: datetime) -> str:
    """RFC 3339 in UTC."""
    return moment.isoformat().replace("+00:00", "Z")
