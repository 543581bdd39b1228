"""Rules as people type and read them without any script: one condition a line, `attribute operator value`."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from flags.evaluation import PERCENTAGE, PRESENCE, SEGMENTS, text_of
from flags.forms import lists
from flags.forms.lists import Lists

LISTS = ("in", "not_in", *SEGMENTS)
NUMBERS = ("gt", "gte", "lt", "lte", PERCENTAGE)


def written_conditions(conditions: Iterable[Mapping[str, Any]], *, known: Lists | None = None) -> str:
    """Conditions as lines that `read_conditions` reads; the lists that `known` has are called by their marks."""
    known = known or {}

    def written(value: list[Any]) -> str:
        is_marked = len(value) > lists.WRITTEN_OUT and lists.digest_of(value) in known
        return lists.mark_of(value) if is_marked else _written_out(value)

    return "\n".join(_line(condition, written) for condition in conditions)


def quoted_conditions(conditions: Iterable[Mapping[str, Any]], *, beside: Collection[str] = frozenset()) -> str:
    """Conditions as lines for reading: of a long list some values, those first that are not in `beside`."""

    def quoted(value: list[Any]) -> str:
        return lists.quoted(value, beside) if len(value) > lists.WRITTEN_OUT else _written_out(value)

    return "\n".join(_line(condition, quoted) for condition in conditions)


def _line(condition: Mapping[str, Any], written: Callable[[list[Any]], str]) -> str:
    operator = condition["operator"]
    parts = [] if operator in SEGMENTS else [condition["attribute"]]
    parts.append(operator)
    if operator not in PRESENCE:
        value = condition.get("value")
        parts.append(written(value) if isinstance(value, list) else _value(value))
    if condition.get("salt"):
        parts.append(f"salt:{condition['salt']}")
    return " ".join(parts)


def _value(value: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _written_out(value: list[Any]) -> str:
    plain = all(isinstance(item, str) and item == item.strip() and item and "," not in item for item in value)
    return ", ".join(value) if plain else json.dumps(value, ensure_ascii=False)


def read_conditions(text: str, *, known: Lists | None = None) -> list[dict[str, Any]]:
    """Lines as conditions; `known` has the lists that marks call. Raises ValueError with the line that cannot be read.

    A list goes on over more lines: after a comma, or where a line is one word, as a column of a table is pasted.
    """
    found: list[list[str]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if found and _names_list(found[-1][0]) and (found[-1][-1].endswith(",") or len(line.split()) == 1):
            found[-1].append(line)
        else:
            found.append([line])
    return [_read(_in_one_line(parts), known or {}) for parts in found]


def _names_list(line: str) -> bool:
    words = line.split(maxsplit=2)
    return words[0] in SEGMENTS or words[1:2] in (["in"], ["not_in"])


def _in_one_line(parts: list[str]) -> str:
    first, *more = (part.removesuffix(",") for part in parts)
    has_values = len(first.split()) > (1 if first.startswith(SEGMENTS) else 2)
    return " ".join([f"{first}," if has_values and more else first, ", ".join(more)]).strip()


def _read(line: str, known: Lists) -> dict[str, Any]:
    first, _, rest = line.partition(" ")
    if first in SEGMENTS:
        return {"operator": first, "value": _list(rest.strip(), known)}
    operator, _, value = rest.strip().partition(" ")
    if not operator:
        raise ValueError(f"“{line}” is no condition: write attribute, operator and value, such as plan eq pro.")
    condition: dict[str, Any] = {"attribute": first, "operator": operator}
    if operator in PRESENCE:
        return condition
    value, _, salt = value.strip().partition(" salt:") if operator == PERCENTAGE else (value.strip(), "", "")
    if salt:
        condition["salt"] = salt
    condition["value"] = _list(value, known) if operator in LISTS else _number(value) if operator in NUMBERS else value
    return condition


def _list(text: str, known: Lists) -> list[Any]:
    named = lists.marked(text, known)
    if named is not None:
        return named
    if text.startswith("["):
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"“{text[:60]}” is no list.") from error
        return found if isinstance(found, list) else [found]
    return [word for part in text.split(",") if (word := part.strip())]


def _number(text: str) -> Any:  # noqa: ANN401 - what is no number is left for the rules to refuse
    try:
        found = float(text.removesuffix("%").strip())
    except ValueError:
        return text
    return int(found) if found.is_integer() else found


def written_outcome(rule: Mapping[str, Any]) -> str:
    """`on`, or `red 700, blue 300`."""
    if "split" in rule:
        return ", ".join(f"{part['variant']} {part['weight']}" for part in rule["split"])
    return str(rule["variant"])


def read_outcome(text: str) -> dict[str, Any]:
    """A variant, or a split by weights. Raises ValueError."""
    parts = [part.split() for part in text.split(",") if part.strip()]
    if len(parts) == 1 and len(parts[0]) == 1:
        return {"variant": parts[0][0]}
    if not parts or any(len(part) != len(("variant", "weight")) or not part[1].isdecimal() for part in parts):
        raise ValueError("Write a variant, such as on, or a split, such as red 700, blue 300.")
    return {"split": [{"variant": name, "weight": int(weight)} for name, weight in parts]}


def written_prerequisites(prerequisites: Iterable[Mapping[str, Any]]) -> str:
    """`release_a = on` a line."""
    return "\n".join(f"{item['flag']} = {', '.join(item['variants'])}" for item in prerequisites)


def read_prerequisites(text: str) -> list[dict[str, Any]]:
    """Lines as prerequisites; what they name is judged later."""
    found = []
    for line in text.splitlines():
        if line.strip():
            key, _, variants = line.partition("=")
            found.append(
                {"flag": key.strip(), "variants": [word for part in variants.split(",") if (word := part.strip())]}
            )
    return found


def read_context(text: str) -> dict[str, Any]:
    """`name = value` a line, or a JSON object. Values that are JSON are taken as such. Raises ValueError."""
    if text.strip().startswith("{"):
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"This is not JSON: {error.msg}, line {error.lineno}.") from error
        return dict(found)
    context: dict[str, Any] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if not line.strip():
            continue
        if not equals or not name.strip():
            raise ValueError(f"“{line.strip()[:60]}”: write one attribute a line, such as plan = pro.")
        context[name.strip()] = _json(value.strip())
    return context


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


MEMBERS: dict[str, str | Promise] = {
    "enabled": gettext_lazy("Switched on"),
    "default_variant": gettext_lazy("Everybody else"),
    "rollout_percentage": gettext_lazy("Rollout, percent"),
    "rollout_variant": gettext_lazy("Rolled out"),
    "bucket_by": gettext_lazy("Shared out by"),
    "salt": gettext_lazy("Salt"),
    "rules": gettext_lazy("Rules"),
    "prerequisites": gettext_lazy("Only where"),
}
NOTHING = "—"


def written_member(name: str, value: Any, *, beside: Collection[str] = frozenset()) -> str:  # noqa: ANN401 - a member of a content
    """One member of a content as people read it; several lines for rules and prerequisites.

    `beside`: the values of long lists in what it is compared with.
    """
    if name == "rules":
        rows = enumerate(value or (), start=1)
        return "\n".join(f"{place}. {written_rule(rule, beside=beside)}" for place, rule in rows) or NOTHING
    if name == "prerequisites":
        return written_prerequisites(value or ()) or NOTHING
    if name == "rollout_percentage":
        return NOTHING if value is None else f"{value:g} %"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return NOTHING if value is None else str(value)


def written_part(name: str, value: Any, *, beside: Collection[str] = frozenset()) -> str:  # noqa: ANN401 - a member of a content, or a part of one
    """What two people changed: one rule, None where there is none; the order of rules by their numbers; else a member."""
    if name == "order":
        return ", ".join(map(str, value))
    if name == "rules":
        return written_rule(value, beside=beside) if value else NOTHING
    return written_member(name, value)


def written_rule(rule: Mapping[str, Any], *, beside: Collection[str] = frozenset()) -> str:
    """`plan in pro, team; age gte 18 → on`."""
    conditions = "; ".join(quoted_conditions(rule.get("conditions", ()), beside=beside).splitlines())
    return f"{conditions or gettext('everybody')} → {written_outcome(rule)}"


def values_in(rules: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The values of the long lists in `rules`, to be compared with."""
    conditions = (condition for rule in rules for condition in rule["conditions"])
    return frozenset(text_of(value) or "" for values in lists.long_lists(conditions).values() for value in values)


def written_value(value: Any) -> str:  # noqa: ANN401 - a variant's value
    """As JSON, a text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
