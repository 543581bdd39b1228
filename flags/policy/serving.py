"""What a flag serves in one environment, as it is written: read, completed and judged before it is stored (§7.3). Pure.

`content` is {enabled, default_variant, rollout_percentage, rollout_variant, bucket_by, salt, rules[], prerequisites[]}. `salt` decides who falls
in which bucket: the flag's key, until somebody has its people shared out anew. The off variant is not among it: a flag declares its safe
variant once, for everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cybercube_portal.errors import FieldError
from flags.evaluation import TARGETING_KEY
from flags.policy.conditions import (
    IDENTIFIER,
    LONGEST_TEXT,
    attribute_errors,
    condition_errors,
    is_share,
    member_unknown,
)
from flags.policy.variants import Variants, named_by_value

FIELDS = (
    "enabled",
    "default_variant",
    "rollout_percentage",
    "rollout_variant",
    "bucket_by",
    "salt",
    "rules",
    "prerequisites",
)
RULE_FIELDS = ("id", "description", "conditions", "variant", "split", "bucket_by")
STANDARD_RULE_FIELDS = frozenset({"attribute", "operator", "value", "result"})
MOST_RULES, MOST_CONDITIONS, MOST_PREREQUISITES = 100, 20, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagFacts:
    """The flag whose content is judged."""

    key: str
    value_type: str
    variants: Variants
    safe_variant: str | None

    @property
    def names(self) -> list[str]:
        """Its variants' names."""
        return [str(row["name"]) for row in self.variants]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """What content may refer to in the same environment: segments, other flags' variants, and what those need."""

    segments: frozenset[str] = frozenset()
    variants_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    needs: Mapping[str, frozenset[str]] = field(default_factory=dict)


def first_content(flag: FlagFacts) -> dict[str, Any]:
    """A new flag is off everywhere (§7.5 "Default: off")."""
    return {
        "enabled": False,
        "default_variant": flag.safe_variant,
        "rollout_percentage": None,
        "rollout_variant": next((name for name in flag.names if name != flag.safe_variant), None),
        "bucket_by": TARGETING_KEY,
        "salt": flag.key,
        "rules": [],
        "prerequisites": [],
    }


def completed(content: Mapping[str, Any], flag: FlagFacts) -> dict[str, Any]:
    """The content in its stored form: rules with ids, the standard's inline rules with conditions and a variant."""
    written = dict(content)
    if isinstance(written.get("rules"), list):
        written["rules"] = [_rule(rule, flag) for rule in written["rules"]]
        taken = {rule["id"] for rule in written["rules"] if isinstance(rule, dict) and isinstance(rule.get("id"), str)}
        for rule in written["rules"]:
            if isinstance(rule, dict) and "id" not in rule:
                rule["id"] = next(name for number in range(1, MOST_RULES * 9) if (name := f"r{number}") not in taken)
                taken.add(rule["id"])
    return written


def _rule(rule: Any, flag: FlagFacts) -> Any:  # noqa: ANN401 - any JSON, judged afterwards
    if not isinstance(rule, dict) or not set(rule) >= {"attribute", "operator", "result"}:
        return dict(rule) if isinstance(rule, dict) else rule
    rest = {name: value for name, value in rule.items() if name not in STANDARD_RULE_FIELDS}
    condition = {name: rule[name] for name in ("attribute", "operator", "value") if name in rule}
    variant = named_by_value(flag.variants, rule["result"], flag.value_type)
    return {**rest, "conditions": [condition], "variant": variant if variant is not None else str(rule["result"])[:50]}


def content_errors(content: Mapping[str, Any], flag: FlagFacts, around: Neighbours) -> list[FieldError]:
    """Everything wrong with it, each at its JSON pointer; empty when it may be stored."""
    errors = [member_unknown(f"/{name}", name, FIELDS) for name in content if name not in FIELDS]
    if not isinstance(content["enabled"], bool):
        errors.append(FieldError("/enabled", "flag.enabled", "enabled is true or false."))
    for name in ("default_variant", "rollout_variant"):
        if content[name] is not None:
            errors += _variant(f"/{name}", content[name], flag)
    errors += _rollout(content)
    errors += attribute_errors("/bucket_by", content["bucket_by"])
    errors += _list("/rules", content["rules"], MOST_RULES, "rules")
    errors += _list("/prerequisites", content["prerequisites"], MOST_PREREQUISITES, "prerequisites")
    if errors:
        return errors
    seen: set[str] = set()
    for place, rule in enumerate(content["rules"]):
        errors += _rule_errors(f"/rules/{place}", rule, flag, around, seen)
    for place, needed in enumerate(content["prerequisites"]):
        errors += _prerequisite(f"/prerequisites/{place}", needed, flag, around)
    return errors


def _variant(pointer: str, name: Any, flag: FlagFacts) -> Iterable[FieldError]:  # noqa: ANN401 - any JSON
    if name not in flag.names:
        message = f"{name!s:.50} is not a variant of {flag.key}: {', '.join(flag.names)}."
        yield FieldError(pointer, "flag.variant_unknown", message)


