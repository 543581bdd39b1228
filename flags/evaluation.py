"""What a flag answers for a context (§7.3, §7.4): compiled once per version of an environment, then only closures run. Pure.

One file without Django, for Python 3.9 or later: the portal, OFREP, the playground and the Python client all run it, over the same
definitions. Order: off or killed, prerequisites, rules (the first that matches), rollout, default. Evaluation never raises: what a
definition cannot say is a problem of the compiled environment, what a context cannot say is no match.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from math import isfinite
from typing import Any, Union

_fast_hash: Callable[[str, int, bool], int] | None
try:
    from mmh3 import hash as _mmh3_hash

    _fast_hash = _mmh3_hash
except ImportError:  # the client also runs where no wheel is
    _fast_hash = None

TARGETING_KEY = "targetingKey"
CODE_DEFAULT = "code_default"  # the variant's name when the caller's own default is served
VARIANT_SEED = 86028157
LARGEST_LIST = 10_000
EVERYBODY = 10_000  # all the buckets
STATIC, DEFAULT, TARGETING_MATCH, SPLIT, DISABLED = "STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED"
FLAG_NOT_FOUND, PARSE_ERROR, KEY_MISSING, GENERAL = (
    "FLAG_NOT_FOUND",
    "PARSE_ERROR",
    "TARGETING_KEY_MISSING",
    "GENERAL",
)

Context = Mapping[str, Any]
Test = Callable[[Context], bool]
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?")
_SEMVER = re.compile(r"v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]{1,100}))?(?:\+[0-9A-Za-z.-]{1,100})?")
_LISTS = (list, tuple, set, frozenset)


class Result:
    """One of the answers a flag can give. `value` None: the caller's own default. `wire` is the server's to keep bytes in."""

    __slots__ = ("detail", "error", "extra", "reason", "value", "variant", "wire")

    def __init__(
        self,
        *,
        value: Any = None,
        variant: str | None = None,
        reason: str = "",
        extra: Mapping[str, Any] | None = None,
        error: str = "",
        detail: str = "",
    ) -> None:
        self.value, self.variant, self.reason = value, variant, reason
        self.extra: Mapping[str, Any] = extra or {}
        self.error, self.detail = error, detail
        self.wire: bytes | None = None


Outcome = Union[Result, Callable[[Context], Result]]
Answers = Callable[[Union[str, None], str, Mapping[str, Any]], Result]
Rule = tuple[str, list[Test], Outcome]


class TargetingKeyMissing(Exception):
    """A percentage was reached and the context names nobody."""


class _Unreadable(Exception):
    """The definition contradicts itself."""


def murmur3(data: bytes, seed: int = 0) -> int:
    """MurmurHash3, x86, 32 bits, unsigned: what mmh3 computes, for where it is missing."""
    h, whole = seed, len(data) & ~3
    for at in range(0, len(data), 4):
        k = int.from_bytes(data[at : at + 4], "little") * 0xCC9E2D51 & 0xFFFFFFFF
        h ^= ((k << 15 | k >> 17) & 0xFFFFFFFF) * 0x1B873593 & 0xFFFFFFFF
        if at < whole:
            h = ((h << 13 | h >> 19) & 0xFFFFFFFF) * 5 + 0xE6546B64 & 0xFFFFFFFF
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16


def hash_of(text: str, seed: int = 0) -> int:
    """The hash of the UTF-8 of `text`; half of a surrogate pair counts as U+FFFD, as everywhere else."""
    try:
        return _fast_hash(text, seed, False) if _fast_hash is not None else murmur3(text.encode(), seed)
    except UnicodeEncodeError:
        return hash_of(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), seed)


def bucket_of(salt: str, unit: str) -> int:
    """0..9999. In a rollout of p % exactly when below round(p * 100); for whole percentages the standard's `hash % 100 < p`."""
    h = hash_of(f"{salt}:{unit}")
    return h % 100 * 100 + h // 100 % 100


