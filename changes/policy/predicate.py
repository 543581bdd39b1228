"""The restriction of a custom freeze: a predicate over a change (§6.5, R6), and its reading from JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from changes.policy.scope import Action, Subject
from changes.states import RISK_ORDER, ChangeType, Risk

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """What a custom freeze forbids: all given parts must match; an empty part matches everything."""

    types: frozenset[ChangeType] = frozenset()
    risks: frozenset[Risk] = frozenset()
    has_migration: bool | None = None
    actions: frozenset[Action] = frozenset()

    @property
    def words(self) -> str:
        """What is forbidden, as `no normal changes at high or critical risk to deploy`."""
        parts = [
            f"no {_either(kind for kind in ChangeType if kind in self.types)} changes" if self.types else "no changes"
        ]
        if self.risks:
            parts.append(f"at {_either(risk for risk in RISK_ORDER if risk in self.risks)} risk")
        if self.has_migration is not None:
            parts.append("with a database migration" if self.has_migration else "without a database migration")
        if self.actions:
            parts.append(f"to {_either(action for action in Action if action in self.actions)}")
        return " ".join(parts)

    def matches(self, subject: Subject) -> bool:
        """True when every part given matches the subject."""
        return (
            (not self.types or subject.judged_type in self.types)
            and (not self.risks or subject.judged_risk in self.risks)
            and (self.has_migration is None or subject.migrates is self.has_migration)
            and (not self.actions or subject.action in self.actions)
        )


def parse_predicate(data: object) -> Predicate:
    """Read a predicate from JSON; raises ValueError naming the key.

    `{"types": [...], "risks": [...] or {"at_least": "high"}, "has_migration": true, "actions": [...]}`, every key optional.
    """
    given = _object(data, "A predicate", {"types", "risks", "has_migration", "actions"})
    if all(given.get("has_migration") is not value for value in (None, True, False)):
        raise ValueError("has_migration is true or false.")
    actions = _choices(Action, "actions", given)
    if Action.ROLLBACK in actions:
        raise ValueError("actions: a rollback is never frozen.")
    return Predicate(
        types=_choices(ChangeType, "types", given),
        risks=_risks(given),
        has_migration=given.get("has_migration"),
        actions=actions,
    )


def _either(members: Iterable[StrEnum]) -> str:
    return " or ".join(member.value for member in members)


def _risks(given: Mapping[str, Any]) -> frozenset[Risk]:
    if not isinstance(given.get("risks"), Mapping):
        return _choices(Risk, "risks", given)
    lowest = _object(given["risks"], "risks", {"at_least"}).get("at_least")
    (risk,) = _choices(Risk, "risks.at_least", {"risks.at_least": [lowest]})
    return frozenset(RISK_ORDER[RISK_ORDER.index(risk) :])


def _object(data: object, name: str, keys: set[str]) -> Mapping[str, Any]:
    unknown = sorted(str(key) for key in data if key not in keys) if isinstance(data, Mapping) else [str(data)]
    if not isinstance(data, Mapping) or unknown:
        raise ValueError(f"{name} is an object with {', '.join(sorted(keys))}; {unknown[0][:40]!r} is not part of it.")
    return data


def _choices(kind: type[Choice], key: str, given: Mapping[str, Any]) -> frozenset[Choice]:
    if key not in given:
        return frozenset()
    names = {member.value: member for member in kind}
    value = given[key]
    if not isinstance(value, list) or not value:
        raise ValueError(f"{key} is a list of {', '.join(names)}; leave it out to mean all.")
    wrong = [item for item in value if not isinstance(item, str) or item not in names]
    if wrong:
        raise ValueError(f"{key}: {str(wrong[0])[:40]!r} is not one of {', '.join(names)}.")
    return frozenset(names[item] for item in value)