def _rollout(content: Mapping[str, Any]) -> Iterable[FieldError]:
    percentage = content["rollout_percentage"]
    if percentage is None:
        return
    if not is_share(percentage):
        message = "A percentage is 0 to 100, in steps of 0.01, or null for no rollout."
        yield FieldError("/rollout_percentage", "flag.percentage", message)
    elif content["rollout_variant"] is None:
        yield FieldError("/rollout_variant", "flag.rollout_variant_missing", "Say which variant is rolled out.")


def _list(pointer: str, value: Any, most: int, words: str) -> Iterable[FieldError]:  # noqa: ANN401 - any JSON
    if not isinstance(value, list):
        yield FieldError(pointer, "flag.list", f"{words.capitalize()} are a list.")
    elif len(value) > most:
        yield FieldError(pointer, "flag.too_many", f"There are at most {most} {words}.")


def _rule_errors(
    pointer: str,
    rule: Any,  # noqa: ANN401 - any JSON
    flag: FlagFacts,
    around: Neighbours,
    seen: set[str],
) -> list[FieldError]:
    if not isinstance(rule, dict):
        return [FieldError(pointer, "flag.rule_form", "A rule is an object with conditions and a variant.")]
    errors = [member_unknown(f"{pointer}/{name}", name, RULE_FIELDS) for name in rule if name not in RULE_FIELDS]
    errors += _rule_words(pointer, rule, seen)
    if ("variant" in rule) == ("split" in rule):
        errors.append(FieldError(pointer, "flag.rule_outcome", "A rule names either a variant or a split."))
    elif "split" in rule:
        errors += _split(f"{pointer}/split", rule["split"], flag)
    else:
        errors += _variant(f"{pointer}/variant", rule["variant"], flag)
    if "bucket_by" in rule:
        errors += attribute_errors(f"{pointer}/bucket_by", rule["bucket_by"])
    conditions = rule.get("conditions", [])
    wrong = list(_list(f"{pointer}/conditions", conditions, MOST_CONDITIONS, "conditions"))
    if wrong:
        return errors + wrong
    for place, condition in enumerate(conditions):
        errors += condition_errors(f"{pointer}/conditions/{place}", condition, segments=around.segments)
    return errors


def _rule_words(pointer: str, rule: Mapping[str, Any], seen: set[str]) -> Iterable[FieldError]:
    name, description = rule.get("id"), rule.get("description", "")
    if not isinstance(name, str) or not IDENTIFIER.fullmatch(name) or name in seen:
        yield FieldError(f"{pointer}/id", "flag.rule_id", "An id is letters, digits, - and _, once in a flag.")
    seen.add(str(name))
    if not isinstance(description, str) or len(description) > LONGEST_TEXT:
        yield FieldError(f"{pointer}/description", "flag.text", f"At most {LONGEST_TEXT} characters.")


def _split(pointer: str, parts: Any, flag: FlagFacts) -> Iterable[FieldError]:  # noqa: ANN401 - any JSON
    if not isinstance(parts, list) or not 1 <= len(parts) <= len(flag.names):
        yield FieldError(pointer, "flag.split_form", "A split lists variants with their weights.")
        return
    for place, part in enumerate(parts):
        if not isinstance(part, dict) or set(part) != {"variant", "weight"}:
            yield FieldError(f"{pointer}/{place}", "flag.split_form", "A part of a split is {variant, weight}.")
            continue
        yield from _variant(f"{pointer}/{place}/variant", part["variant"], flag)
        weight = part["weight"]
        if not isinstance(weight, int) or isinstance(weight, bool) or not 1 <= weight <= 1_000_000:  # noqa: PLR2004
            yield FieldError(f"{pointer}/{place}/weight", "flag.split_weight", "A weight is a whole number from 1.")


def _prerequisite(pointer: str, needed: Any, flag: FlagFacts, around: Neighbours) -> Iterable[FieldError]:  # noqa: ANN401
    if not isinstance(needed, dict) or set(needed) != {"flag", "variants"} or not isinstance(needed["variants"], list):
        yield FieldError(pointer, "flag.prerequisite_form", "A prerequisite is {flag, variants[]}.")
        return
    other = str(needed["flag"])
    if other not in around.variants_of:
        yield FieldError(f"{pointer}/flag", "flag.unknown", f"There is no flag {other:.100}.")
    elif other == flag.key or flag.key in _reach(other, around.needs):
        message = f"{other} needs {flag.key}, or is it: prerequisites may not lead back."
        yield FieldError(f"{pointer}/flag", "flag.prerequisite_cycle", message)
    elif not needed["variants"] or not set(map(str, needed["variants"])) <= around.variants_of[other]:
        message = f"{other} has the variants {', '.join(sorted(around.variants_of[other]))}."
        yield FieldError(f"{pointer}/variants", "flag.variant_unknown", message)


def _reach(start: str, needs: Mapping[str, frozenset[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            waiting.extend(needs.get(key, ()))
    return seen - {start}
