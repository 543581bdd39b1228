"""Rules, rollout, default: in this order, the first that matches answers (§7.4). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .conditions import Test
from .hashing import VARIANT_SEED, hash_of
from .operators import PERCENTAGE
from .reading import Context, unit_reader
from .results import Outcome, Result, Unreadable

Decide = Callable[[Context, "dict[str, Result]"], Result]


def has_share(rule: Mapping[str, Any]) -> bool:
    """Whether the rule's answer depends on a bucket (reason SPLIT)."""
    return bool(rule.get("split")) or any(item.get("operator") == PERCENTAGE for item in rule.get("conditions") or ())


def decider(
    steps: tuple[tuple[Test, Outcome], ...], rolled: Result | None, is_in: Test | None, fallback: Result
) -> Decide:
    """Rules, rollout, default. `is_in` None: the rollout takes in everybody, or nobody when `rolled` is None too."""
    last = rolled if rolled is not None and is_in is None else fallback

    if len(steps) == 1 and is_in is not None and rolled is not None and isinstance(steps[0][1], Result):
        return _one_rule(steps[0][0], steps[0][1], is_in, rolled, last)

    def decide(context: Context, _memo: dict[str, Result]) -> Result:
        for test, outcome in steps:
            if test(context):
                found = outcome if isinstance(outcome, Result) else outcome(context)
                if found is not None:
                    return found
        if is_in is not None and rolled is not None and is_in(context):
            return rolled
        return last

    return decide


def _one_rule(test: Test, outcome: Result, is_in: Test, rolled: Result, last: Result) -> Decide:
    """What most flags are: one rule and a rollout to some, without the loop."""
    return lambda context, _memo: outcome if test(context) else rolled if is_in(context) else last


def split(parts: Any, answer: Callable[[str], Result], salt: str, bucket_by: str) -> Callable[[Context], Result | None]:
    """Shares people out by weight in the order listed; None for who cannot be told apart: the rule is none of theirs."""
    edges: list[tuple[int, Result]] = []
    total = 0
    for part in parts:
        total += int(part["weight"])
        edges.append((total, answer(str(part["variant"]))))
    if total <= 0:
        raise Unreadable("a split has no weight")
    unit, ladder = unit_reader(bucket_by), tuple(edges)

    def choose(context: Context) -> Result | None:
        who = unit(context)
        if who is None:
            return None
        at = hash_of(f"{salt}:{who}", VARIANT_SEED) % total
        return next(result for edge, result in ladder if at < edge)

    return choose
