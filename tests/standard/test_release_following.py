"""How far facts bring a release (§5.2): each row is what is known, and the move that follows by itself."""

from __future__ import annotations

from typing import Any

import pytest

from releases.policy.following import ReleaseProgress, next_verb
from releases.states import RELEASE_MOVES, ReleaseState

R = ReleaseState
ASKED = {"is_asked_for": True}
APPROVED = {**ASKED, "is_approved": True}

# (state, what is known, the verb that follows)
ROWS: tuple[tuple[ReleaseState, dict[str, Any], str | None], ...] = (
    # 1. Prepare, 2. Approve: its change speaks.
    (R.PREPARING, {"is_sent_back": True}, None),
    (R.PREPARING, ASKED, "submit"),
    (R.PREPARING, APPROVED, "submit"),
    (R.PREPARING, {**APPROVED, "has_staging_failed": True}, None),
    (R.PREPARING, {**APPROVED, "has_deploying_failed": True}, None),
    (R.PREPARING, {**APPROVED, "is_staging": True}, "submit"),
    (R.PREPARING, {"is_called_off": True}, "cancel"),
    (R.IN_REVIEW, ASKED, None),
    (R.IN_REVIEW, {"is_sent_back": True}, "return"),
    (R.IN_REVIEW, {"is_called_off": True}, "cancel"),
    # 3. Deploy to staging: only what is approved.
    (R.IN_REVIEW, {**ASKED, "is_staging": True}, None),
    (R.IN_REVIEW, {**ASKED, "is_staged": True}, None),
    (R.IN_REVIEW, APPROVED, None),
    (R.IN_REVIEW, {**APPROVED, "is_staging": True}, "stage"),
    (R.IN_REVIEW, {**APPROVED, "is_staged": True}, "stage"),
    (R.STAGING, {**APPROVED, "is_staging": True}, None),
    (R.STAGING, {**APPROVED, "is_staged": True}, "verify"),
    (R.STAGING, {**APPROVED, "has_staging_failed": True}, "fail"),
    (R.STAGING, {"is_sent_back": True, "is_staged": True}, "return"),
    (R.STAGED, {**APPROVED, "is_staged": True}, None),
    (R.STAGED, {"is_sent_back": True, "is_staged": True}, "return"),
    (R.STAGED, {"is_called_off": True, "is_staged": True}, "cancel"),
    # 3. Deploy to production, 4. Verify.
    (R.STAGED, {**APPROVED, "is_deploying": True}, "deploy"),
    (R.STAGED, {**APPROVED, "is_deployed": True}, "deploy"),
    (R.DEPLOYING, {**APPROVED, "is_deploying": True}, None),
    (R.DEPLOYING, {**APPROVED, "is_deployed": True}, "watch"),
    (R.DEPLOYING, {**APPROVED, "has_deploying_failed": True}, "fail"),
    (R.DEPLOYING, {**APPROVED, "is_taken_back": True}, "roll_back"),
    (R.DEPLOYING, {**APPROVED, "is_taken_back": True, "has_deploying_failed": True}, "roll_back"),
    (R.DEPLOYING, {"is_sent_back": True}, None),
    (R.MONITORING, {**APPROVED, "is_deployed": True}, None),
    (R.MONITORING, {**APPROVED, "is_taken_back": True}, "roll_back"),
    # 5. Communicate: nothing moves it any more.
    (R.RELEASED, {**APPROVED, "is_deployed": True}, None),
    (R.RELEASED, {"is_called_off": True}, None),
    (R.ROLLED_BACK, {**APPROVED, "is_deployed": True}, None),
    (R.CANCELLED, ASKED, None),
)


@pytest.mark.parametrize(("state", "known", "verb"), ROWS)
def test_next_verb__by_what_is_known__moves_the_release(
    state: ReleaseState, known: dict[str, Any], verb: str | None
) -> None:
    assert next_verb(ReleaseProgress(state=state, **known)) == verb


@pytest.mark.parametrize("known", [known for _, known, _ in ROWS])
@pytest.mark.parametrize("state", list(R))
def test_next_verb__followed_to_its_end__always_comes_to_rest(state: ReleaseState, known: dict[str, Any]) -> None:
    seen = [state]
    while (verb := next_verb(ReleaseProgress(state=seen[-1], **known))) is not None:
        row = next(move for move in RELEASE_MOVES if move.verb == verb and seen[-1] in move.sources)
        seen.append(ReleaseState(row.target))
        assert len(seen) < 10, seen
