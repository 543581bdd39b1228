"""Ramps: percentages, each held for a time or until somebody lets it go on (§7.5 "Enable for % of users", "Enable 100%"). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cybercube_portal.decisions import Decision, decide, failed
from cybercube_portal.errors import FieldError
from flags.policy.conditions import is_share

STEPS: tuple[float, ...] = (1, 5, 25, 50, 100)
HOLD = 3600
LONGEST_HOLD = 14 * 24 * 3600
MOST_STEPS = 20
PRODUCTION = "prd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """`holds` are the seconds after each percentage but the last; None: until somebody lets it go on."""

    percentages: tuple[float, ...] = STEPS
    holds: tuple[int | None, ...] = (HOLD,) * (len(STEPS) - 1)

    @property
    def seconds(self) -> int:
        """How long it takes from the first percentage to the last, if everybody who is waited for says so at once."""
        return sum(hold or 0 for hold in self.holds)


def ramp_errors(ramp: Ramp, content: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with it, seen from what is served now."""
    errors: list[FieldError] = []
    now = (content["rollout_percentage"] or 0) if content["enabled"] else 0
    percentages = ramp.percentages
    if not 1 <= len(percentages) <= MOST_STEPS or not all(is_share(share) for share in percentages):
        errors.append(
            FieldError(
                "/steps",
                "flag.ramp_steps",
                f"A ramp has 1 to {MOST_STEPS} percentages from 0 to 100, in steps of 0.01.",
            )
        )
    elif list(percentages) != sorted(set(percentages)) or percentages[0] <= now:
        message = f"A ramp rises with every step, from above the {now:g} % of now."
        errors.append(FieldError("/steps", "flag.ramp_rises", message))
    if len(ramp.holds) != len(percentages) - 1 or any(
        hold is not None and not 0 < hold <= LONGEST_HOLD for hold in ramp.holds
    ):
        message = "Every step but the last is held for a time of at most 14 days, or until somebody approves it."
        errors.append(FieldError("/steps", "flag.ramp_holds", message))
    if content["rollout_variant"] is None:
        errors.append(
            FieldError("/rollout_variant", "flag.rollout_variant_missing", "Say which variant is rolled out.")
        )
    return errors


def contents_of(ramp: Ramp, content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is served at each percentage."""
    return [{**content, "enabled": True, "rollout_percentage": share} for share in ramp.percentages]


def may_approve(*, requester: str, approver: str, environment: str) -> Decision:
    """In production nobody lets a ramp go on that they planned themselves (§6.3)."""
    if environment == PRODUCTION and requester == approver:
        message = "You planned this ramp: in production somebody else lets it go on."
        remedy = "Ask somebody of the team to look at the figures and to approve."
        return decide(failed("approval.author_is_approver", "§6.3", message, remedy, ("Engineer", "Tech lead")))
    return decide()
