"""How far deployments have brought a release (§5.2). Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from releases.states import (
    DEPLOY_RELEASE,
    FAIL_RELEASE,
    RETURN_RELEASE,
    ROLL_BACK_RELEASE,
    STAGE_RELEASE,
    VERIFY_RELEASE,
    WATCH_RELEASE,
    ReleaseState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseProgress:
    """What is known of a release's change and of the deployments of its artifacts.

    Of staging and production: whether any is under way, whether all are healthy, whether the last one failed for good.
    """

    state: ReleaseState
    is_approved: bool
    is_sent_back: bool = False
    is_staging: bool = False
    is_staged: bool = False
    has_staging_failed: bool = False
    is_deploying: bool = False
    is_deployed: bool = False
    has_deploying_failed: bool = False
    is_taken_back: bool = False


def next_verb(progress: ReleaseProgress) -> str | None:
    """The verb of the next move that the facts make by themselves; None when the release stands where they say."""
    return next((verb for verb, source, holds in _RULES if progress.state is source and holds(progress)), None)


# In this order: what went wrong is told before what went well.
_RULES: tuple[tuple[str, ReleaseState, Callable[[ReleaseProgress], bool]], ...] = (
    (RETURN_RELEASE.verb, ReleaseState.IN_REVIEW, lambda p: p.is_sent_back),
    (
        STAGE_RELEASE.verb,
        ReleaseState.IN_REVIEW,
        lambda p: p.is_approved and (p.is_staging or p.is_staged or p.is_deploying or p.is_deployed),
    ),
    (VERIFY_RELEASE.verb, ReleaseState.STAGING, lambda p: p.is_staged or p.is_deploying or p.is_deployed),
    (FAIL_RELEASE.verb, ReleaseState.STAGING, lambda p: p.has_staging_failed),
    (DEPLOY_RELEASE.verb, ReleaseState.STAGED, lambda p: p.is_deploying or p.is_deployed),
    (ROLL_BACK_RELEASE.verb, ReleaseState.DEPLOYING, lambda p: p.is_taken_back),
    (WATCH_RELEASE.verb, ReleaseState.DEPLOYING, lambda p: p.is_deployed),
    (FAIL_RELEASE.verb, ReleaseState.DEPLOYING, lambda p: p.has_deploying_failed),
    (ROLL_BACK_RELEASE.verb, ReleaseState.MONITORING, lambda p: p.is_taken_back),
)
