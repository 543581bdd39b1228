"""How far a release's change and its deployments have brought it (§5.2). Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from releases.states import (
    CANCEL_RELEASE,
    DEPLOY_RELEASE,
    FAIL_RELEASE,
    RETURN_RELEASE,
    ROLL_BACK_RELEASE,
    STAGE_RELEASE,
    SUBMIT_RELEASE,
    VERIFY_RELEASE,
    WATCH_RELEASE,
    ReleaseState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseProgress:
    """What is known of a release's change and of the deployments of its artifacts.

    Of the change: whether it is with its approvers or further (`is_asked_for`), approved, a draft again (`is_sent_back`), or
    cancelled (`is_called_off`). Of staging and production: whether anything is under way, whether everything is there
    (`is_staged`: healthy, and its end-to-end tests passed; `is_deployed`: healthy), whether the last deployment of anything
    failed for good, whether it was taken back from production.
    """

    state: ReleaseState
    is_asked_for: bool = False
    is_approved: bool = False
    is_sent_back: bool = False
    is_called_off: bool = False
    is_staging: bool = False
    is_staged: bool = False
    has_staging_failed: bool = False
    is_deploying: bool = False
    is_deployed: bool = False
    has_deploying_failed: bool = False
    is_taken_back: bool = False

    @property
    def is_in_production(self) -> bool:
        """Whether it is on its way there or there."""
        return self.is_deploying or self.is_deployed

    @property
    def has_failed(self) -> bool:
        """Whether it has to be tried again."""
        return self.has_staging_failed or self.has_deploying_failed


Rule = tuple[str, tuple[str, ...], Callable[[ReleaseProgress], bool]]


def next_verb(progress: ReleaseProgress) -> str | None:
    """The verb of the next move that the facts make by themselves; None when the release stands where they say."""
    return next((verb for verb, sources, holds in RULES if progress.state in sources and holds(progress)), None)


# In this order: what went wrong is told before what went well.
RULES: tuple[Rule, ...] = (
    (CANCEL_RELEASE.verb, CANCEL_RELEASE.sources, lambda p: p.is_called_off),
    (RETURN_RELEASE.verb, RETURN_RELEASE.sources, lambda p: p.is_sent_back),
    # What failed is prepared again until somebody says that it is ready, or tries it again.
    (SUBMIT_RELEASE.verb, SUBMIT_RELEASE.sources, lambda p: p.is_asked_for and not p.has_failed),
    (
        STAGE_RELEASE.verb,
        STAGE_RELEASE.sources,
        lambda p: p.is_approved and (p.is_staging or p.is_staged or p.is_in_production),
    ),
    (VERIFY_RELEASE.verb, VERIFY_RELEASE.sources, lambda p: p.is_staged or p.is_in_production),
    (FAIL_RELEASE.verb, (ReleaseState.STAGING,), lambda p: p.has_staging_failed),
    (DEPLOY_RELEASE.verb, DEPLOY_RELEASE.sources, lambda p: p.is_in_production),
    (ROLL_BACK_RELEASE.verb, ROLL_BACK_RELEASE.sources, lambda p: p.is_taken_back),
    (WATCH_RELEASE.verb, WATCH_RELEASE.sources, lambda p: p.is_deployed),
    (FAIL_RELEASE.verb, (ReleaseState.DEPLOYING,), lambda p: p.has_deploying_failed),
)
