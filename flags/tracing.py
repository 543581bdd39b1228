"""Why a flag answers what it answers, step by step: what the playground shows. Pure; the answer itself is `evaluation`'s."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flags.evaluation import (
    DISABLED,
    PERCENTAGE,
    TARGETING_KEY,
    Context,
    Environment,
    Result,
    TargetingKeyMissing,
    bucket_of,
    getter,
    text_of,
)
from flags.evaluation.conditions import Test

# What is quoted of a context's value; the rest is cut.
LONGEST = 200
EVERYBODY = 100
NOT_ALL = "Not every condition holds."
NOT_SHARED = "Its conditions hold, but the context does not say by whom to share out."


def trace(environment: Environment, flag: Mapping[str, Any], context: Context) -> list[dict[str, Any]]:
    """The steps taken, in order, each {step, matched, detail, …}; the last one that matched gave the answer.

    `flag` is the definition that `environment` was compiled from.
    """
    key = str(flag["key"])
    result = environment.evaluate(key, context)
    if not flag.get("enabled"):
        words = "It was killed: its off variant is served." if flag.get("killed") else "It is switched off."
        return [_step("enabled", matched=True, detail=words)]
    steps = [_step("enabled", matched=False, detail="It is switched on.")]
    for item in flag.get("prerequisites") or ():
        found = environment.evaluate(item["flag"], context)
        unmet = found.reason == DISABLED or found.variant not in item["variants"]
        words = f"{item['flag']} answers {found.variant or found.error}; needed: {', '.join(item['variants'])}."
        steps.append(_step("prerequisite", matched=unmet, detail=words, flag=item["flag"]))
        if unmet:
            return steps
    return steps + _decided(environment, flag, context, result)


def _decided(
    environment: Environment, flag: Mapping[str, Any], context: Context, result: Result
) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    wrong = _step("error", matched=True, detail=result.detail)
    salt = str(flag.get("salt") or flag["key"])
    for name, tests, _ in environment.flags[str(flag["key"])].rules:
        rule = next(rule for rule in flag["rules"] if rule["id"] == name)
        conditions = [
            _condition(test, condition, salt, context)
            for test, condition in zip(tests, rule["conditions"], strict=True)
        ]
        unmatched = next((entry for entry in conditions if entry["matched"] is not True), None)
        # A rule whose conditions hold and that did not answer shares out by what the context does not name.
        is_answer = unmatched is None and (bool(result.error) or result.extra.get("ruleId") == name)
        words = f"Answers {result.variant}." if is_answer else NOT_SHARED if unmatched is None else NOT_ALL
        steps.append(_step("rule", matched=is_answer, detail=words, rule=name, conditions=conditions))
        if unmatched is None and not is_answer:
            continue
        if unmatched is None:
            return steps if not result.error else [*steps, wrong]
        if unmatched["matched"] is None:
            return [*steps, wrong]
    percentage = flag.get("rollout_percentage")
    if percentage is not None:
        bucket = _bucket(str(flag.get("bucket_by") or TARGETING_KEY), salt, context)
        is_in = percentage >= EVERYBODY or (bucket is not None and bucket < round(percentage * 100))
        place = f"; this one falls at {bucket / 100:.2f} %" if bucket is not None else ""
        steps.append(_step("rollout", matched=is_in, detail=f"{percentage:g} % of all{place}.", bucket=bucket))
        if is_in:
            return steps
    if result.error:
        return [*steps, wrong]
    return [*steps, _step("default", matched=True, detail=f"Nothing else matched: {result.variant}.")]


def _condition(test: Test, condition: Mapping[str, Any], salt: str, context: Context) -> dict[str, Any]:
    """`matched` is None where a percentage was reached and the context names nobody."""
    attribute, operator = str(condition.get("attribute") or ""), str(condition["operator"])
    matched: bool | None
    try:
        matched = test(context)
    except TargetingKeyMissing:
        matched = None
    entry: dict[str, Any] = {
        "attribute": attribute,
        "operator": operator,
        "value": condition.get("value"),
        "actual": _short(getter(attribute)(context)) if attribute else None,
        "matched": matched,
    }
    if operator == PERCENTAGE:
        entry["bucket"] = _bucket(attribute, str(condition.get("salt") or salt), context)
    return entry


def _bucket(attribute: str, salt: str, context: Context) -> int | None:
    unit = text_of(getter(attribute)(context))
    return bucket_of(salt, unit) if unit else None


def _short(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else str(value)[:LONGEST]


def _step(step: str, *, matched: bool, detail: str, **more: Any) -> dict[str, Any]:
    return {"step": step, "matched": matched, "detail": detail, **more}