def text_of(value: Any) -> str | None:
    """The canonical text by which scalars are compared (1 = "1" = 1.0, true = "true"); None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        if isinstance(value, float) and isfinite(value):
            return str(int(value)) if value.is_integer() else repr(value)
        return str(value) if isinstance(value, int) else None
    except ValueError:  # an integer of more digits than Python prints
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _semver(value: Any) -> tuple[Any, ...] | None:
    found = _SEMVER.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    parts = (found[4] or "").split(".")
    before = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts) if found[4] else ()
    return (*(int(found[place]) for place in (1, 2, 3)), not before, before)


def _moment(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if abs(value) < 1e15 else None
    try:
        moment = (
            datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith(("Z", "z")) else value)
            if isinstance(value, str)
            else value
        )
        if not isinstance(moment, datetime):
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return None


Check = Callable[[Any], bool]


def _equal(value: Any) -> Check | None:
    want = text_of(value)
    return None if want is None else lambda got: got == want if got.__class__ is str else text_of(got) == want


def _among(value: Any) -> Check | None:
    if not isinstance(value, _LISTS) or len(value) > LARGEST_LIST:
        return None
    words = [text_of(item) for item in value]
    want = frozenset(words)
    if not words or None in want:
        return None
    return lambda got: any(text_of(item) in want for item in got) if isinstance(got, _LISTS) else text_of(got) in want


def _contains(value: Any) -> Check | None:
    want = text_of(value)
    if not want:
        return None
    return lambda got: (
        want in got if isinstance(got, str) else isinstance(got, _LISTS) and any(text_of(item) == want for item in got)
    )


def _not(build: Callable[[Any], Check | None], *, lists: bool) -> Callable[[Any], Check | None]:
    """The negation, for an attribute that is there and of a kind the operator understands."""

    def built(value: Any) -> Check | None:
        check = build(value)
        if check is None:
            return None
        return lambda got: (text_of(got) is not None or (lists and isinstance(got, _LISTS))) and not check(got)

    return built


def _text(compare: Callable[[str, str], bool]) -> Callable[[Any], Check | None]:
    def built(value: Any) -> Check | None:
        return (lambda got: isinstance(got, str) and compare(got, value)) if isinstance(value, str) and value else None

    return built


def _ordered(read: Callable[[Any], Any], compare: Callable[[Any, Any], bool]) -> Callable[[Any], Check | None]:
    def built(value: Any) -> Check | None:
        want = read(value)
        if want is None or want != want:  # noqa: PLR0124 - NaN orders nothing
            return None
        return lambda got: (have := read(got)) is not None and compare(have, want)

    return built


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}
# Each builds a check of an attribute that is there, from the condition's value; None: the value is malformed.
OPERATORS: dict[str, Callable[[Any], Check | None]] = {
    "eq": _equal,
    "neq": _not(_equal, lists=False),
    "in": _among,
    "not_in": _not(_among, lists=True),
    "contains": _contains,
    "not_contains": _not(_contains, lists=True),
    "starts_with": _text(str.startswith),
    "ends_with": _text(str.endswith),
    **{name: _ordered(_number, compare) for name, compare in _COMPARE.items()},
    "semver_eq": _ordered(_semver, lambda a, b: bool(a == b)),
    **{f"semver_{name}": _ordered(_semver, compare) for name, compare in _COMPARE.items()},
    "before": _ordered(_moment, _COMPARE["lt"]),
    "after": _ordered(_moment, _COMPARE["gt"]),
}
PRESENCE, SEGMENTS, PERCENTAGE = ("exists", "not_exists"), ("segment", "not_segment"), "percentage"


def getter(attribute: str) -> Callable[[Context], Any]:
    """Reads an attribute: the literal key first, then the nested path; None when there is none."""
    if "." not in attribute:
        return lambda context: context.get(attribute)
    parts = attribute.split(".")

    def get(context: Context) -> Any:
        found: Any = context.get(attribute)
        if found is None:
            found = context
            for part in parts:
                found = found.get(part) if isinstance(found, Mapping) else None
        return found

    return get


def unit_reader(attribute: str) -> Callable[[Context], str | None]:
    """Reads who is bucketed; None when that attribute is missing. Raises TargetingKeyMissing when it is the key."""
    get, is_key = getter(attribute), attribute == TARGETING_KEY

    def unit(context: Context) -> str | None:
        found = text_of(get(context))
        if not found and is_key:
            raise TargetingKeyMissing
        return found or None

    return unit


def threshold_of(percentage: Any) -> int | None:
    """0..10000 for 0..100; None when it is no percentage."""
    if isinstance(percentage, bool) or not isinstance(percentage, (int, float)) or not 0 <= percentage <= 100:
        return None
    return round(percentage * 100)


def _share(attribute: str, salt: str, threshold: int) -> Test:
    if not threshold:
        return lambda _context: False
    unit = unit_reader(attribute)

    def is_in(context: Context) -> bool:
        who = unit(context)
        return who is not None and bucket_of(salt, who) < threshold

    return is_in


def condition_test(condition: Mapping[str, Any], salt: str, segments: Mapping[str, Test]) -> Test | None:
    """The test of one condition; None when it is malformed or names an operator or segment nobody knows."""
    operator, value, attribute = condition.get("operator"), condition.get("value"), condition.get("attribute")
    if operator in SEGMENTS:
        return _segment_test(value, segments, wanted=operator == "segment")
    if not isinstance(attribute, str) or not attribute or not isinstance(operator, str):
        return None
    if operator == PERCENTAGE:
        threshold = threshold_of(value)
        return None if threshold is None else _share(attribute, str(condition.get("salt") or salt), threshold)
    get = getter(attribute)
    if operator in PRESENCE:
        wanted = operator == "exists"
        return lambda context: (get(context) is not None) is wanted
    holds = OPERATORS[operator](value) if operator in OPERATORS else None
    if holds is None:
        return None
    check = holds
    return lambda context: (got := get(context)) is not None and check(got)


def _segment_test(value: Any, segments: Mapping[str, Test], *, wanted: bool) -> Test | None:
    names = value if isinstance(value, _LISTS) else [value]
    tests = [segments[name] for name in names if isinstance(name, str) and name in segments]
    if len(tests) != len(names) or not tests:
        return None
    return lambda context: any(test(context) for test in tests) is wanted


def all_of(tests: Iterable[Test]) -> Test:
    """True when every test is; nothing to ask is true."""
    kept = tuple(tests)
    if len(kept) == 1:
        return kept[0]
    return lambda context: all(test(context) for test in kept)


class Compiled:
    """One flag of one environment. `evaluate(context, memo)` may raise: ask it through `Environment.evaluate`."""

    __slots__ = ("client_visible", "evaluate", "failed", "key", "key_missing", "metadata", "rules", "value_type")

    def __init__(self, key: str, flag: Mapping[str, Any]) -> None:
        self.key = key
        self.client_visible = flag.get("client_visible") is True
        self.value_type = str(flag.get("value_type", "boolean"))
        self.metadata: Mapping[str, Any] = flag.get("metadata") or {}
        self.evaluate: Callable[[Context, dict[str, Result]], Result]
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

    def _segment(self, name: str, segment: Any) -> Test:
        try:
            alternatives = tuple(
                all_of(self._conditions(f"segment {name}", group, salt=name, segments={}))
                for group in segment["groups"]
            )
        except (KeyError, TypeError, AttributeError) as error:
            self.problems.append(f"segment {name}: {error}")
            return _nobody
        return lambda context: any(test(context) for test in alternatives)

    def _conditions(self, place: str, conditions: Any, *, salt: str, segments: Mapping[str, Test]) -> list[Test]:
        tests: list[Test] = []
        for condition in conditions:
            test = condition_test(condition, salt, segments)
            if test is None:
                self.problems.append(f"{place}: the condition {condition!r:.200} cannot be read and matches nobody")
                test = _nobody
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
        except (_Unreadable, KeyError, TypeError, ValueError, AttributeError) as error:
            self.problems.append(f"{key}: {error}")
            compiled.evaluate = lambda _context, _memo: wrong
        return compiled

    def _closure(self, compiled: Compiled, flag: Mapping[str, Any]) -> Callable[[Context, dict[str, Result]], Result]:
        answer = _answers({str(variant["name"]): variant["value"] for variant in flag["variants"]})
        if not flag.get("enabled"):
            off = answer(flag.get("off_variant"), DISABLED, {"killed": True} if flag.get("killed") else {})
            return lambda _context, _memo: off
        compiled.rules = [self._rule(compiled.key, rule, flag, answer) for rule in flag.get("rules") or ()]
        steps = tuple((all_of(tests), outcome) for _, tests, outcome in compiled.rules)
        percentage = flag.get("rollout_percentage")
        threshold = 0 if percentage is None else threshold_of(percentage)
        if threshold is None:
            raise _Unreadable(f"{percentage!r} is no percentage")
        is_partly = 0 < threshold < EVERYBODY
        rolled = (
            answer(flag.get("rollout_variant"), SPLIT if is_partly else TARGETING_MATCH if steps else STATIC, {})
            if threshold
            else None
        )
        is_shared = is_partly or any(_has_share(rule) for rule in flag.get("rules") or ())
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
            raise _Unreadable("a prerequisite names no variant")
        is_in = _share(self._bucket_by({}, flag), _salt(compiled.key, flag), threshold) if is_partly else None
        decide = _decider(steps, rolled, is_in, fallback)
        return self._after(tuple(needed), decide) if needed else lambda context, _memo: decide(context)

    def _rule(self, key: str, rule: Mapping[str, Any], flag: Mapping[str, Any], answer: Answers) -> Rule:
        name, salt = str(rule.get("id", "")), _salt(key, flag)
        conditions = rule.get("conditions") or ()
        tests = self._conditions(f"{key}, rule {name}", conditions, salt=salt, segments=self.segments)
        extra = {"ruleId": name}
        if rule.get("split"):
            bucket_by = self._bucket_by(rule, flag)
            return name, tests, _split(rule["split"], lambda chosen: answer(chosen, SPLIT, extra), salt, bucket_by)
        return name, tests, answer(rule.get("variant"), SPLIT if _has_share(rule) else TARGETING_MATCH, extra)

    def _bucket_by(self, rule: Mapping[str, Any], flag: Mapping[str, Any]) -> str:
        attribute = str(rule.get("bucket_by") or flag.get("bucket_by") or TARGETING_KEY)
        self.attributes.add(attribute)
        return attribute

    def _after(
        self, needed: tuple[tuple[str, frozenset[str], Result], ...], decide: Callable[[Context], Result]
    ) -> Callable[[Context, dict[str, Result]], Result]:
        def evaluate(context: Context, memo: dict[str, Result]) -> Result:
            for key, wanted, unmet in needed:
                found = memo.get(key)
                if found is None:
                    found = memo[key] = self.evaluate(key, context, memo)
                if found.reason == DISABLED or found.variant not in wanted:
                    return unmet
            return decide(context)

        return evaluate


def _nobody(_context: Context) -> bool:
    return False


def _salt(key: str, flag: Mapping[str, Any]) -> str:
    return str(flag.get("salt") or key)


def _has_share(rule: Mapping[str, Any]) -> bool:
    return bool(rule.get("split")) or any(item.get("operator") == PERCENTAGE for item in rule.get("conditions") or ())


def _answers(variants: Mapping[str, Any]) -> Answers:
    def answer(name: str | None, reason: str, extra: Mapping[str, Any]) -> Result:
        if name is None:
            return Result(variant=CODE_DEFAULT, reason=reason, extra=extra)
        if name not in variants:
            raise _Unreadable(f"there is no variant {name}")
        return Result(value=variants[name], variant=name, reason=reason, extra=extra)

    return answer


def _decider(
    steps: tuple[tuple[Test, Outcome], ...], rolled: Result | None, is_in: Test | None, fallback: Result
) -> Callable[[Context], Result]:
    """Rules, rollout, default. `is_in` None: the rollout takes in everybody, or nobody when `rolled` is None too."""
    last = rolled if rolled is not None and is_in is None else fallback

    def decide(context: Context) -> Result:
        for test, outcome in steps:
            if test(context):
                return outcome if isinstance(outcome, Result) else outcome(context)
        if is_in is not None and rolled is not None and is_in(context):
            return rolled
        return last

    return decide


def _split(parts: Any, answer: Callable[[str], Result], salt: str, bucket_by: str) -> Callable[[Context], Result]:
    """Shares people out by weight in the order listed; who cannot be told apart gets the first part."""
    edges: list[tuple[int, Result]] = []
    total = 0
    for part in parts:
        total += int(part["weight"])
        edges.append((total, answer(str(part["variant"]))))
    if total <= 0:
        raise _Unreadable("a split has no weight")
    unit, ladder = unit_reader(bucket_by), tuple(edges)

    def choose(context: Context) -> Result:
        who = unit(context)
        at = hash_of(f"{salt}:{who}", VARIANT_SEED) % total if who is not None else 0
        return next(result for edge, result in ladder if at < edge)

    return choose


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
