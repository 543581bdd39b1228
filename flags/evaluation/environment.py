"""Every flag of one environment, compiled once per version: then only closures run. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .conditions import Test, all_of, condition_test, nobody, share
from .deciding import Decide, decider, has_share, split
from .hashing import EVERYBODY, threshold_of
from .operators import SEGMENTS
from .reading import TARGETING_KEY, Context, TargetingKeyMissing
from .results import (
    DEFAULT,
    DISABLED,
    FLAG_NOT_FOUND,
    GENERAL,
    KEY_MISSING,
    PARSE_ERROR,
    SPLIT,
    STATIC,
    TARGETING_MATCH,
    Answers,
    Outcome,
    Result,
    Unreadable,
    answers_of,
)

Rule = tuple[str, list[Test], Outcome]


class Compiled:
    """One flag of one environment. `evaluate(context, memo)` may raise: ask it through `Environment.evaluate`."""

    __slots__ = ("client_visible", "evaluate", "failed", "key", "key_missing", "metadata", "rules", "value_type")

    def __init__(self, key: str, flag: Mapping[str, Any]) -> None:
        self.key = key
        self.client_visible = flag.get("client_visible") is True
        self.value_type = str(flag.get("value_type", "boolean"))
        self.metadata: Mapping[str, Any] = flag.get("metadata") or {}
        self.evaluate: Decide
        # For the trace: the id of each rule with the test of each of its conditions.
        self.rules: list[Rule] = []
        self.key_missing = Result(
            error=KEY_MISSING, detail=f"A percentage of {key} was reached and the context has no {TARGETING_KEY}."
        )
        self.failed = Result(error=GENERAL, detail=f"{key} could not be evaluated for this context.")


class Environment:
    """Every flag of one environment at one version, ready to run. `problems` names what its definitions got wrong."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.version: Any = definitions.get("version")
        self.problems: list[str] = []
        self.attributes: set[str] = {TARGETING_KEY}
        self.segments: dict[str, Test] = {}
        self.flags: dict[str, Compiled] = {}
        for name, segment in (definitions.get("segments") or {}).items():
            self.segments[name] = self._segment(name, segment)
        flags = definitions.get("flags") or {}
        cyclic = _cyclic(flags)
        for key, flag in flags.items():
            self.flags[key] = self._flag(key, flag, is_cyclic=key in cyclic)

    def evaluate(self, key: str, context: Context, memo: dict[str, Result] | None = None) -> Result:
        """The answer of one flag. Never raises; an unknown key is the error FLAG_NOT_FOUND.

        `memo` may be shared by evaluations of the same context: a prerequisite of many flags is then evaluated once.
        """
        flag = self.flags.get(key)
        if flag is None:
            return Result(error=FLAG_NOT_FOUND, detail=f"There is no flag {key}.")
        try:
            return flag.evaluate(context, {} if memo is None else memo)
        except TargetingKeyMissing:
            return flag.key_missing
        except Exception:  # noqa: BLE001 - a context of strange objects must not stop the caller
            return flag.failed

    def evaluate_all(self, flags: Iterable[Compiled], context: Context) -> list[Result]:
        """The answers of `flags` of this environment, in their order, as `evaluate` gives them. Never raises."""
        memo: dict[str, Result] = {}
        answers: list[Result] = []
        for flag in flags:
            try:
                answers.append(flag.evaluate(context, memo))
            except TargetingKeyMissing:
                answers.append(flag.key_missing)
            except Exception:  # noqa: BLE001 - as above
                answers.append(flag.failed)
        return answers

    def _segment(self, name: str, segment: Any) -> Test:
        try:
            alternatives = tuple(
                all_of(self._conditions(f"segment {name}", group, salt=name, segments={}))
                for group in segment["groups"]
            )
        except (KeyError, TypeError, AttributeError) as error:
            self.problems.append(f"segment {name}: {error}")
            return nobody
        return lambda context: any(test(context) for test in alternatives)

    def _conditions(self, place: str, conditions: Any, *, salt: str, segments: Mapping[str, Test]) -> list[Test]:
        tests: list[Test] = []
        for condition in conditions:
            test = condition_test(condition, salt, segments)
            if test is None:
                self.problems.append(f"{place}: the condition {condition!r:.200} cannot be read and matches nobody")
                test = nobody
            elif isinstance(condition.get("attribute"), str) and condition.get("operator") not in SEGMENTS:
                self.attributes.add(condition["attribute"])
            tests.append(test)
        return tests

    def _flag(self, key: str, flag: Mapping[str, Any], *, is_cyclic: bool) -> Compiled:
        compiled = Compiled(key, flag)
        wrong = Result(error=PARSE_ERROR, detail=f"The definition of {key} cannot be read.")
        if is_cyclic:
            wrong = Result(error=GENERAL, detail=f"The prerequisites of {key} lead back to it.")
            self.problems.append(wrong.detail)
            compiled.evaluate = lambda _context, _memo: wrong
            return compiled
        try:
            compiled.evaluate = self._closure(compiled, flag)
        except (Unreadable, KeyError, TypeError, ValueError, AttributeError) as error:
            self.problems.append(f"{key}: {error}")
            compiled.evaluate = lambda _context, _memo: wrong
        return compiled

    def _closure(self, compiled: Compiled, flag: Mapping[str, Any]) -> Decide:
        answer = answers_of({str(variant["name"]): variant["value"] for variant in flag["variants"]})
        if not flag.get("enabled"):
            off = answer(flag.get("off_variant"), DISABLED, {"killed": True} if flag.get("killed") else {})
            return lambda _context, _memo: off
        compiled.rules = [self._rule(compiled.key, rule, flag, answer) for rule in flag.get("rules") or ()]
        steps = tuple((all_of(tests), outcome) for _, tests, outcome in compiled.rules)
        percentage = flag.get("rollout_percentage")
        threshold = 0 if percentage is None else threshold_of(percentage)
        if threshold is None:
            raise Unreadable(f"{percentage!r} is no percentage")
        is_partly = 0 < threshold < EVERYBODY
        rolled = (
            answer(flag.get("rollout_variant"), SPLIT if is_partly else TARGETING_MATCH if steps else STATIC, {})
            if threshold
            else None
        )
        is_shared = is_partly or any(has_share(rule) for rule in flag.get("rules") or ())
        fallback = answer(flag.get("default_variant"), SPLIT if is_shared else DEFAULT if steps else STATIC, {})
        needed = [
            (
                str(item["flag"]),
                frozenset(item["variants"]),
                answer(flag.get("off_variant"), DISABLED, {"prerequisite": str(item["flag"])}),
            )
            for item in flag.get("prerequisites") or ()
        ]
        if not all(wanted for _, wanted, _ in needed):
            raise Unreadable("a prerequisite names no variant")
        is_in = share(self._bucket_by({}, flag), _salt(compiled.key, flag), threshold) if is_partly else None
        decide = decider(steps, rolled, is_in, fallback)
        return self._after(tuple(needed), decide) if needed else decide

    def _rule(self, key: str, rule: Mapping[str, Any], flag: Mapping[str, Any], answer: Answers) -> Rule:
        name, salt = str(rule.get("id", "")), _salt(key, flag)
        conditions = rule.get("conditions") or ()
        tests = self._conditions(f"{key}, rule {name}", conditions, salt=salt, segments=self.segments)
        extra = {"ruleId": name}
        if rule.get("split"):
            bucket_by = self._bucket_by(rule, flag)
            return name, tests, split(rule["split"], lambda chosen: answer(chosen, SPLIT, extra), salt, bucket_by)
        return name, tests, answer(rule.get("variant"), SPLIT if has_share(rule) else TARGETING_MATCH, extra)

    def _bucket_by(self, rule: Mapping[str, Any], flag: Mapping[str, Any]) -> str:
        attribute = str(rule.get("bucket_by") or flag.get("bucket_by") or TARGETING_KEY)
        self.attributes.add(attribute)
        return attribute

    def _after(self, needed: tuple[tuple[str, frozenset[str], Result], ...], decide: Decide) -> Decide:
        def evaluate(context: Context, memo: dict[str, Result]) -> Result:
            for key, wanted, unmet in needed:
                found = memo.get(key)
                if found is None:
                    found = memo[key] = self.evaluate(key, context, memo)
                if found.reason == DISABLED or found.variant not in wanted:
                    return unmet
            return decide(context, memo)

        return evaluate


def _salt(key: str, flag: Mapping[str, Any]) -> str:
    return str(flag.get("salt") or key)


def _cyclic(flags: Mapping[str, Any]) -> set[str]:
    """The keys whose prerequisites lead back to themselves."""
    needs = {
        key: [str(item.get("flag")) for item in flag.get("prerequisites") or () if isinstance(item, Mapping)]
        for key, flag in flags.items()
        if flag.get("prerequisites")
    }
    found: set[str] = set()
    for start, first in needs.items():
        seen: set[str] = set()
        waiting = list(first)
        while waiting:
            key = waiting.pop()
            if key == start:
                found.add(start)
                break
            if key not in seen:
                seen.add(key)
                waiting.extend(needs.get(key, ()))
    return found
