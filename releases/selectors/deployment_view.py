"""A deployment as the API and its page tell it: what, where, by which decision, what was checked and seen, what can be done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from releases.models import Deployment, Rollback, Verification
from releases.selectors.rollbacks import last_rollback
from releases.states import Verdict, VerificationState

VERDICTS: dict[str, Verdict] = {
    VerificationState.PASSED: Verdict.PASS,
    VerificationState.FAILED: Verdict.FAIL,
    VerificationState.INCONCLUSIVE: Verdict.INCONCLUSIVE,
}
# The newest ones; a watch of 30 minutes every 30 seconds has 60.
MOST_SAMPLES = 200


def verification_of(deployment: Deployment) -> dict[str, Any] | None:
    """The last verification with its checks; None when there was none. `verdict` is None while it runs."""
    last = deployment.verifications.order_by("-number").first()
    return None if last is None else _verification(last)


def _verification(row: Verification) -> dict[str, Any]:
    return {
        "number": row.number,
        "state": row.state,
        "verdict": VERDICTS.get(row.state),
        "queued_at": row.queued_at,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "message": row.message,
        "checks": list(row.results.all()),
    }


def watch_of(deployment: Deployment) -> dict[str, Any] | None:
    """Until when it is watched and what was seen so far, oldest first; None before it was healthy."""
    if deployment.watch_until is None:
        return None
    newest = deployment.samples.order_by("-at", "-id")[:MOST_SAMPLES]
    return {
        "until": deployment.watch_until,
        "ended_at": deployment.watched_at,
        "alerted_at": deployment.alerted_at,
        "samples": list(reversed(newest)),
    }


def rollback_of(deployment: Deployment) -> dict[str, Any] | None:
    """How and why it is taken back, with the deployment that does it; of a rollback that stands, its own. None when neither is so."""
    taken_back_by = last_rollback(deployment)
    by = taken_back_by or (deployment if deployment.is_rollback else None)
    if by is None:
        return None
    how: Rollback | None = getattr(by, "rollback", None)
    return {
        "deployment": by.reference,
        "takes_back": by.rolls_back.reference if by.rolls_back else None,
        "to_version": by.version,
        "state": by.state,
        "started_at": by.started_at,
        "ended_at": by.verified_at or by.ended_at,
        "method": how.method if how else None,
        "trigger": how.trigger if how else None,
        "driver": how.driver if how else None,
        "flag": how.flag if how else "",
        "reason": how.reason if how else by.note,
        "is_automatic": how.is_automatic if how else False,
        "driver_said": how.driver_said if how else "",
        "handed_over_at": how.handed_over_at if how else None,
        "incident": (how.incident or None) if how else None,
        "impact": how.impact if how else "",
        "next_steps": how.next_steps if how else "",
        "notice": how.notice if how else "",
        "noticed_at": how.noticed_at if how else None,
    }


def ended_at(deployment: Deployment) -> datetime | None:
    """When it came to rest: taken back, failed, given up, or found healthy."""
    return deployment.ended_at or deployment.verified_at
