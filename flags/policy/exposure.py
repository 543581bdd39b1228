"""How far a flag is open, and what a step on that way needs (§6.2, §7.5; design/flags.md items 7 and 8). Pure.

Everything that is not the safe variant is exposure. Only a step towards the safe variant is immediate; every edit of rules counts as
raising exposure, because nobody can say whom it takes in.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from flags.evaluation import PERCENTAGE, TARGETING_KEY

Content = Mapping[str, Any]
SMALL = 5.0  # §6.2 through flags.md: a standard change up to 5 %
ALL = 100.0


class Direction(StrEnum):
    """Where a step leads."""

    SAME = "same"
    LOWER = "lower"
    RAISE = "raise"


def exposure_of(content: Content, safe_variant: str | None) -> float:
    """At most this share of people (0 to 100) is served something else than the safe variant."""
    if not content["enabled"]:
        return 0.0
    if content["default_variant"] != safe_variant:
        return ALL
    rolled = content["rollout_variant"] != safe_variant
    share = float(content["rollout_percentage"] or 0) if rolled else 0.0
    return min(ALL, share + sum(_rule_share(rule, safe_variant) for rule in content["rules"]))


def certain_of(content: Content, safe_variant: str | None) -> float:
    """At least this share of people is served something else than the safe variant: what rules add to it nobody can say."""
    if not content["enabled"] or any(safe_variant in _outcomes(rule) for rule in content["rules"]):
        return 0.0
    share = float(content["rollout_percentage"] or 0)
    rolled = share if content["rollout_variant"] != safe_variant else 0.0
    return rolled + (ALL - share if content["default_variant"] != safe_variant else 0.0)


def _outcomes(rule: Mapping[str, Any]) -> set[str]:
    """The variants that a rule may answer."""
    return {part["variant"] for part in rule["split"]} if "split" in rule else {rule["variant"]}


def _rule_share(rule: Mapping[str, Any], safe_variant: str | None) -> float:
    if _outcomes(rule) == {safe_variant}:
        return 0.0
    shares = [float(item["value"]) for item in rule.get("conditions", ()) if item["operator"] == PERCENTAGE]
    return min(shares, default=ALL)


def direction_of(before: Content, after: Content, safe_variant: str | None) -> Direction:
    """Lower only when every single member that changed moves towards the safe variant."""
    changed = [name for name in after if before.get(name) != after[name]]
    if not changed:
        return Direction.SAME
    if not after["enabled"]:
        # What is switched off serves the safe variant, whatever else was edited with it.
        return Direction.LOWER if before["enabled"] or changed == ["enabled"] else Direction.SAME
    if not before["enabled"]:
        return Direction.SAME if exposure_of(after, safe_variant) == 0 and not after["rules"] else Direction.RAISE
    return Direction.LOWER if all(_lowers(name, before, after, safe_variant) for name in changed) else Direction.RAISE


def _lowers(name: str, before: Content, after: Content, safe_variant: str | None) -> bool:
    if name == "default_variant":
        return bool(after["default_variant"] == safe_variant)
    if name == "rollout_percentage":
        less = (after["rollout_percentage"] or 0) < (before["rollout_percentage"] or 0)
        return less and after["default_variant"] == safe_variant and after["rollout_variant"] != safe_variant
    # Which variant an empty rollout would hand out changes nothing by itself.
    return name == "rollout_variant" and not after["rollout_percentage"] and not before["rollout_percentage"]


def is_shared_out(content: Content) -> bool:
    """Whether anybody is told apart by a bucket: a rollout to some, a percentage in a rule, a split."""
    percentage = content["rollout_percentage"]
    return (
        bool(percentage and percentage < ALL)
        or any("split" in rule for rule in content["rules"])
        or any(item["operator"] == PERCENTAGE for rule in content["rules"] for item in rule.get("conditions", ()))
    )


def is_small(content: Content, safe_variant: str | None) -> bool:
    """Whether raising to this is pre-approved: a standard change.

    Only a share by the targeting key is a share of people: 5 % of countries, or of an attribute that is the same for everybody, may be all.
    """
    exposure = exposure_of(content, safe_variant)
    shares = [name for rule in content["rules"] for name in _shared_by(rule)]
    if content["rollout_percentage"] and content["rollout_variant"] != safe_variant:
        shares.append(content["bucket_by"])
    return exposure <= SMALL and (not exposure or set(shares) <= {TARGETING_KEY})


def _shared_by(rule: Mapping[str, Any]) -> list[str]:
    return [item["attribute"] for item in rule.get("conditions", ()) if item["operator"] == PERCENTAGE]
