"""Two people edited from the same version: whose member stands, and where both said something else. Pure.

Rules are told apart by their ids: what two people did to different rules is kept of both. Their order is part of what is served (the first
that matches answers), so two rules added at the same place, or two new orders, are for a person to look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flags.policy.serving import FIELDS, MOST_RULES

RULES, ORDER = "rules", "order"
Rule = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a content that somebody changed since `base`: what it is now (`theirs`), and what was written (`mine`).

    `rules`: one rule, None where there is none; `number` is its place in `base`, 0 for one that was added. `order`: the numbers of the rules
    that all three have, in their order.
    """

    name: str
    base: Any
    theirs: Any
    mine: Any
    number: int = 0

    @property
    def clashes(self) -> bool:
        """Both changed it, and not to the same."""
        return self.mine not in (self.base, self.theirs) and self.theirs != self.base

    @property
    def stands(self) -> Any:  # noqa: ANN401 - a member of a content
        """What I wrote where I changed it, else what is served."""
        return self.theirs if self.mine == self.base else self.mine

    @property
    def is_changed(self) -> bool:
        """Whether anybody changed it."""
        return not self.base == self.theirs == self.mine


def merged(
    *, base: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Member, ...]]:
    """What is served now with my changes laid over it, and every member that either of us changed. Where both did, mine stands."""
    content, members = dict(theirs), []
    for name in FIELDS:
        if name == RULES:
            content[name], changed = merged_rules(base=base[name], theirs=theirs[name], mine=mine[name])
            members += changed
            continue
        member = Member(name=name, base=base.get(name), theirs=theirs.get(name), mine=mine.get(name))
        if member.mine != member.base:
            content[name] = member.mine
        if member.is_changed:
            members.append(member)
    return content, tuple(members)


def merged_rules(
    *, base: Sequence[Rule], theirs: Sequence[Rule], mine: Sequence[Rule]
) -> tuple[list[Rule], list[Member]]:
    """The rules of both, each as it stands, and one member for every rule that either of us changed, added, took away or moved."""
    was, served = _by_id(base), _by_id(theirs)
    wrote = _by_id(_told_apart(mine, was, served))
    numbers = {name: number for number, name in enumerate(was, start=1)}
    each = {
        name: Member(
            name=RULES,
            base=was.get(name),
            theirs=served.get(name),
            mine=wrote.get(name),
            number=numbers.get(name, 0),
        )
        for name in {**was, **served, **wrote}
    }
    stands = {name: member.stands for name, member in each.items()}
    kept = {name for name, rule in stands.items() if rule is not None}
    shared = [name for name in was if name in served and name in wrote]
    moved = Member(
        name=ORDER,
        base=[numbers[name] for name in shared],
        theirs=[numbers[name] for name in served if name in shared],
        mine=[numbers[name] for name in wrote if name in shared],
    )
    if moved.mine == moved.base:
        order, beside = _woven([name for name in served if name in kept], wrote, kept, was)
    else:
        order, woven = _woven([name for name in wrote if name in kept], served, kept, was)
        beside = {mine_too: name for name, mine_too in woven.items()}
    each |= {name: replace(each[name], theirs=served[other]) for name, other in beside.items()}
    told = (each[name] for name in each if name not in beside.values())
    return [stands[name] for name in order], [one for one in (*told, moved) if one.is_changed]


def _by_id(rules: Iterable[Rule]) -> dict[str, Rule]:
    return {rule["id"]: rule for rule in rules}


def _told_apart(mine: Sequence[Rule], was: Mapping[str, Rule], served: Mapping[str, Rule]) -> list[Rule]:
    """Rules that both of us added go by the same next id: mine takes another one, unless it is the same rule."""
    taken = {*was, *served, *(rule["id"] for rule in mine)}
    found: list[Rule] = []
    for rule in mine:
        name = rule["id"]
        if name not in was and name in served and served[name] != rule:
            name = next(free for number in range(1, MOST_RULES * 9) if (free := f"r{number}") not in taken)
            taken.add(name)
        found.append({**rule, "id": name})
    return found


def _woven(
    order: list[str], others: Iterable[str], kept: set[str], was: Mapping[str, Rule]
) -> tuple[list[str], dict[str, str]]:
    """`order` with those of `others` that it lacks, each behind the one it stood behind; and which came to stand at the same place as which."""
    leading = {name for name in order if name not in was}
    beside: dict[str, str] = {}
    place = 0
    for name in others:
        if name not in kept:
            continue
        if name in order:
            place = order.index(name) + 1
            continue
        while name not in was and place < len(order) and order[place] in leading:
            beside.setdefault(name, order[place])
            place += 1
        order.insert(place, name)
        place += 1
    return order, beside
